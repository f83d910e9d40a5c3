//! A crate outside the workspace that uses `llm-mri` as the README says.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::setup::model;
use crate::shell::{cargo, command, root, run, target_folder};

/// The whole program of that crate.
const MAIN: &str = r#"
use llm_mri::Scan;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let scan = Scan::builder().model(&arguments[0]).data(&arguments[1]).run()?;
    println!("{} texts scanned", scan.labels().len());
    Ok(())
}
"#;

const BUILD: &str = "fn main() {\n    mri_build::link_libtorch();\n}\n";

/// Builds such a crate, starts it the way cargo does not, and lets it scan the bundled corpus.
///
/// It shares the target folder, the lock file, the profiles and the features of the workspace, so
/// that only our own crates compile again: with the default features alone, syn has fewer of its
/// own, and all that derives anything follows. It inherits the `LIBTORCH` that cargo sets for
/// `cargo xtask`.
pub(crate) fn check_own_crate() -> Result<()> {
    let folder = env::temp_dir().join(format!("llm-mri-own-crate-{}", std::process::id()));
    let result = build_and_run(&folder);
    // What is left in the temporary folder does no harm.
    let _ = fs::remove_dir_all(&folder);
    result
}

fn build_and_run(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder.join("src"))
        .context("cannot make a crate in the temporary folder")?;
    fs::write(folder.join("Cargo.toml"), manifest()?)?;
    fs::write(folder.join("build.rs"), BUILD)?;
    fs::write(folder.join("src/main.rs"), MAIN)?;
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let target = target_folder();
    let mut build = cargo();
    build
        .arg("build")
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", &target);
    run(&mut build)?;
    // Not by `cargo run`, which adds folders to the search path of libraries.
    let mut program = command(&target.join("debug/own-crate").to_string_lossy());
    program.env_remove("LD_LIBRARY_PATH").current_dir(folder);
    program
        .arg(model())
        .arg(root().join("examples/data/topics.csv"));
    run(&mut program).context("a program in a crate of its own does not find libtorch, or fails")
}

fn manifest() -> Result<String> {
    let crates = root().join("crates");
    let crates = crates.display();
    let workspace = fs::read_to_string(root().join("Cargo.toml"))?;
    let Some(profiles) = workspace.find("[profile.dev]").map(|at| &workspace[at..]) else {
        bail!("Cargo.toml has no section [profile.dev] any more");
    };
    Ok(format!(
        "[package]\nname = \"own-crate\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nllm-mri = {{ path = \"{crates}/llm-mri\", features = [\"cli\"] }}\n\n\
         [build-dependencies]\nmri-build = {{ path = \"{crates}/mri-build\" }}\n\n{profiles}"
    ))
}
