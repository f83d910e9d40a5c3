//! Demo, tests, benchmarks, goldens.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::extras;
use crate::setup::{model, setup};
use crate::shell::{cargo, command, output, python, root, run, succeeds, target_folder};

/// Scans the bundled corpus and names what it wrote.
///
/// Built with the development profile, whose dependencies are optimised: the tests need the same
/// build, and the time goes into libtorch in any case.
pub(crate) fn demo(readme: bool) -> Result<()> {
    setup(false)?;
    // The features of the whole workspace, so that the tests find all of it built.
    run(cargo().args(["build", "--workspace", "--bin", "llm-mri"]))?;
    let out = root().join("demo-out");
    let program = target_folder().join("debug/llm-mri");
    let mut scan = command(&program.to_string_lossy());
    scan.arg("scan").arg("--model").arg(model());
    scan.arg("--data")
        .arg(root().join("examples/data/topics.csv"));
    scan.arg("--out").arg(&out).arg("--force");
    run(&mut scan)?;
    let figures = out.join("figures");
    let mut pictures: Vec<PathBuf> = fs::read_dir(&figures)
        .context("the scan wrote no pictures")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension() == Some(OsStr::new("png")))
        .collect();
    pictures.sort();
    if readme {
        let target = root().join("docs/images");
        fs::create_dir_all(&target)?;
        for name in ["graph.all.svg", "heatmaps.all.svg"] {
            fs::copy(figures.join(name), target.join(name))?;
        }
    }
    println!("\npictures (each also as .svg):");
    for picture in pictures {
        println!("  {}", picture.display());
    }
    println!(
        "what was done, and how long it took:\n  {}",
        out.join("manifest.json").display()
    );
    let report = out.join("report.html");
    if report.exists() {
        println!(
            "all of it to explore, in a browser:\n  {}",
            report.display()
        );
    }
    Ok(())
}

/// Runs the whole test suite. Tests that read our files back with Python packages, or open a report
/// in a browser, say so and pass where those are not there; `cargo xtask ci` fetches them.
pub(crate) fn test(args: &[String]) -> Result<()> {
    setup(false)?;
    let test = |words: &[&str]| {
        let mut cargo = cargo();
        let packages = extras::python_packages();
        if packages.is_dir() {
            cargo.env("PYTHONPATH", packages);
        }
        cargo.args(words);
        cargo
    };
    if succeeds(cargo().args(["nextest", "--version"])) {
        let words = ["nextest", "run", "--workspace", "--no-fail-fast"];
        run(test(&words).args(args))?;
        // nextest does not run the examples in the documentation.
        return run(&mut test(&["test", "--workspace", "--doc"]));
    }
    run(test(&["test", "--workspace"]).args(args))
}

pub(crate) fn bench(args: &[String]) -> Result<()> {
    setup(false)?;
    run(cargo().args(["bench", "--package", "benches"]).args(args))
}

/// Makes the goldens anew: every `generate*.py` of the tests, and the colour tables.
pub(crate) fn golden() -> Result<()> {
    let listed = output(command("git").args(["ls-files", "*/golden/*.py", "*/scripts/*.py"]))?;
    for script in listed.lines() {
        run(python().arg(script)).with_context(|| {
            format!("{script} names in its head what it needs; MRI_PYTHON names a python with that")
        })?;
    }
    Ok(())
}
