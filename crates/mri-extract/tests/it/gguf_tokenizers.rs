use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mri_core::{Backend, ModelInfo};
use mri_extract::{FakeBackend, TextTokenizer};
use safetensors::SafeTensors;

use crate::smollm2;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gguf_tokenizers")
}

fn open(path: &Path) -> TextTokenizer {
    let info = ModelInfo {
        vocab_size: 1 << 20,
        max_length: None,
        ..FakeBackend::default().model().clone()
    };
    TextTokenizer::open(path, &info, Some(4_096)).unwrap_or_else(|e| panic!("{e}"))
}

/// The ids of a text, none for a text without tokens.
fn ids_of(tokenizer: &TextTokenizer, text: &str) -> Vec<u32> {
    match tokenizer.encode(&[text]) {
        Ok(encoded) => encoded.tokens.get(0).unwrap().to_vec(),
        Err(_) => Vec::new(),
    }
}

/// Every kind of vocabulary against transformers (`tests/golden/gguf_tokenizers.py`).
#[test]
fn ids_of_every_kind_match_transformers() {
    #[derive(serde::Deserialize)]
    struct Golden {
        texts: Vec<String>,
        ids: BTreeMap<String, Vec<Vec<u32>>>,
    }
    let json = fs::read(golden().join("ids.json")).unwrap();
    let expected: Golden = serde_json::from_slice(&json).unwrap();
    let mut wrong = Vec::new();
    for (name, ids) in &expected.ids {
        let tokenizer = open(&golden().join(format!("{name}.gguf")));
        for (text, expected) in expected.texts.iter().zip(ids) {
            let found = ids_of(&tokenizer, text);
            if found != *expected {
                wrong.push(format!("{name}: {text:?}\n{found:?}\n{expected:?}"));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(expected.ids.len(), 10);
}

#[test]
#[ignore = "needs SmolLM2: cargo xtask test"]
fn ids_of_smollm2_match_transformers() {
    let tokenizer = open(&smollm2::file());
    let bytes = fs::read(golden().join("smollm2.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let texts = String::from_utf8(file.tensor("texts").unwrap().data().to_vec()).unwrap();
    let lengths = file.tensor("lengths").unwrap().data().to_vec();
    let lengths = lengths
        .chunks_exact(4)
        .map(|b| u32::from_le_bytes(b.try_into().unwrap()) as usize);
    let ids = file.tensor("ids").unwrap().data().to_vec();
    let mut ids = ids
        .chunks_exact(2)
        .map(|b| u32::from(u16::from_le_bytes(b.try_into().unwrap())));
    let mut compared = 0;
    for (text, length) in texts.split('\0').zip(lengths) {
        let expected: Vec<u32> = ids.by_ref().take(length).collect();
        assert_eq!(ids_of(&tokenizer, text), expected, "{text:?}");
        compared += 1;
    }
    assert!(compared >= 1_000);
    assert_eq!(ids.next(), None);
    assert!(ids_of(&tokenizer, "").is_empty());
}
