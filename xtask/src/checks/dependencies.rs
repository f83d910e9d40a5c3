//! Who may know whom: the table of ARCHITECTURE.md, enforced.

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, output, root};

/// What a crate of the workspace may depend on. Only dependencies of its users count: tests may
/// use what they like.
struct Room {
    package: &'static str,
    /// Packages of the workspace that it may name.
    may_know: &'static [&'static str],
    /// Features of the build that is looked at for heavy dependencies.
    features: &'static [&'static str],
    /// Heavy dependencies that it must not have, not even through others.
    without: &'static [&'static str],
}

const ENGINE: [&str; 2] = ["tch", "torch-sys"];
const NO_DEFAULT: &[&str] = &["--no-default-features"];

const ROOMS: [Room; 12] = [
    Room {
        package: "mri-build",
        may_know: &[],
        features: &[],
        without: &["ndarray", "serde"],
    },
    Room {
        package: "mri-core",
        may_know: &[],
        features: &[],
        without: &["faer", "ndarray-linalg", "plotters", "rayon"],
    },
    Room {
        package: "mri-stats",
        may_know: &[],
        features: &[],
        without: &["faer", "ndarray", "ndarray-linalg", "plotters", "serde"],
    },
    Room {
        package: "mri-simd",
        may_know: &[],
        features: &[],
        without: &["ndarray", "pulp", "serde"],
    },
    Room {
        package: "mri-corpus",
        may_know: &["mri-core"],
        features: &[],
        without: &["faer", "plotters", "parquet", "tokenizers"],
    },
    Room {
        package: "mri-store",
        may_know: &["mri-core"],
        features: &[],
        without: &["faer", "plotters", "parquet", "tokenizers"],
    },
    Room {
        package: "mri-extract",
        may_know: &[
            "mri-build",
            "mri-core",
            "mri-corpus",
            "mri-simd",
            "mri-store",
        ],
        features: NO_DEFAULT,
        without: &["faer", "plotters", "parquet", "ureq"],
    },
    Room {
        package: "mri-reduce",
        may_know: &["mri-core", "mri-simd", "mri-stats"],
        features: &[],
        without: &["ndarray-linalg", "plotters"],
    },
    Room {
        package: "mri-grid",
        may_know: &["mri-core"],
        features: &[],
        without: &["faer", "ndarray-linalg", "plotters"],
    },
    Room {
        package: "mri-graph",
        may_know: &["mri-core", "mri-grid", "mri-stats"],
        features: &[],
        without: &["faer", "ndarray-linalg", "plotters", "parquet"],
    },
    Room {
        package: "mri-render",
        may_know: &["mri-core", "mri-graph", "mri-grid"],
        features: &[],
        without: &["faer", "ndarray-linalg"],
    },
    Room {
        package: "llm-mri",
        may_know: &[
            "mri-build",
            "mri-core",
            "mri-corpus",
            "mri-extract",
            "mri-store",
            "mri-graph",
            "mri-grid",
            "mri-reduce",
            "mri-render",
            "mri-stats",
        ],
        features: NO_DEFAULT,
        without: &["clap", "indicatif", "ureq", "parquet"],
    },
];

/// Fails if a crate gained a dependency that the design keeps out of it, or stands in no table.
pub(crate) fn check_dependencies() -> Result<()> {
    let ours = crates()?;
    if let Some(unknown) = ours
        .iter()
        .find(|name| ROOMS.iter().all(|room| room.package != **name))
    {
        bail!("{unknown} is a crate without an entry in xtask/src/checks/dependencies.rs");
    }
    for room in &ROOMS {
        check_acquaintances(room, &ours)?;
        check_heavy(room)?;
        println!("{}: depends on nothing that it must not", room.package);
    }
    // A library user of the facade does not pay for the program.
    let program = ["clap", "indicatif", "ureq", "parquet"];
    check_absent("llm-mri", &[], &program)
}

/// Names of the packages under `crates/`.
fn crates() -> Result<Vec<String>> {
    let folder = root().join("crates");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).context("cannot list the crates")? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Direct dependencies within the workspace, with every feature on.
fn check_acquaintances(room: &Room, ours: &[String]) -> Result<()> {
    let package = room.package;
    let known = tree(package, &["--all-features", "--depth", "1"])?;
    for name in known.iter().filter(|name| *name != package) {
        if ours.contains(name) && !room.may_know.contains(&name.as_str()) {
            bail!("{package} depends on {name}, which ARCHITECTURE.md keeps from it");
        }
    }
    Ok(())
}

fn check_heavy(room: &Room) -> Result<()> {
    check_absent(room.package, room.features, room.without)?;
    check_absent(room.package, room.features, &ENGINE)
}

fn check_absent(package: &str, features: &[&str], banned: &[&str]) -> Result<()> {
    let found = tree(package, features)?;
    if let Some(name) = found.iter().find(|name| banned.contains(&name.as_str())) {
        bail!("{package} depends on {name}; `cargo tree -p {package} -i {name}` says how");
    }
    Ok(())
}

/// Names of the packages that one is built from, itself included.
fn tree(package: &str, flags: &[&str]) -> Result<Vec<String>> {
    let mut tree = cargo();
    tree.args(["tree", "--package", package]);
    tree.args(["--edges", "normal,build", "--prefix", "none"]);
    let listed = output(tree.args(flags))?;
    let name = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    Ok(listed.lines().map(name).collect())
}
