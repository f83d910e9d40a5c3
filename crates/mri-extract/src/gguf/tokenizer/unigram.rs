//! SentencePiece's unigram model, as of T5 and XLM-RoBERTa.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::vocabulary::{Parts, Vocabulary};
use crate::gguf::error::GgufError;

/// The blanks that T5 fills.
const BLANKS: usize = 100;

pub(super) fn parts(vocabulary: &Vocabulary<'_>) -> Result<Parts, GgufError> {
    let gguf = vocabulary.gguf;
    let mut tokens: Vec<String> = vocabulary.tokens.iter().map(|&t| t.to_owned()).collect();
    // Files call the blanks of T5 as they call rows without a token.
    let is_placeholder = |token: &str| {
        let number = token.strip_prefix("[PAD").and_then(|t| t.strip_suffix(']'));
        number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut blanks = Vec::new();
    let numbered = (0_u64..).zip(&mut tokens);
    let placeholders = numbered.filter(|(_, token)| is_placeholder(token));
    for (i, (id, token)) in placeholders.take(BLANKS).enumerate() {
        *token = format!("<extra_id_{}>", BLANKS - 1 - i);
        blanks.push((id, token.clone()));
    }
    let scored: Vec<(String, f64)> = tokens.into_iter().zip(vocabulary.scores()?).collect();
    let normalizer = match gguf.numbers("tokenizer.ggml.precompiled_charsmap")? {
        Some(bytes) if !bytes.is_empty() => {
            // Written as signed or unsigned bytes.
            let bytes: Vec<u8> = bytes.iter().map(|&b| (b as i64 & 0xFF) as u8).collect();
            json!({"type": "Precompiled", "precompiled_charsmap": STANDARD.encode(bytes)})
        }
        _ => Value::Null,
    };
    let unknown = gguf.whole("tokenizer.ggml.unknown_token_id")?;
    Ok(Parts {
        normalizer,
        pre_tokenizer: json!({
            "type": "Sequence",
            "pretokenizers": [
                {"type": "WhitespaceSplit"},
                {
                    "type": "Metaspace",
                    "replacement": "\u{2581}",
                    "prepend_scheme": "always",
                    "split": true,
                },
            ],
        }),
        model: json!({
            "type": "Unigram",
            "unk_id": unknown.unwrap_or(2),
            "vocab": scored,
            "byte_fallback": false,
        }),
        ends: (gguf.text("general.architecture")? == Some("bert"), true),
        is_spelled: |_| true,
        blanks,
    })
}
