//! What some tests need beyond the two commands, and skip without: a browser and Python packages.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::shell::{command, output, python, root, run, succeeds};

/// What reads our files back in tests: graphs, and tables.
const PYTHON_PACKAGES: [&str; 4] = ["networkx>=3.3", "numpy", "pandas>=2.2", "pyarrow"];

/// The folder with those packages, for `PYTHONPATH`.
pub(crate) fn python_packages() -> PathBuf {
    root().join(".cache/python")
}

/// Fetches the Python packages, where they are not there yet.
pub(crate) fn fetch_python_packages() -> Result<()> {
    let target = python_packages();
    let there = python()
        .args(["-c", "import networkx, numpy, pandas, pyarrow"])
        .env("PYTHONPATH", &target)
        .output()
        .is_ok_and(|out| out.status.success());
    if there {
        println!("python packages: already there");
        return Ok(());
    }
    let mut pip = python();
    pip.args(["-m", "pip", "install", "--quiet", "--upgrade"]);
    pip.args(["--disable-pip-version-check", "--target"]);
    run(pip.arg(&target).args(PYTHON_PACKAGES))
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
