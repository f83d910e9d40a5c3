//! Tokenizers as models bring them, against transformers: see `tests/golden/tokenizer_files.py`.

use std::fs;
use std::path::{Path, PathBuf};

use mri_core::{ModelInfo, ModelKind, Site};
use mri_extract::{ExtractError, TextTokenizer, TokenizerProblem};
use serde_json::json;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tokenizers")
}

/// A model with so many embeddings and no limit on its texts.
fn model(vocab_size: usize) -> ModelInfo {
    ModelInfo {
        name: "model".to_owned(),
        family: "any".to_owned(),
        kind: ModelKind::Decoder,
        n_blocks: 1,
        width: 4,
        mlp_width: None,
        sites: vec![Site::Resid],
        vocab_size,
        max_length: None,
    }
}

fn open(folder: &Path, vocab_size: usize) -> TextTokenizer {
    let model = model(vocab_size);
    TextTokenizer::open(folder, &model, Some(4096)).unwrap_or_else(|e| panic!("{e}"))
}

/// The ids of a text; none where the tokenizer says that there are none.
fn ids(tokenizer: &TextTokenizer, text: &str) -> Vec<u32> {
    match tokenizer.encode(&[text]) {
        Ok(encoded) => encoded.tokens.iter().next().unwrap().to_vec(),
        Err(ExtractError::Tokenizer {
            problem: TokenizerProblem::NoTokens { .. },
            ..
        }) => Vec::new(),
        Err(error) => panic!("{error}"),
    }
}

fn fnv(ids: &[u32]) -> u32 {
    let bytes = ids.iter().flat_map(|id| id.to_le_bytes());
    bytes.fold(0x811c_9dc5, |value, byte| {
        (value ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[test]
fn ids_match_transformers_for_every_class_and_file() {
    let texts = fs::read(folder().join("texts.json")).unwrap();
    let texts: Vec<String> = serde_json::from_slice(&texts).unwrap();
    assert_eq!(texts.len(), 1000);
    let entries = fs::read_dir(folder()).unwrap();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    assert!(cases.len() >= 25, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let tokenizer = open(&case, 1 << 20);
        let expected = fs::read(case.join("ids.bin")).unwrap();
        let expected = expected.chunks_exact(4);
        let expected = expected.map(|b| u32::from_le_bytes(b.try_into().unwrap()));
        let pairs = texts.iter().zip(expected);
        let bad: Vec<&String> = pairs
            .filter(|(text, hash)| fnv(&ids(&tokenizer, text)) != *hash)
            .map(|(text, _)| text)
            .collect();
        if let Some(first) = bad.first() {
            wrong.push(format!(
                "{name}: {} texts, {first:?} {:?}",
                bad.len(),
                ids(&tokenizer, first)
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A tokenizer of three words in `tokenizer.json`, with other files beside it.
fn words(files: &[(&str, serde_json::Value)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let words = json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
        "decoder": null, "model": {"type": "WordLevel", "unk_token": "[UNK]",
            "vocab": {"[UNK]": 0, "<s>": 1, "</s>": 2, "law": 3, "court": 4}}});
    fs::write(folder.path().join("tokenizer.json"), words.to_string()).unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content.to_string()).unwrap();
    }
    folder
}

#[test]
fn a_beginning_that_the_configuration_asks_for_is_added() {
    let config = |class: &str, bos: bool| json!({"tokenizer_class": class, "add_bos_token": bos, "bos_token": "<s>"});
    for (class, bos, expected) in [
        ("LlamaTokenizerFast", true, vec![1, 3, 4]),
        ("LlamaTokenizerFast", false, vec![3, 4]),
        // The general class leaves it to tokenizer.json.
        ("PreTrainedTokenizerFast", true, vec![3, 4]),
    ] {
        let folder = words(&[
            ("tokenizer_config.json", config(class, bos)),
            ("config.json", json!({"model_type": "qwen2"})),
        ]);
        let tokenizer = open(folder.path(), 5);
        assert_eq!(ids(&tokenizer, "law court"), expected, "{class} {bos}");
    }
    let both = json!({"tokenizer_class": "GemmaTokenizer", "add_bos_token": true,
        "add_eos_token": true, "bos_token": {"content": "<s>"}, "eos_token": "</s>"});
    let folder = words(&[("tokenizer_config.json", both)]);
    assert_eq!(ids(&open(folder.path(), 5), "law"), [1, 3, 2]);
}

#[test]
fn the_configuration_is_part_of_the_hash_and_limits_the_length() {
    let plain = words(&[]);
    let limited = words(&[("tokenizer_config.json", json!({"model_max_length": 77}))]);
    let endless = words(&[("tokenizer_config.json", json!({"model_max_length": 1e30}))]);
    let open =
        |folder: &tempfile::TempDir| TextTokenizer::open(folder.path(), &model(5), None).unwrap();
    assert_eq!(
        [&plain, &limited, &endless].map(|f| open(f).max_length()),
        [512, 77, 512]
    );
    assert_ne!(open(&plain).hash(), open(&limited).hash());
    let sentence = words(&[
        (
            "sentence_bert_config.json",
            json!({"max_seq_length": 4, "do_lower_case": true}),
        ),
        ("tokenizer_config.json", json!({"model_max_length": 77})),
    ]);
    let sentence = open(&sentence);
    assert_eq!(sentence.max_length(), 4);
    assert_eq!(ids(&sentence, "Law COURT"), [3, 4]);
}

#[test]
fn only_a_text_that_uses_a_token_without_embedding_is_an_error() {
    let extra = json!({"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>"});
    let folder = words(&[("tokenizer_config.json", extra)]);
    let tokenizer = open(folder.path(), 5);
    assert_eq!(ids(&tokenizer, "law court"), [3, 4]);
    let error = tokenizer
        .encode(&["law", "court <pad>"])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("text 1") && error.contains("\"<pad>\""),
        "{error}"
    );
}

#[test]
fn a_folder_without_tokenizer_names_what_it_lacks_and_no_python() {
    let folder = tempfile::tempdir().unwrap();
    let error = TextTokenizer::open(folder.path(), &model(5), None);
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("vocab.txt") && error.contains("tokenizer.model"),
        "{error}"
    );
    assert!(!error.contains("python"), "{error}");
}
