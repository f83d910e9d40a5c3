//! What the kinds of vocabularies share.

use serde_json::Value;

use crate::gguf::error::GgufError;
use crate::gguf::file::Gguf;

/// The vocabulary of a file.
pub(super) struct Vocabulary<'a> {
    pub(super) gguf: &'a Gguf,
    pub(super) tokens: Vec<&'a str>,
    /// 1 is normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 a byte.
    pub(super) types: Vec<f64>,
}

/// The parts of a tokenizer that the kinds of vocabularies differ in.
pub(super) struct Parts {
    pub(super) normalizer: Value,
    pub(super) pre_tokenizer: Value,
    pub(super) model: Value,
    /// Whether texts start and end with a special token where the file does not say so.
    pub(super) ends: (bool, bool),
    /// Whether a token of the file is spelled the same in the vocabulary.
    pub(super) is_spelled: fn(&str) -> bool,
    /// Special tokens that the file calls otherwise, by id.
    pub(super) blanks: Vec<(u64, String)>,
}

impl<'a> Vocabulary<'a> {
    pub(super) fn read(gguf: &'a Gguf) -> Result<Self, GgufError> {
        let key = "tokenizer.ggml.tokens";
        Ok(Self {
            gguf,
            tokens: gguf.required(key, gguf.texts(key)?)?,
            types: gguf
                .numbers("tokenizer.ggml.token_type")?
                .unwrap_or_default(),
        })
    }

    /// The scores, one per token.
    pub(super) fn scores(&self) -> Result<Vec<f64>, GgufError> {
        let key = "tokenizer.ggml.scores";
        let scores = self.gguf.required(key, self.gguf.numbers(key)?)?;
        if scores.len() == self.tokens.len() {
            return Ok(scores);
        }
        let (scores, tokens) = (scores.len(), self.tokens.len());
        Err(self
            .gguf
            .bad(key, format!("{scores} scores for {tokens} tokens")))
    }

    /// The token that an entry of the metadata names by its id.
    pub(super) fn token_of(&self, key: &str) -> Result<Option<(u64, &'a str)>, GgufError> {
        let key = format!("tokenizer.ggml.{key}");
        let Some(id) = self.gguf.whole(&key)? else {
            return Ok(None);
        };
        // Some writers give -1 for none, which is the largest number.
        let token = usize::try_from(id).ok().and_then(|i| self.tokens.get(i));
        Ok(token.map(|token| (id, *token)))
    }
}
