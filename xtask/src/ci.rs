//! All that a change must pass.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::setup::setup;
use crate::shell::{cargo, command, output, run, succeeds};
use crate::{extras, tasks};

/// Native dependencies that only some crates may have, and the crates that must not.
const APART: [(&str, &[&str], &[&str]); 7] = [
    (
        "mri-core",
        &[],
        &["tch", "torch-sys", "faer", "ndarray-linalg", "plotters"],
    ),
    (
        "mri-grid",
        &[],
        &["tch", "torch-sys", "faer", "ndarray-linalg", "plotters"],
    ),
    (
        "mri-graph",
        &[],
        &["tch", "torch-sys", "faer", "ndarray-linalg", "plotters"],
    ),
    (
        "mri-render",
        &[],
        &["tch", "torch-sys", "faer", "ndarray-linalg"],
    ),
    (
        "mri-reduce",
        &[],
        &["tch", "torch-sys", "ndarray-linalg", "plotters"],
    ),
    (
        "mri-extract",
        &["--no-default-features"],
        &["tch", "torch-sys", "faer", "plotters"],
    ),
    (
        "llm-mri",
        &["--no-default-features"],
        &["tch", "torch-sys", "clap"],
    ),
];

/// Runs every check, the quick ones first.
pub(crate) fn ci() -> Result<()> {
    let started = Instant::now();
    type Step = (&'static str, fn() -> Result<()>);
    let steps: [Step; 9] = [
        ("setup", || setup(false)),
        ("what tests skip without", || {
            extras::install_browser()?;
            extras::fetch_python_packages()
        }),
        ("format", || run(cargo().args(["fmt", "--all", "--check"]))),
        ("crates stand alone", stand_alone),
        ("lints", || {
            run(cargo().args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ]))
        }),
        ("tests", || tasks::test(&[])),
        ("documentation", || {
            run(cargo()
                .args(["doc", "--workspace", "--no-deps"])
                .env("RUSTDOCFLAGS", "-D warnings"))
        }),
        ("features", features),
        ("demo", || tasks::demo(false)),
    ];
    for (name, step) in steps {
        let start = Instant::now();
        println!("\n=== {name}");
        step()?;
        println!("=== {name}: {:.0} s", start.elapsed().as_secs_f64());
    }
    licences()?;
    println!(
        "\nall passed in {:.1} minutes",
        started.elapsed().as_secs_f64() / 60.0
    );
    Ok(())
}

/// No crate may gain a heavy dependency that the design keeps out of it.
fn stand_alone() -> Result<()> {
    for (package, flags, banned) in APART {
        let mut tree = cargo();
        tree.args([
            "tree",
            "--package",
            package,
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ]);
        let tree = output(tree.args(flags))?;
        for line in tree.lines() {
            let name = line.split(' ').next().unwrap_or_default();
            if banned.contains(&name) {
                bail!("{package} depends on {name}; `cargo tree -p {package} -i {name}` says how");
            }
        }
        println!("{package} stands alone");
    }
    Ok(())
}

/// Builds and tests that the default features leave out.
fn features() -> Result<()> {
    run(cargo().args(["check", "-p", "llm-mri", "--no-default-features"]))?;
    // `--features lapack` links the system's OpenBLAS.
    extras::install("libopenblas-dev", || {
        succeeds(command("sh").args(["-c", "ldconfig -p | grep -q 'libopenblas.so '"]))
    })?;
    run(cargo().args([
        "test",
        "-p",
        "mri-reduce",
        "--features",
        "lapack",
        "--lib",
        "--test",
        "it",
    ]))
}

/// Licences and advisories, where cargo-deny is installed: it takes minutes to build.
fn licences() -> Result<()> {
    if succeeds(cargo().args(["deny", "--version"])) {
        return run(cargo().args(["deny", "check", "licenses", "bans", "sources"]));
    }
    println!("licences not checked: cargo-deny is not installed (cargo install cargo-deny)");
    Ok(())
}
