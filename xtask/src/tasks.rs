//! Demo, tests, benchmarks, goldens.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::extras;
use crate::setup::{language_model, model, setup};
use crate::shell::{cargo, command, output, python, root, run, succeeds, target_folder};

/// Scans the bundled corpus with a language model and a sentence encoder, and names what it wrote.
///
/// Built with the development profile, whose dependencies are optimised: the tests need the same
/// build, and the time goes into libtorch in any case.
pub(crate) fn demo(readme: bool) -> Result<()> {
    setup(false)?;
    // The features of the whole workspace, so that the tests find all of it built.
    run(cargo().args(["build", "--workspace", "--bin", "llm-mri"]))?;
    let program = target_folder().join("debug/llm-mri");
    let models = [("SmolLM2", language_model()), ("MiniLM", model())];
    for (name, model) in &models {
        let mut scan = command(&program.to_string_lossy());
        scan.arg("scan").arg("--model").arg(model);
        scan.arg("--data")
            .arg(root().join("examples/data/topics.csv"));
        scan.arg("--out").arg(demo_folder(name)).arg("--force");
        run(&mut scan)?;
    }
    if readme {
        let target = root().join("docs/images");
        fs::create_dir_all(&target)?;
        for name in ["graph.all.svg", "heatmaps.all.svg"] {
            fs::copy(
                demo_folder("SmolLM2").join("figures").join(name),
                target.join(name),
            )?;
        }
    }
    for (name, _) in &models {
        println!("\n{name}");
        name_results(&demo_folder(name))?;
    }
    Ok(())
}

/// Where the demo writes the scan of a model.
fn demo_folder(name: &str) -> PathBuf {
    root().join("demo-out").join(name)
}

/// Names what a scan wrote.
fn name_results(out: &Path) -> Result<()> {
    let figures = out.join("figures");
    let mut pictures: Vec<PathBuf> = fs::read_dir(&figures)
        .context("the scan wrote no pictures")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension() == Some(OsStr::new("png")))
        .collect();
    pictures.sort();
    println!("pictures (each also as .svg):");
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

/// Ignored tests that are not part of a test run: what their names contain, and why.
const NOT_RUN: [(&str, &str); 4] = [
    ("by_hand", "makes pictures to look at, or times something"),
    ("child_process", "started and killed by other tests"),
    (
        "reliability_",
        "kills commands: `cargo xtask ci reliability`",
    ),
    ("fresh", "compares fresh goldens: `cargo xtask fresh`"),
];

/// Runs the whole test suite, after fetching what ignored tests need: a model, a browser and Python
/// packages.
pub(crate) fn test(args: &[String]) -> Result<()> {
    setup(false)?;
    extras::install_browser()?;
    extras::fetch_python_packages()?;
    let mut skipped: Vec<&str> = NOT_RUN.iter().map(|(name, _)| *name).collect();
    if !can_mount() {
        println!("full_disk is not run: no file system can be mounted here (unshare, tmpfs)");
        skipped.push("full_disk");
    }
    run_tests(args, |command| {
        command.env("PYTHONPATH", extras::python_packages());
        command.env("MRI_OLD_NETWORKX", extras::old_networkx());
        command.args(["--", "--include-ignored"]);
        for name in &skipped {
            command.args(["--skip", name]);
        }
    })?;
    if succeeds(cargo().args(["nextest", "--version"])) {
        // nextest does not run the examples in the documentation.
        return run(cargo().args(["test", "--workspace", "--doc"]));
    }
    Ok(())
}

/// Kills commands, runs them at once and fills disks: a part of all cases, in minutes. The variable
/// `MRI_RELIABILITY=all` takes all of them and writes the tables of `docs/reliability.md`.
pub(crate) fn reliability() -> Result<()> {
    run(cargo().args(["build", "--workspace", "--bin", "llm-mri"]))?;
    let mut test = cargo();
    test.args(["test", "--workspace", "--test", "reliability", "--"]);
    run(test.args(["--include-ignored", "--test-threads", "1", "--nocapture"]))
}

/// Runs tests of the workspace by nextest, or by cargo where nextest is not installed. `arguments`
/// adds variables and what both take after `--`.
pub(crate) fn run_tests(args: &[String], arguments: impl Fn(&mut Command)) -> Result<()> {
    let mut command = cargo();
    if succeeds(cargo().args(["nextest", "--version"])) {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        command.args(["test", "--workspace"]);
    }
    let own = args.iter().position(|arg| arg == "--");
    let (of_runner, of_tests) = args.split_at(own.unwrap_or(args.len()));
    command.args(of_runner);
    arguments(&mut command);
    run(command.args(of_tests.iter().skip(1)))
}

/// Whether a user's own namespace may mount a file system, which the test of a full disk needs.
fn can_mount() -> bool {
    let mut unshare = command("unshare");
    unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    succeeds(unshare.arg("mount -t tmpfs -o size=32k none /mnt"))
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
