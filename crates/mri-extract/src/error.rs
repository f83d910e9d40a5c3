use std::io;
use std::path::{Path, PathBuf};

use mri_core::{BackendError, Cancelled, CoreError};
use mri_corpus::CorpusError;
use mri_store::StoreError;
use thiserror::Error;

use crate::engine::ModelError;
use crate::hub::HubError;

/// Why texts could not be read, tokenised, recorded or kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
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
    /// The tokenizer could not be loaded or used.
    #[error("{}: {problem}", .path.display())]
    Tokenizer {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The tokenizer gives ids that the model does not know.
    #[error("{}: the tokenizer has {tokens} tokens, but the model's vocabulary has {vocab_size}; it belongs to another model", .path.display())]
    WrongTokenizer {
        /// The tokenizer's file.
        path: PathBuf,
        /// One more than its largest id.
        tokens: usize,
        /// The entries of the model's vocabulary.
        vocab_size: usize,
    },
    /// A number of tokens that the model cannot take was asked for.
    #[error(
        "a maximum length of {asked} tokens was asked for, but it must be from {lowest} to {highest}"
    )]
    BadMaxLength {
        /// What was asked for.
        asked: usize,
        /// The least: the special tokens and one more.
        lowest: usize,
        /// The model's limit.
        highest: usize,
    },
    /// The engine failed on a batch.
    #[error("text {row} of the corpus (counted from 0): {source}")]
    Text {
        /// The row of the text at fault.
        row: usize,
        /// What the engine says of it; its text number is that of the batch.
        source: BackendError,
    },
    /// The engine failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The engine returned matrices that are not those asked for.
    #[error("the engine returned {found} for layer {layer} where {expected} was asked for")]
    BadMatrix {
        /// The layer.
        layer: mri_core::Layer,
        /// The shape returned.
        found: String,
        /// The shape asked for.
        expected: String,
    },
    /// A recording asks for something that cannot be recorded this way.
    #[error("{0}")]
    Unsupported(&'static str),
    /// Labels and rows do not fit.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The watch asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<CorpusError> for ExtractError {
    /// An error of ours that passed through a reader of texts comes out as itself.
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
    /// An I/O error with its path, for use with `map_err`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
