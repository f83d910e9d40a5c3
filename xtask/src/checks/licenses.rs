//! Licenses, duplicates and sources of all dependencies, by cargo-deny.

use std::path::PathBuf;

use anyhow::Result;

use crate::shell::{cargo, command, root, run, succeeds};

/// The version that is built where none is installed.
const CARGO_DENY: &str = "0.20.2";

/// Checks every dependency against `deny.toml`.
///
/// Advisories are not among the checks: their database is a repository of its own, and CI passes
/// or fails by what stands in this one.
pub(crate) fn check_licenses() -> Result<()> {
    let program = cargo_deny()?;
    let mut deny = command(&program.to_string_lossy());
    run(deny.args([
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]))
}

/// The installed cargo-deny, or else one under `.cache`, built when it is not there yet.
fn cargo_deny() -> Result<PathBuf> {
    if succeeds(command("cargo-deny").arg("--version")) {
        return Ok(PathBuf::from("cargo-deny"));
    }
    let folder = root().join(".cache/tools");
    let program = folder.join("bin/cargo-deny");
    if succeeds(command(&program.to_string_lossy()).arg("--version")) {
        return Ok(program);
    }
    // Unoptimized: it runs for a second, and its optimized build takes minutes.
    let mut install = cargo();
    install.args(["install", "cargo-deny", "--version", CARGO_DENY, "--locked"]);
    install
        .args(["--debug", "--quiet", "--force", "--root"])
        .arg(folder);
    run(install.env("CARGO_PROFILE_DEV_DEBUG", "false"))?;
    Ok(program)
}
