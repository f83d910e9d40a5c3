//! SentencePiece's byte-pair encoding, as of Llama 2 and Gemma.

use serde_json::{Map, Value, json};

use super::merges;
use super::vocabulary::{Parts, Vocabulary};
use crate::gguf::error::GgufError;
use crate::tokenizer_parts::SPACE;

pub(super) fn parts(vocabulary: &Vocabulary<'_>) -> Result<Parts, GgufError> {
    let gguf = vocabulary.gguf;
    let architecture = gguf.text("general.architecture")?.unwrap_or_default();
    let gemma = architecture.starts_with("gemma");
    let token = |token: &&str| match gemma && token.len() > 1 && token.bytes().all(|b| b == b' ') {
        // Gemma's tokens of several spaces are written as such.
        true => SPACE.repeat(token.len()),
        false => (*token).to_owned(),
    };
    let tokens: Vec<String> = vocabulary.tokens.iter().map(token).collect();
    let merges = match merges::listed(vocabulary)? {
        Some(listed) => listed
            .into_iter()
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .collect(),
        // Gemma's scores are not in the order of the merges, its tokens are.
        None if gemma => {
            let order: Vec<f64> = (0..tokens.len()).map(|i| -(i as f64)).collect();
            merges::implied(&tokens, &order)
        }
        None => merges::implied(&tokens, &vocabulary.scores()?),
    };
    let mut ids = Map::new();
    for (id, token) in tokens.into_iter().enumerate() {
        ids.insert(token, id.into());
    }
    let spaces = json!({"type": "Replace", "pattern": {"String": " "}, "content": SPACE});
    let prefix = gguf
        .flag("tokenizer.ggml.add_space_prefix")?
        .unwrap_or(true);
    let (normalizer, pre_tokenizer) = match architecture {
        _ if gemma => (
            spaces,
            json!({
                "type": "Split",
                "pattern": {"String": " "},
                "behavior": "MergedWithPrevious",
                "invert": false,
            }),
        ),
        "phi3" if prefix => {
            let prepend = json!({"type": "Prepend", "prepend": SPACE});
            let both = json!({"type": "Sequence", "normalizers": [prepend, spaces]});
            (both, Value::Null)
        }
        _ => (
            Value::Null,
            json!({
                "type": "Metaspace",
                "replacement": SPACE,
                "prepend_scheme": if prefix { "first" } else { "never" },
                "split": false,
            }),
        ),
    };
    let unknown = vocabulary.token_of("unknown_token_id")?;
    Ok(Parts {
        normalizer,
        pre_tokenizer,
        model: json!({
            "type": "BPE",
            "dropout": null,
            "unk_token": unknown.filter(|_| gemma).map(|(_, token)| token),
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": true,
            "byte_fallback": true,
            "ignore_merges": false,
            "vocab": ids,
            "merges": merges,
        }),
        ends: (true, false),
        is_spelled: match gemma {
            true => |token| !token.bytes().all(|b| b == b' '),
            false => |_| true,
        },
        blanks: Vec::new(),
    })
}
