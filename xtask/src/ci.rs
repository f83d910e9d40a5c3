//! All that a change must pass.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::checks::{
    check_dependencies, check_imports, check_licenses, check_own_crate, check_style,
};
use crate::setup::setup;
use crate::shell::{cargo, command, run, succeeds};
use crate::{extras, fresh, tasks};

type Step = (&'static str, fn() -> Result<()>);

/// Every check by its name, the quick ones first.
const STEPS: [Step; 16] = [
    ("setup", || setup(false)),
    ("extras", || {
        extras::install_browser()?;
        extras::fetch_python_packages()
    }),
    ("format", || run(cargo().args(["fmt", "--all", "--check"]))),
    ("style", check_style),
    ("imports", check_imports),
    ("dependencies", check_dependencies),
    ("licenses", check_licenses),
    ("lints", lints),
    ("tests", || tasks::test(&[])),
    ("reliability", tasks::reliability),
    ("fresh", || fresh::fresh(&[])),
    ("docs", documentation),
    ("features", features),
    ("packages", packages),
    ("demo", || tasks::demo(false)),
    ("own-crate", check_own_crate),
];

/// Steps that run only when they are named: how long they take is not known yet.
const BY_NAME: [&str; 1] = ["reliability"];

/// Runs the steps that are named, or all but [`BY_NAME`], in their order, and says how long each
/// took.
pub(crate) fn ci(names: &[String]) -> Result<()> {
    if let Some(name) = names
        .iter()
        .find(|name| STEPS.iter().all(|(step, _)| step != name))
    {
        let steps: Vec<&str> = STEPS.iter().map(|(step, _)| *step).collect();
        bail!("there is no step {name:?}, only {}", steps.join(", "));
    }
    let started = Instant::now();
    for (name, step) in STEPS {
        let is_named = names.iter().any(|wanted| wanted == name);
        if !(is_named || names.is_empty() && !BY_NAME.contains(&name)) {
            continue;
        }
        let start = Instant::now();
        println!("\n=== {name}");
        step()?;
        println!("=== {name}: {:.0} s", start.elapsed().as_secs_f64());
    }
    println!(
        "\n{} passed in {:.1} minutes",
        if names.is_empty() { "all" } else { "these" },
        started.elapsed().as_secs_f64() / 60.0
    );
    Ok(())
}

fn lints() -> Result<()> {
    let mut clippy = cargo();
    clippy.args(["clippy", "--workspace", "--all-targets"]);
    run(clippy.args(["--", "-D", "warnings"]))
}

fn documentation() -> Result<()> {
    let mut doc = cargo();
    doc.args(["doc", "--workspace", "--no-deps"]);
    run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Builds and tests that the default features leave out.
fn features() -> Result<()> {
    run(cargo().args(["check", "-p", "llm-mri", "--no-default-features"]))?;
    // `--features lapack` links the system's OpenBLAS.
    extras::install("libopenblas-dev", || {
        succeeds(command("sh").args(["-c", "ldconfig -p | grep -q 'libopenblas.so '"]))
    })?;
    let mut test = cargo();
    test.args(["test", "-p", "mri-reduce", "--features", "lapack"]);
    run(test.args(["--lib", "--test", "it"]))
}

/// Packs every crate that can be published. What is packed is not compiled again: that would
/// build all dependencies once for each crate.
fn packages() -> Result<()> {
    let mut package = cargo();
    package.args(["package", "--workspace", "--no-verify", "--allow-dirty"]);
    for member in ["benches", "examples", "tests", "xtask"] {
        package.args(["--exclude", member]);
    }
    run(package.arg("--quiet"))
}
