//! Parts of tokenizers that files of several kinds describe, in the format of `tokenizer.json`.

use serde_json::{Value, json};
use tokenizers::normalizers::precompiled::Precompiled;

/// The character that stands for a space in pieces of SentencePiece.
pub(crate) const SPACE: &str = "▁";

/// The words of Qwen 2: contractions, words, single digits, punctuation, lines, spaces.
pub(crate) const QWEN2_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The normalizer of SentencePiece's compiled rules; `None` if there are none.
pub(crate) fn precompiled(charsmap: &[u8]) -> Result<Option<Value>, String> {
    if charsmap.is_empty() {
        return Ok(None);
    }
    let rules = Precompiled::from(charsmap).map_err(|e| e.to_string())?;
    let mut json = serde_json::to_value(rules).map_err(|e| e.to_string())?;
    json["type"] = json!("Precompiled");
    Ok(Some(json))
}
