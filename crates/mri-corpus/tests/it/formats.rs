//! Corpora that datasets, pandas and pyarrow wrote (`golden/corpora.py`).

use std::fs;
use std::path::{Path, PathBuf};

use mri_corpus::{ColumnRole, Corpus, CorpusError, CorpusOptions, RowProblem};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/corpora")
        .join(name)
}

fn open(name: &str, options: &CorpusOptions) -> Result<Corpus, CorpusError> {
    Corpus::open(&golden(name), options)
}

fn message(name: &str, options: &CorpusOptions) -> String {
    open(name, options).unwrap_err().to_string()
}

fn split(name: &str) -> CorpusOptions {
    CorpusOptions::default().with_split(Some(name.to_owned()))
}

fn dropping() -> CorpusOptions {
    CorpusOptions::default().with_drop_missing(true)
}

#[test]
fn every_format_is_read_as_its_own_library_reads_it() {
    let expected = fs::read(golden("expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    let mut checked = 0;
    for (case, expected) in expected.as_object().unwrap() {
        if case.contains(".parquet") && !cfg!(feature = "parquet") {
            println!("skipped {case}: the feature `parquet` is off");
            continue;
        }
        let (name, part) = case.split_once(' ').unwrap_or((case, ""));
        let mut options = dropping();
        options.split = (!part.is_empty()).then(|| part.to_owned());
        let corpus = open(name, &options).unwrap_or_else(|e| panic!("{case}: {e}"));
        let found = serde_json::json!({
            "texts": corpus.texts(),
            "names": corpus.labels().category_names(),
            "ids": corpus.labels().row_categories(),
        });
        assert_eq!(&found, expected, "{case}");
        checked += 1;
    }
    assert!(checked >= 12, "{checked}");
}

#[test]
fn parts_of_a_dataset_are_named() {
    let m = message("parts.hf", &CorpusOptions::default());
    assert!(m.contains("several splits: train, test"), "{m}");
    let m = message("parts.hf", &split("valid"));
    assert!(m.contains("\"valid\"") && m.contains("train, test"), "{m}");
    assert!(message("parts.hf", &split("../classes.hf")).contains("train, test"));
    for whole in ["classes.hf", "rows.csv"] {
        let m = message(whole, &split("train"));
        assert!(m.contains("\"train\"") && m.contains("not divided"), "{m}");
    }
}

#[test]
fn gaps_and_unknown_labels_are_named_with_their_row() {
    let m = message("gaps.hf", &CorpusOptions::default());
    assert!(m.contains("row 1 of") && m.contains("no text"), "{m}");
    assert_eq!(open("gaps.hf", &dropping()).unwrap().n_dropped(), 3);
    let m = message("unknown.hf", &CorpusOptions::default());
    assert!(m.contains("row 1 of") && m.contains("label 3"), "{m}");
    assert_eq!(open("unknown.hf", &dropping()).unwrap().n_dropped(), 1);
    let options = CorpusOptions::default().with_label_column("class");
    let err = open("classes.hf", &options).unwrap_err();
    let m = err.to_string();
    assert!(
        m.contains("no column \"class\"") && m.contains("\"when\""),
        "{m}"
    );
    let of_label = matches!(err, CorpusError::Column { role, .. } if role == ColumnRole::Label);
    assert!(of_label, "{m}");
    let options = CorpusOptions::default().with_text_column("vector");
    assert!(message("classes.hf", &options).contains("neither strings nor numbers"));
}

/// Copies a dataset and changes its file of rows.
fn damaged(change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Result<Corpus, CorpusError> {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(golden("words.hf")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let rows = folder.path().join("data-00000-of-00001.arrow");
    fs::write(&rows, change(fs::read(&rows).unwrap())).unwrap();
    Corpus::open(folder.path(), &CorpusOptions::default())
}

#[test]
fn a_damaged_dataset_is_refused() {
    assert!(damaged(|bytes| bytes).is_ok());
    let length = fs::read(golden("words.hf/data-00000-of-00001.arrow"))
        .unwrap()
        .len();
    for end in 0..length {
        let cut = damaged(|bytes| bytes[..end].to_vec());
        // The mark of the end is the last 8 bytes, the last 4 of them may look like nothing.
        assert!(cut.is_err(), "cut at {end} of {length}");
    }
    let text = damaged(|mut bytes| {
        let at = bytes.windows(5).position(|five| five == b"fugue").unwrap();
        bytes[at] = 0xff;
        bytes
    });
    let m = text.unwrap_err().to_string();
    assert!(m.contains("row 0 of") && m.contains("UTF-8"), "{m}");
}

mod any_damage {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn never_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
            let _ = damaged(|mut bytes| {
                for (at, value) in &changes {
                    let at = at.index(bytes.len());
                    bytes[at] = *value;
                }
                bytes
            });
        }
    }
}

/// Files of `golden/damaged.py`: each but the good ones says what its bytes do not bear out.
#[cfg(feature = "parquet")]
#[test]
fn a_parquet_file_that_claims_what_is_not_so_is_refused() {
    let read = |name: &str| {
        let path = golden(&format!("../damaged/{name}.parquet"));
        Corpus::open(&path, &CorpusOptions::default())
    };
    for good in ["good", "delta"] {
        let corpus = read(good).unwrap_or_else(|e| panic!("{good}: {e}"));
        assert_eq!(corpus.texts(), ["a fugue", "appeals", "strings"]);
        assert_eq!(corpus.labels().row_categories(), [0, 1, 0]);
    }
    for (name, problem) in [
        ("size", "claims to hold 2000000000"),
        // The decoder panics on this one.
        ("levels", "gave up"),
        ("flags", "a list holds flags"),
        ("lists", "a list holds flags"),
        ("kinds", "not of its type"),
        ("strings", "more strings than it has values"),
        ("shared", "more strings than it has values"),
        ("rest", "more strings than it has values"),
        ("entries", "claims 2147483647 values, it has at most 11"),
        ("values", "claims 2147483647 values, it has at most 3"),
        ("rows", "2147483647 rows are more than a file of"),
        ("again", "times the bytes of the file"),
    ] {
        let error = read(name).err().unwrap_or_else(|| panic!("{name} passes"));
        let named = matches!(&error, CorpusError::Row { path, problem: RowProblem::Malformed(found), .. }
            if path.ends_with(format!("damaged/{name}.parquet"))
                && found.contains(problem) && !found.contains("External"));
        assert!(named, "{name}: {error}");
    }
}
