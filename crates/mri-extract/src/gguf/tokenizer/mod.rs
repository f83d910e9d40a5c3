//! The tokenizer of a GGUF file, as a `tokenizer.json`.

mod byte_level;
mod merges;
mod sentence_piece;
mod special;
mod unigram;
mod vocabulary;
mod word_piece;

use serde_json::{Value, json};

use super::error::GgufError;
use super::file::Gguf;
use special::{added_tokens, template};
use vocabulary::Vocabulary;

/// The `tokenizer.json` that the metadata of a file describe.
///
/// # Errors
/// [`GgufError`] if entries are missing or their kind is not supported.
pub(crate) fn tokenizer_json(gguf: &Gguf) -> Result<Value, GgufError> {
    let key = "tokenizer.ggml.model";
    let kind = gguf.required(key, gguf.text(key)?)?;
    let vocabulary = Vocabulary::read(gguf)?;
    let parts = match kind {
        "gpt2" => byte_level::parts(&vocabulary)?,
        "llama" => sentence_piece::parts(&vocabulary)?,
        "t5" => unigram::parts(&vocabulary)?,
        "bert" => word_piece::parts(&vocabulary)?,
        other => {
            return Err(GgufError::UnsupportedTokenizer {
                path: gguf.path().to_owned(),
                key,
                value: other.to_owned(),
                supported: "gpt2, llama, t5, bert".to_owned(),
            });
        }
    };
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added_tokens(&vocabulary, &parts)?,
        "normalizer": parts.normalizer,
        "pre_tokenizer": parts.pre_tokenizer,
        "post_processor": template(&vocabulary, parts.ends)?,
        "decoder": null,
        "model": parts.model,
    }))
}
