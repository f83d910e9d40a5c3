use std::path::{Path, PathBuf};

use mri_core::{ModelInfo, TokenBatch};
use sha2::{Digest, Sha256};
use tokenizers::{Tokenizer, TruncationParams};

use crate::ExtractError;

/// Texts longer than this many tokens are cut unless asked otherwise: what BERT takes, and longer
/// than nearly every sentence or abstract.
const DEFAULT_MAX_LENGTH: usize = 512;

/// So many texts are tokenised at a time: the tokenizer keeps some hundred bytes for each of their
/// tokens, we only the ids.
const CHUNK: usize = 512;

/// Turns texts into the token ids of one model.
///
/// The tokenizer is the model's own `tokenizer.json`, special tokens included; padding is always
/// off, since batches are ragged.
#[derive(Debug, Clone)]
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    path: PathBuf,
    hash: String,
    max_length: usize,
}

/// Tokenised texts in corpus order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizedTexts {
    /// The token ids.
    pub tokens: TokenBatch,
    /// How many texts were longer than the limit and cut.
    pub truncated: usize,
}

impl TextTokenizer {
    /// Loads `tokenizer.json` from a model's folder and checks it against the model.
    ///
    /// `max_length` is the number of tokens, special ones included, after which a text is cut;
    /// the default is 512 or the model's limit, whichever is smaller.
    ///
    /// # Errors
    /// [`ExtractError::Io`] or [`ExtractError::Tokenizer`] if the file is missing or not a
    /// tokenizer, [`ExtractError::WrongTokenizer`] if it knows more tokens than the model,
    /// [`ExtractError::BadMaxLength`].
    pub fn open(
        folder: &Path,
        model: &ModelInfo,
        max_length: Option<usize>,
    ) -> Result<Self, ExtractError> {
        let path = folder.join("tokenizer.json");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let problem = "not found; models saved without a fast tokenizer get one from \
                               python: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)";
                return Err(ExtractError::Tokenizer {
                    path,
                    problem: problem.to_owned(),
                });
            }
            Err(source) => return Err(ExtractError::Io { path, source }),
        };
        let broken = |e: tokenizers::Error| ExtractError::Tokenizer {
            path: path.clone(),
            problem: format!("not a tokenizer: {e}"),
        };
        let mut tokenizer = Tokenizer::from_bytes(&bytes).map_err(broken)?;
        let tokens = tokenizer
            .get_vocab(true)
            .values()
            .max()
            .map_or(0, |&id| id as usize + 1);
        if tokens > model.vocab_size {
            let vocab_size = model.vocab_size;
            return Err(ExtractError::WrongTokenizer {
                path,
                tokens,
                vocab_size,
            });
        }
        let special = tokenizers::PostProcessor::added_tokens;
        let special = tokenizer
            .get_post_processor()
            .map_or(0, |p| special(p, false));
        let highest = model.max_length.unwrap_or(usize::MAX);
        let length = max_length.unwrap_or(DEFAULT_MAX_LENGTH.min(highest));
        if length <= special || length > highest {
            return Err(ExtractError::BadMaxLength {
                asked: length,
                lowest: special + 1,
                highest,
            });
        }
        let cut = TruncationParams {
            max_length: length,
            ..TruncationParams::default()
        };
        tokenizer.with_truncation(Some(cut)).map_err(broken)?;
        tokenizer.with_padding(None);
        let hash = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self {
            tokenizer,
            path,
            hash,
            max_length: length,
        })
    }

    /// The number of tokens after which a text is cut.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The SHA-256 of the tokenizer's file, as 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Tokenises texts, in parallel, keeping their order.
    ///
    /// # Errors
    /// [`ExtractError::Tokenizer`] with what the tokenizer reports; [`ExtractError::Missing`] for a
    /// text that leaves no token at all (a decoder's tokenizer on an empty text).
    pub fn encode<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
    ) -> Result<TokenizedTexts, ExtractError> {
        let problem = |problem| ExtractError::Tokenizer {
            path: self.path.clone(),
            problem,
        };
        let mut tokens = TokenBatch::new();
        let mut truncated = 0;
        for chunk in texts.chunks(CHUNK) {
            let inputs: Vec<&str> = chunk.iter().map(AsRef::as_ref).collect();
            let encodings = self
                .tokenizer
                .encode_batch_fast(inputs, true)
                .map_err(|e| problem(e.to_string()))?;
            for encoding in &encodings {
                if encoding.get_ids().is_empty() {
                    let row = tokens.len();
                    return Err(problem(format!(
                        "text {row} of the corpus (counted from 0) has no tokens"
                    )));
                }
                truncated += usize::from(!encoding.get_overflowing().is_empty());
                tokens.push(encoding.get_ids());
            }
        }
        Ok(TokenizedTexts { tokens, truncated })
    }
}
