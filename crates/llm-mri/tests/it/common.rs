use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use llm_mri::{Backend, Corpus, Scan, ScanBuilder, TextTokenizer};
use mri_extract::FakeBackend;

/// Words that the tiny tokenizer knows.
const WORDS: [&str; 12] = [
    "law", "court", "judge", "proof", "pan", "salt", "dough", "heat", "the", "of", "a", "and",
];

/// A word-level tokenizer in `folder`, for the engine that needs no libtorch.
pub(crate) fn write_tokenizer(folder: &Path) {
    let vocab: Vec<String> = std::iter::once("[UNK]")
        .chain(WORDS)
        .enumerate()
        .map(|(id, word)| format!("{word:?}: {id}"))
        .collect();
    let json = format!(
        r#"{{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
            "normalizer": null, "pre_tokenizer": {{"type": "Whitespace"}}, "post_processor": null,
            "decoder": null, "model": {{"type": "WordLevel", "vocab": {{{}}}, "unk_token": "[UNK]"}}}}"#,
        vocab.join(", ")
    );
    fs::write(folder.join("tokenizer.json"), json).unwrap();
}

/// Texts of two labels that differ in their words.
pub(crate) fn corpus(n: usize) -> Corpus {
    Corpus::from_pairs((0..n).map(|i| {
        let half = i % 2;
        let words: Vec<&str> = (0..3 + i % 5)
            .map(|j| {
                let own = WORDS[half * 4 + (i * 7 + j * 3) % 4];
                if j % 3 == 2 {
                    WORDS[8 + (i + j) % 4]
                } else {
                    own
                }
            })
            .collect();
        (words.join(" "), ["law", "food"][half])
    }))
    .unwrap()
}

/// A scan of `n` such texts by an engine that needs no libtorch.
pub(crate) fn builder(n: usize) -> ScanBuilder {
    let home = tempfile::tempdir().unwrap();
    write_tokenizer(home.path());
    let backend = FakeBackend::default();
    let tokenizer = TextTokenizer::open(home.path(), backend.model(), None).unwrap();
    Scan::builder()
        .backend(backend, tokenizer)
        .corpus(corpus(n))
}

/// Every file below a folder with its bytes, by relative path.
pub(crate) fn bytes(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut files = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Files whose bytes do not depend on how long anything took.
pub(crate) fn lasting(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut files = bytes(folder);
    files.remove(Path::new("manifest.json"));
    files
}

/// Makes a scan's folder one of a version that wrote no checksums.
pub(crate) fn forget_checksums(folder: &Path) {
    let path = folder.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    for entry in ["files", "checksum"] {
        assert!(manifest.as_object_mut().unwrap().remove(entry).is_some());
    }
    fs::write(&path, manifest.to_string()).unwrap();
}

/// Runs the program.
pub(crate) fn program<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_llm-mri"))
        .args(args)
        .output()
        .unwrap()
}

/// The small real model, which `cargo xtask setup` fetches.
pub(crate) fn model() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let model = root.join(".models/all-MiniLM-L6-v2");
    assert!(
        model.join("model.safetensors").exists(),
        "the small model is not there; `cargo xtask setup` fetches it"
    );
    model
}

/// Some texts of the bundled corpus, those of each label in turn.
pub(crate) fn write_table(path: &Path, n: usize) {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data/topics.csv");
    let mut table = csv::Reader::from_path(bundled).unwrap();
    let mut out = csv::Writer::from_path(path).unwrap();
    out.write_record(["text", "label"]).unwrap();
    for row in table.records().take(n) {
        out.write_record(&row.unwrap()).unwrap();
    }
    out.flush().unwrap();
}
