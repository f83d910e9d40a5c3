use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use llm_mri::extract::FakeBackend;
use llm_mri::{
    Backend, Corpus, GraphOptions, QualityOptions, Scan, Significance, Stage, TextTokenizer,
};

/// What a file of a scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Manifest,
    Matrix,
    Labels,
    Texts,
    Map,
    Projection,
    Quality,
    Grid,
    Graph,
    Figure,
    Report,
}

impl Kind {
    pub(crate) const ALL: [Self; 11] = [
        Self::Manifest,
        Self::Matrix,
        Self::Labels,
        Self::Texts,
        Self::Map,
        Self::Projection,
        Self::Quality,
        Self::Grid,
        Self::Graph,
        Self::Figure,
        Self::Report,
    ];

    /// How the table names the files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest.json",
            Self::Matrix => "activations/LAYER.npy",
            Self::Labels => "activations/labels.npy",
            Self::Texts => "corpus.csv",
            Self::Map => "embedding/LAYER.npy",
            Self::Projection => "embedding/LAYER.projection.csv",
            Self::Quality => "embedding/quality.csv",
            Self::Grid => "grid/*",
            Self::Graph => "graph/*",
            Self::Figure => "figures/*",
            Self::Report => "report.html",
        }
    }

    fn of(file: &str) -> Self {
        match file.split_once('/') {
            None if file == "manifest.json" => Self::Manifest,
            None if file == "corpus.csv" => Self::Texts,
            None => Self::Report,
            Some(("activations", "labels.npy")) => Self::Labels,
            Some(("activations", _)) => Self::Matrix,
            Some(("embedding", "quality.csv")) => Self::Quality,
            Some(("embedding", name)) if name.ends_with(".csv") => Self::Projection,
            Some(("embedding", _)) => Self::Map,
            Some(("grid", _)) => Self::Grid,
            Some(("graph", _)) => Self::Graph,
            Some((_, _)) => Self::Figure,
        }
    }

    /// The files of this kind in a scan's folder.
    pub(crate) fn files(self, scan: &Path) -> Vec<String> {
        let files = bytes(scan).into_keys();
        files.filter(|file| Self::of(file) == self).collect()
    }
}

/// What is done to a file, by its path in the scan's folder.
#[derive(Debug, Clone)]
pub(crate) enum Damage {
    Flipped { file: String, bit: usize },
    Cut { file: String, length: usize },
    Missing { file: String },
}

impl Damage {
    pub(crate) fn file(&self) -> &str {
        match self {
            Self::Flipped { file, .. } | Self::Cut { file, .. } | Self::Missing { file } => file,
        }
    }

    /// Damages a copy of the scan.
    pub(crate) fn apply(&self, scan: &Path) {
        let path = scan.join(self.file());
        let mut content = fs::read(&path).unwrap();
        match self {
            Self::Flipped { bit, .. } => content[bit / 8] ^= 1 << (bit % 8),
            Self::Cut { length, .. } => content.truncate(*length),
            Self::Missing { .. } => return fs::remove_file(path).unwrap(),
        }
        fs::write(path, content).unwrap();
    }
}

/// Every file below a folder with its bytes.
pub(crate) fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(folder.join(&inner)).unwrap() {
            let entry = entry.unwrap();
            let path = inner.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else {
                let name = path.to_str().unwrap().replace('\\', "/");
                files.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    files
}

/// Copies a folder in place of another one.
pub(crate) fn copy(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    for (name, content) in bytes(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// Makes a small scan with every kind of file, by an engine that needs no model.
pub(crate) fn make(folder: &Path) {
    const WORDS: [&str; 8] = [
        "law", "court", "judge", "proof", "pan", "salt", "dough", "heat",
    ];
    let home = tempfile::tempdir().unwrap();
    let vocab: Vec<String> = WORDS
        .iter()
        .enumerate()
        .map(|(id, word)| format!("{word:?}: {}", id + 1))
        .collect();
    let json = format!(
        r#"{{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
            "normalizer": null, "pre_tokenizer": {{"type": "Whitespace"}}, "post_processor": null,
            "decoder": null, "model": {{"type": "WordLevel", "unk_token": "[UNK]",
            "vocab": {{"[UNK]": 0, {}}}}}}}"#,
        vocab.join(", ")
    );
    fs::write(home.path().join("tokenizer.json"), json).unwrap();
    let backend = FakeBackend::default();
    let tokenizer = TextTokenizer::open(home.path(), backend.model(), None).unwrap();
    let corpus = Corpus::from_pairs((0..24).map(|i| {
        let words = (0..2 + i % 4).map(|j| WORDS[(i % 2) * 4 + (i * 5 + j * 3) % 4]);
        (words.collect::<Vec<_>>().join(" "), ["law", "food"][i % 2])
    }));
    let scan = Scan::builder()
        .backend(backend, tokenizer)
        .corpus(corpus.unwrap())
        .grid(3)
        .out(folder)
        .run()
        .unwrap();
    let options = GraphOptions {
        significance: Some(
            Significance::default()
                .with_permutations(20)
                .with_resamples(20),
        ),
        ..GraphOptions::default()
    };
    let measured = QualityOptions {
        neighbors: 3,
        ..QualityOptions::default()
    };
    let scan = scan.with_quality(&measured, &()).unwrap();
    let scan = scan.with_graph_options(options).unwrap();
    scan.update(Stage::Maps, &()).unwrap();
}
