use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use crate::scan::{Damage, bytes, copy};

/// A command that reads a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Command {
    Metrics,
    Report,
    Diff,
    Graph,
    Reduce,
    Verify,
}

/// What a command gave.
pub(crate) struct Given {
    pub(crate) succeeded: bool,
    pub(crate) errors: String,
    /// What it printed, and every file of the scan and of its output after it.
    output: BTreeMap<String, Vec<u8>>,
}

impl Command {
    pub(crate) const ALL: [Self; 6] = [
        Self::Metrics,
        Self::Report,
        Self::Diff,
        Self::Graph,
        Self::Reduce,
        Self::Verify,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Report => "report",
            Self::Diff => "diff",
            Self::Graph => "graph",
            Self::Reduce => "reduce",
            Self::Verify => "verify",
        }
    }

    /// The arguments, with the scan as `scan` and a place for output as `out`.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Metrics => &["metrics", "scan", "--json"],
            Self::Report => &["report", "scan", "--out", "out.html", "--quiet"],
            Self::Diff => &["diff", "other", "scan", "--out", "out"],
            Self::Graph => &["graph", "scan", "--permutations", "20", "--quiet"],
            Self::Reduce => &["reduce", "scan", "--reducer", "svd", "--quiet"],
            Self::Verify => &["verify", "scan"],
        }
    }

    /// Runs it on a copy of a scan that is damaged.
    pub(crate) fn run_damaged(self, whole: &Path, damage: &Damage, place: &Path) -> Given {
        let damaged = place.with_extension("damaged");
        copy(whole, &damaged);
        damage.apply(&damaged);
        self.run(whole, &damaged, place)
    }

    /// Runs it on a copy of `scan` in a folder of its own, beside a copy of a whole one.
    pub(crate) fn run(self, whole: &Path, scan: &Path, place: &Path) -> Given {
        if place.exists() {
            fs::remove_dir_all(place).unwrap();
        }
        copy(scan, &place.join("scan"));
        if self == Self::Diff {
            copy(whole, &place.join("other"));
        }
        let run = process::Command::new(program())
            .args(self.arguments())
            .current_dir(place)
            .output()
            .unwrap();
        let mut output = bytes(place);
        output.insert("standard output".to_owned(), run.stdout);
        Given {
            succeeded: run.status.success(),
            errors: String::from_utf8_lossy(&run.stderr).into_owned(),
            output,
        }
    }
}

/// The program of this build.
fn program() -> PathBuf {
    let test = env::current_exe().unwrap();
    let target = test.parent().and_then(Path::parent).unwrap();
    let program = target
        .join("llm-mri")
        .with_extension(env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "the program is not built: cargo build -p llm-mri --features cli"
    );
    program
}

/// Whether a command did what it should with a damaged scan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// It refused and named the file.
    Refused,
    /// All that it gave is as without the damage.
    Unharmed,
    /// It gave something else, or refused without the file's name.
    Wrong(String),
}

impl Verdict {
    pub(crate) fn of(given: &Given, expected: &Given, damage: &Damage) -> Self {
        let file = damage.file();
        if !given.succeeded {
            let said = String::from_utf8_lossy(&given.output["standard output"]);
            return match given.errors.contains(file) || said.contains(file) {
                true => Self::Refused,
                false => Self::Wrong(format!("refused with {}", given.errors)),
            };
        }
        // A damaged file that the command neither reads nor writes is still damaged.
        let damaged = format!("scan/{file}");
        let names = given.output.keys().chain(expected.output.keys());
        let differ = |name: &&String| {
            **name != damaged && given.output.get(*name) != expected.output.get(*name)
        };
        match names.into_iter().find(differ) {
            Some(name) => Self::Wrong(format!("{name} is another")),
            None => Self::Unharmed,
        }
    }
}
