use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

/// Words that the tiny tokenizer knows.
const WORDS: [&str; 12] = [
    "law", "court", "judge", "proof", "pan", "salt", "dough", "heat", "the", "of", "a", "and",
];

/// Every file below a folder with what must be the same however it came about.
pub(crate) type Tree = BTreeMap<PathBuf, Vec<u8>>;

/// A folder with all that commands read.
pub(crate) struct Home(TempDir);

/// What a command writes to, and its arguments.
pub(crate) type Arguments = Vec<String>;

/// Whether every case is taken, or a seeded part.
pub(crate) fn takes_all() -> bool {
    std::env::var_os("MRI_RELIABILITY").is_some_and(|value| value == "all")
}

impl Home {
    /// A folder with the tiny model `model` and the texts `a.csv` and `b.csv`.
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let golden = "../crates/mri-extract/tests/golden/families/bert";
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(golden);
        let model = home.path().join("model");
        fs::create_dir(&model).unwrap();
        for file in ["config.json", "model.safetensors"] {
            fs::copy(golden.join(file), model.join(file)).unwrap();
        }
        let words = std::iter::once("[UNK]").chain(WORDS).enumerate();
        let vocab: Vec<String> = words.map(|(id, word)| format!("{word:?}: {id}")).collect();
        let tokenizer = format!(
            r#"{{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
            "normalizer": null, "pre_tokenizer": {{"type": "Whitespace"}}, "post_processor": null,
            "decoder": null, "model": {{"type": "WordLevel", "vocab": {{{}}},
            "unk_token": "[UNK]"}}}}"#,
            vocab.join(", ")
        );
        fs::write(model.join("tokenizer.json"), tokenizer).unwrap();
        let home = Self(home);
        for (name, texts) in [("a.csv", 12), ("b.csv", 14)] {
            let mut table = "text,label\n".to_owned();
            for i in 0..texts {
                let word = |j: usize| WORDS[(i % 2 * 4 + (i * 7 + j * 3) % 4 + j / 3 * 2) % 12];
                let text: Vec<&str> = (0..3 + i % 5).map(word).collect();
                table.push_str(&format!("{},{}\n", text.join(" "), ["law", "food"][i % 2]));
            }
            fs::write(home.at(name), table).unwrap();
        }
        home
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        // The shim compares with paths without links.
        self.0.path().canonicalize().unwrap().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    /// The arguments of `scan` and `extract`.
    pub(crate) fn recording(
        &self,
        command: &str,
        data: &str,
        out: &str,
        more: &[&str],
    ) -> Arguments {
        let mut args = vec![command.to_owned()];
        let places = [("--model", "model"), ("--data", data), ("--out", out)];
        for (flag, name) in places {
            args.extend([flag.to_owned(), self.text(name)]);
        }
        args.extend(["--threads", "1", "--quiet"].map(str::to_owned));
        args.extend(more.iter().map(|&word| word.to_owned()));
        args
    }

    /// The arguments of a command that names folders first.
    pub(crate) fn command(&self, command: &str, folders: &[&str], more: &[&str]) -> Arguments {
        let folders = folders.iter().map(|name| self.text(name));
        let more = more.iter().map(|&word| word.to_owned());
        std::iter::once(command.to_owned())
            .chain(folders)
            .chain(more)
            .collect()
    }
}

/// The program, as it was built beside these tests.
pub(crate) fn program() -> Command {
    let tests = std::env::current_exe().unwrap();
    let program = tests.ancestors().nth(2).unwrap().join("llm-mri");
    assert!(program.exists(), "cargo build --workspace --bin llm-mri");
    let mut command = Command::new(program);
    command.env("RAYON_NUM_THREADS", "1");
    command
}

/// Runs the program, which has to succeed.
pub(crate) fn run<S: AsRef<OsStr>>(args: &[S]) -> Output {
    let output = program().args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    output
}

/// The files below a folder, or a file alone. What a manifest says of times is left out, and so is
/// its own checksum, which covers them.
pub(crate) fn tree(folder: &Path) -> Tree {
    let mut files = Tree::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if let Ok(mut bytes) = fs::read(&path) {
            if path.file_name() == Some(OsStr::new("manifest.json")) {
                let mut manifest: Value = serde_json::from_slice(&bytes).unwrap();
                let entries = manifest.as_object_mut().unwrap();
                for name in ["timings", "checksum"] {
                    entries.remove(name);
                }
                bytes = serde_json::to_vec(&manifest).unwrap();
            }
            files.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
        }
    }
    files
}

/// How two trees differ, by the names of files; `None` if they are the same.
pub(crate) fn difference(found: &Tree, expected: &Tree) -> Option<String> {
    let names = found.keys().chain(expected.keys());
    let mut other: Vec<String> = names
        .filter(|name| found.get(*name) != expected.get(*name))
        .map(|name| name.display().to_string())
        .collect();
    other.sort();
    other.dedup();
    (!other.is_empty()).then(|| other.join(" "))
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (
            entry.as_ref().unwrap().path(),
            to.join(entry.unwrap().file_name()),
        );
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// Does pieces of work on all cores, and gives their results in order.
pub(crate) fn in_parallel<T: Sync, R: Send>(work: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(0..work.len());
    let done = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some(i) = next.lock().unwrap().next() else {
                        return;
                    };
                    let result = each(&work[i]);
                    done.lock().unwrap().insert(i, result);
                }
            });
        }
    });
    done.into_inner().unwrap().into_values().collect()
}

/// The next number of a seeded sequence, below `bound`.
pub(crate) fn random(state: &mut u64, bound: usize) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize % bound.max(1)
}
