use std::io;
use std::path::{Path, PathBuf};

use mri_core::{BackendError, Cancelled, CoreError, Layer};
use mri_corpus::CorpusError;
use mri_store::StoreError;
use thiserror::Error;

use crate::engine::ModelError;
use crate::hub::HubError;

/// Why texts could not be tokenized or recorded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The texts could not be read.
    #[error(transparent)]
    Corpus(CorpusError),
    /// The recording could not be kept on disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The model could not be loaded.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model could not be fetched from the hub.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The tokenizer could not be loaded, or failed on a text.
    #[error("{}: {problem}", .path.display())]
    Tokenizer {
        /// The tokenizer's file.
        path: PathBuf,
        /// What is wrong.
        problem: TokenizerProblem,
    },
    /// The options do not suit the model.
    #[error(transparent)]
    Options(#[from] OptionsProblem),
    /// The engine failed on a text.
    #[error("text {row} of the corpus (counted from 0): {source}")]
    Text {
        /// The row of the text in the corpus.
        row: usize,
        /// The engine's error; it counts texts within the batch.
        source: BackendError,
    },
    /// The engine failed on a batch.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The engine returned a matrix of another shape than requested.
    #[error("the engine returned {found} for layer {layer}, but {expected} was requested")]
    BadMatrix {
        /// The layer.
        layer: Layer,
        /// The shape returned.
        found: String,
        /// The shape requested.
        expected: String,
    },
    /// A row has values that are not finite.
    #[error(
        "text {row} of the corpus (counted from 0): layer {layer} has values that are not finite, as in {rows} of the {of} texts of this batch"
    )]
    NotFinite {
        /// The first such row of the batch.
        row: usize,
        /// The first captured layer in which a row is not finite.
        layer: Layer,
        /// The rows of the batch that are not finite in that layer.
        rows: usize,
        /// The rows of the batch.
        of: usize,
    },
    /// Labels and rows do not fit together.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The watch cancelled the work.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// What is wrong with a tokenizer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenizerProblem {
    /// The model's folder has no tokenizer.
    #[error(
        "not found, and neither is vocab.txt, vocab.json with merges.txt, or a SentencePiece model (tokenizer.model, spiece.model, sentencepiece.bpe.model); a model needs one of them"
    )]
    NotFound,
    /// The file is not a tokenizer.
    #[error("not a tokenizer: {0}")]
    Invalid(String),
    /// A text has a token that the model has no embedding for.
    #[error(
        "text {row} of the corpus (counted from 0) has the token {token:?} with id {id}, but the model's vocabulary has {vocab_size} entries"
    )]
    UnknownToken {
        /// The row of the text.
        row: usize,
        /// The id.
        id: u32,
        /// The token.
        token: String,
        /// The size of the model's vocabulary.
        vocab_size: usize,
    },
    /// The normalizer makes texts so much longer that memory would not hold them.
    #[error("its normalizer makes texts up to {growth} times as long; 256 times is the most")]
    Growth {
        /// The factor.
        growth: u64,
    },
    /// A text has no token at all.
    #[error("text {row} of the corpus (counted from 0) has no tokens")]
    NoTokens {
        /// The row of the text.
        row: usize,
    },
    /// The tokenizer failed.
    #[error("{0}")]
    Failed(String),
}

/// Why options do not suit a model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OptionsProblem {
    /// The model's own pooling cannot be recorded.
    #[error("{}: pooling {mode} cannot be recorded", .path.display())]
    PoolingMode {
        /// The file that sets it.
        path: PathBuf,
        /// Its name there.
        mode: String,
    },
    /// The maximum length is outside the model's range.
    #[error("the maximum length is {requested} tokens, but it must be from {lowest} to {highest}")]
    MaxLength {
        /// The requested length.
        requested: usize,
        /// The special tokens and one more.
        lowest: usize,
        /// The model's limit.
        highest: usize,
    },
    /// `Pooling::Tokens` gives one row per token, and a recording has one per text.
    #[error("pooling `tokens` gives one row per token, not one per text; choose another pooling")]
    TokensPooling,
    /// The model has none of the requested sites.
    #[error("the model has none of the requested sites")]
    NoSites,
}

impl From<CorpusError> for ExtractError {
    /// Unwraps an error of this type that passed through a reader of texts.
    fn from(error: CorpusError) -> Self {
        match error {
            CorpusError::Consumer(error) => match error.downcast::<Self>() {
                Ok(error) => *error,
                Err(error) => Self::Corpus(CorpusError::Consumer(error)),
            },
            error => Self::Corpus(error),
        }
    }
}

impl ExtractError {
    /// An I/O error with its path, for `map_err`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
