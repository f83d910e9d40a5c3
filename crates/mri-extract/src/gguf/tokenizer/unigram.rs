//! SentencePiece's unigram model, as of T5 and XLM-RoBERTa.

use serde_json::json;

use super::vocabulary::{Parts, Vocabulary};
use crate::gguf::error::GgufError;
use crate::tokenizer_parts::{SPACE, precompiled};

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
    let key = "tokenizer.ggml.precompiled_charsmap";
    let charsmap = gguf.numbers(key)?.unwrap_or_default();
    // Written as signed or unsigned bytes.
    let charsmap: Vec<u8> = charsmap.iter().map(|&b| (b as i64 & 0xFF) as u8).collect();
    let normalizer = precompiled(&charsmap).map_err(|problem| gguf.bad(key, problem))?;
    let unknown = gguf.whole("tokenizer.ggml.unknown_token_id")?;
    Ok(Parts {
        normalizer: normalizer.unwrap_or_default(),
        pre_tokenizer: json!({
            "type": "Sequence",
            "pretokenizers": [
                {"type": "WhitespaceSplit"},
                {
                    "type": "Metaspace",
                    "replacement": SPACE,
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
