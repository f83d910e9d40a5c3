//! What ignored tests need: a browser, Python packages, and transformers for fresh goldens.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::setup::{CUDA_CUPTI, CUDA_RUNTIME, TORCH};
use crate::shell::{command, output, python, root, run, succeeds};

/// What reads our files back in tests: graphs, and tables.
const PYTHON_PACKAGES: [&str; 4] = ["networkx>=3.3", "numpy", "pandas>=2.2", "pyarrow"];

/// The folder with those packages, for `PYTHONPATH`.
pub(crate) fn python_packages() -> PathBuf {
    root().join(".cache/python")
}

/// The last networkx but one that looks for the edges of a graph under another name than the
/// newest.
const OLD_NETWORKX: &str = "networkx==3.4.2";

/// The folder with that networkx, which tests read graphs with too.
pub(crate) fn old_networkx() -> PathBuf {
    root().join(".cache/networkx-3.4")
}

/// Fetches the Python packages, where they are not there yet.
pub(crate) fn fetch_python_packages() -> Result<()> {
    let target = python_packages();
    if can_import(&target, "networkx, numpy, pandas, pyarrow") {
        println!("python packages: already there");
    } else {
        pip_install(&target, &PYTHON_PACKAGES)?;
    }
    let old = old_networkx();
    if can_import(&old, "networkx; assert networkx.__version__ == '3.4.2'") {
        return Ok(());
    }
    pip_install(&old, &["--no-deps", OLD_NETWORKX])
}

/// What makes fresh goldens, but for PyTorch itself, and what PyTorch imports.
const TRANSFORMERS: [&str; 9] = [
    "transformers==5.24.0",
    "safetensors",
    "numpy",
    "filelock",
    "fsspec",
    "jinja2",
    "networkx",
    "sympy",
    "typing-extensions",
];

/// Fetches transformers and PyTorch, 1.5 GB on the disk, and returns their folder. Of PyTorch's
/// dependencies, 2.5 GB of CUDA's libraries are left out: see `scripts/cuda_stubs.py`.
pub(crate) fn fetch_transformers() -> Result<PathBuf> {
    let target = root().join(".cache/transformers");
    if can_import(&target, "torch, transformers") {
        println!("transformers: already there");
        return Ok(target);
    }
    println!("transformers: fetching it and PyTorch, about 650 MB, once");
    pip_install(&target, &TRANSFORMERS)?;
    let torch = [&TORCH, &CUDA_RUNTIME, &CUDA_CUPTI].map(|wheel| wheel.requirement);
    pip_install(&target, &[&["--no-deps"], torch.as_slice()].concat())?;
    let stubs = root().join("xtask/scripts/cuda_stubs.py");
    run(python().arg(stubs).arg(&target))?;
    if !can_import(&target, "torch, transformers") {
        bail!("transformers was installed into .cache/transformers but cannot be imported");
    }
    Ok(target)
}

fn can_import(packages: &Path, modules: &str) -> bool {
    let mut import = python();
    import.args(["-c", &format!("import {modules}")]);
    succeeds(import.env("PYTHONPATH", packages))
}

fn pip_install(target: &Path, what: &[&str]) -> Result<()> {
    let mut pip = python();
    pip.args(["-m", "pip", "install", "--quiet", "--upgrade"]);
    pip.args(["--disable-pip-version-check", "--target"]);
    run(pip.arg(target).args(what))
}

/// Installs a package of Debian or Ubuntu, or says how, unless `there` says that it is there.
pub(crate) fn install(package: &str, there: impl Fn() -> bool) -> Result<()> {
    if there() {
        println!("{package}: already there");
        return Ok(());
    }
    let root = output(command("id").arg("-u"))?.trim() == "0";
    if !(root && succeeds(command("apt-get").arg("--version"))) {
        bail!("{package} is needed here: apt-get install {package}");
    }
    run(command("apt-get").args(["update", "--quiet"]))?;
    let mut apt = command("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    run(apt.args([
        "install",
        "--yes",
        "--quiet",
        "--no-install-recommends",
        package,
    ]))?;
    if !there() {
        bail!("{package} was installed but is not found");
    }
    Ok(())
}

/// The browser that opens reports in tests.
pub(crate) fn install_browser() -> Result<()> {
    if std::env::var_os("CHROMIUM").is_some() {
        return Ok(());
    }
    install("chromium", || {
        ["chromium", "chromium-browser"]
            .iter()
            .any(|name| succeeds(command(name).arg("--version")))
    })
}
