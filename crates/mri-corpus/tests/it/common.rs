use std::fs;

use mri_corpus::{Corpus, CorpusError, CorpusOptions};

/// Reads `content` as a file of this name.
pub(crate) fn open(name: &str, content: &[u8]) -> Result<Corpus, CorpusError> {
    open_with(name, content, &CorpusOptions::default())
}

pub(crate) fn open_with(
    name: &str,
    content: &[u8],
    options: &CorpusOptions,
) -> Result<Corpus, CorpusError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    Corpus::open(&path, options)
}

pub(crate) fn pairs(corpus: &Corpus) -> Vec<(&str, &str)> {
    let names = corpus.labels().category_names();
    let ids = corpus.labels().row_categories();
    let texts = corpus.texts().iter().map(String::as_str);
    texts
        .zip(ids.iter().map(|&id| names[id as usize].as_str()))
        .collect()
}

#[track_caller]
pub(crate) fn reads(name: &str, content: &[u8], expected: &[(&str, &str)]) {
    let corpus = open(name, content).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(pairs(&corpus), expected, "{name}");
}

#[track_caller]
pub(crate) fn refuses(name: &str, content: &[u8], parts: &[&str]) {
    let Err(error) = open(name, content) else {
        panic!("{name} passes");
    };
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}
