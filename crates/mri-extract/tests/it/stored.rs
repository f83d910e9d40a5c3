use std::fs;
use std::path::{Path, PathBuf};

use mri_core::{Backend, Progress};
use mri_corpus::{Corpus, CorpusFile, CorpusOptions, TextSource};
use mri_extract::{
    ExtractError, FakeBackend, RecordOptions, TextTokenizer, TokenSource, TokenizedCorpus,
    record_to_store,
};
use mri_store::StoreOptions;

use crate::store::{bytes, provenance};

/// The words that the tokenizer knows, from 1 on.
const WORDS: [&str; 4] = ["law", "court", "salt", "pan"];

/// 2,000 texts of very different lengths with three labels, some much longer than what is tokenized
/// at once or than what is kept, some equal to others; and their tokens.
fn long_and_short(folder: &Path) -> (PathBuf, Vec<Vec<u32>>) {
    let mut rows = "text,label\n".to_owned();
    let mut tokens = Vec::new();
    for i in 0..2000_usize {
        let (spaces, words) = match i {
            700 => (0, 300_000),
            701 => (0, 4_000_000),
            702 => (3_000_000, 3),
            703 => (100_000, 400_000),
            _ => (0, 1 + i % 13),
        };
        // Nothing but spaces is no text.
        rows.push_str("law");
        rows.extend(std::iter::repeat_n(' ', 1 + spaces));
        let ids: Vec<usize> = (0..words).map(|j| (i % 90 * 7 + j * 3) % 4).collect();
        for &id in &ids {
            rows.push_str(WORDS[id]);
            rows.push(' ');
        }
        rows.push_str(&format!(",{}\n", ["a", "b", "c"][i % 3]));
        let ids = std::iter::once(1).chain(ids.into_iter().map(|id| id as u32 + 1));
        tokens.push(ids.collect());
    }
    let path = folder.join("corpus.csv");
    fs::write(&path, rows).unwrap();
    (path, tokens)
}

/// A tokenizer that knows four words.
fn tokenizer(folder: &Path, max_length: usize) -> TextTokenizer {
    let json = r#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "law": 1, "court": 2, "salt": 3, "pan": 4}, "unk_token": "[UNK]"}}"#;
    fs::write(folder.join("tokenizer.json"), json).unwrap();
    TextTokenizer::open(folder, FakeBackend::default().model(), Some(max_length)).unwrap()
}

fn tokens(source: &dyn TokenSource) -> Vec<Vec<u32>> {
    let mut ids = Vec::new();
    let texts = 0..source.len();
    texts
        .map(|text| {
            source.read(text, &mut ids).unwrap();
            assert_eq!(ids.len(), source.length(text));
            ids.clone()
        })
        .collect()
}

#[test]
fn tokens_in_a_file_are_those_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole) = long_and_short(folder.path());
    let tokenizer = tokenizer(folder.path(), 9);
    let before = bytes(folder.path());
    let corpus = Corpus::open(&path, &CorpusOptions::default()).unwrap();
    let file = CorpusFile::open(&path, &CorpusOptions::default()).unwrap();
    let cut = whole.iter().filter(|ids| ids.len() > 9).count();
    let expected: Vec<Vec<u32>> = whole
        .iter()
        .map(|ids| ids[..ids.len().min(9)].to_vec())
        .collect();
    let spool = folder.path().join("not/there/yet");
    let steps = std::sync::Mutex::new(Vec::new());
    let watch = |progress: Progress<'_>| {
        assert_eq!((progress.stage, progress.total), ("tokenize", 2000));
        steps.lock().unwrap().push(progress.done);
        true
    };
    for (source, folder) in [
        (&corpus as &dyn TextSource, None),
        (&corpus, Some(&*spool)),
        (&file, None),
        (&file, Some(&*spool)),
    ] {
        let found = tokenizer.encode_corpus(source, folder, &watch).unwrap();
        assert_eq!(tokens(found.tokens.as_ref()), expected);
        assert_eq!(found.tokens.n_tokens(), expected.concat().len());
        assert_eq!(found.tokenizer.truncated, cut);
        assert_eq!(found.origin.hash, corpus.hash());
        let batch = found.tokens.batch(&[7, 701, 0]).unwrap();
        let rows: Vec<&[u32]> = batch.iter().collect();
        assert_eq!(rows, [&*expected[7], &expected[701], &expected[0]]);
        let steps = std::mem::take(&mut *steps.lock().unwrap());
        assert!(steps.len() > 4 && steps.is_sorted() && steps.last() == Some(&2000));
    }
    // While it is there as well as after.
    let kept = tokenizer.encode_corpus(&file, Some(folder.path()), &());
    assert_eq!(bytes(folder.path()), before);
    drop(kept);
    let stopped = tokenizer.encode_corpus(&file, Some(&spool), &|p: Progress<'_>| p.done < 600);
    assert!(matches!(stopped, Err(ExtractError::Cancelled(_))));
}

mod long_texts {
    use super::*;
    use proptest::prelude::*;
    use tokenizers::Tokenizer;

    /// Merges run through the whole text, with no words to stop them.
    const PAIRS: &str = r#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": {"a": 0, "b": 1, "ab": 2, "aa": 3, "aaab": 4, "aaaa": 5, "bb": 6, "bbab": 7},
            "merges": [["a", "b"], ["a", "a"], ["aa", "ab"], ["aa", "aa"], ["b", "b"], ["bb", "ab"]]}}"#;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn have_the_tokens_of_the_whole(
            runs in prop::collection::vec((any::<bool>(), 1_usize..40), 1..200),
            most in 1_usize..9,
        ) {
            let text: String = runs
                .iter()
                .map(|&(a, n)| if a { "a" } else { "b" }.repeat(n))
                .collect();
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("tokenizer.json"), PAIRS).unwrap();
            let model = FakeBackend::default();
            let tokenizer = TextTokenizer::open(folder.path(), model.model(), Some(most)).unwrap();
            let whole: Tokenizer = PAIRS.parse().unwrap();
            let whole = whole.encode(text.as_str(), true).unwrap();
            let found = tokenizer.encode(&[&text]).unwrap();
            let kept = whole.len().min(most);
            prop_assert_eq!(found.tokens.get(0).unwrap(), &whole.get_ids()[..kept]);
            prop_assert_eq!(found.truncated == 1, whole.len() > most);
        }
    }
}

#[test]
fn a_store_is_the_same_whether_its_tokens_lay_in_memory_or_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = long_and_short(folder.path());
    let tokenizer = tokenizer(folder.path(), 9);
    let file = CorpusFile::open(&path, &CorpusOptions::default()).unwrap();
    let store = |name: &str, spool| {
        let out = folder.path().join(name);
        let texts: TokenizedCorpus = tokenizer.encode_corpus(&file, spool, &()).unwrap();
        let options = RecordOptions::default().with_tokens_per_batch(300);
        let stored = record_to_store(
            &mut FakeBackend::default(),
            texts.tokens.as_ref(),
            file.labels(),
            &provenance("corpus"),
            &out,
            &options,
            &StoreOptions::default(),
            &(),
        );
        assert!(stored.unwrap().manifest.stats.distinct_texts < 1500);
        bytes(&out)
    };
    let memory = store("memory", None);
    assert!(memory == store("file", Some(folder.path())));
}
