use std::io;
use std::path::{Path, PathBuf};

use mri_core::{BackendError, Cancelled, CoreError, Shard};
use mri_store::StoreError;
use thiserror::Error;

use crate::{HubError, ModelError};

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
    /// The path is neither a table nor a folder that this crate reads.
    #[error(
        "{}: not a corpus; expected a .csv or .tsv file with a header, a .jsonl file with an object per line, \
         a .parquet file, a folder written by save_to_disk of datasets, or a folder with one folder of .txt files per label",
        .path.display()
    )]
    UnknownFormat {
        /// What was given.
        path: PathBuf,
    },
    /// A table lacks a column.
    #[error("{}: no column {column:?}; the columns are {columns}; name the right one with --{flag}", .path.display())]
    MissingColumn {
        /// The table.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The columns there are, quoted and comma-separated.
        columns: String,
        /// The program's option that names the column.
        flag: &'static str,
    },
    /// A row has no text or no label.
    #[error("{}, {place}: no {what}; fill it in, or leave such rows out with --drop-missing", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// Where in it, such as `line 7`.
        place: String,
        /// `"text"` or `"label"`.
        what: &'static str,
    },
    /// A text or label is not UTF-8.
    #[error("{}, {place}: not valid UTF-8; convert the file to UTF-8 first", .path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: String,
    },
    /// A table is not well formed.
    #[error("{}, {place}: {problem}", .path.display())]
    BadTable {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// There is no text at all.
    #[error(
        "{}: no labelled texts in it{}",
        .path.display(),
        if *.dropped > 0 { format!("; {dropped} rows lack a text or a label") } else { String::new() }
    )]
    EmptyCorpus {
        /// The corpus.
        path: PathBuf,
        /// Rows left out for want of a text or a label.
        dropped: usize,
    },
    /// A corpus is not what it was when it was opened.
    #[error("{}: was changed while it was being read; start again once it is complete", .path.display())]
    CorpusChanged {
        /// The corpus.
        path: PathBuf,
    },
    /// A sample of no texts was asked for.
    #[error("--{flag} 0: a sample needs at least 1 text")]
    EmptySample {
        /// The program's option.
        flag: &'static str,
    },
    /// A label of a dataset is a number that its classes do not have.
    #[error(
        "{}, {place}: label {label} is none of the {classes} declared classes, which are numbered from 0; \
         correct it, or leave rows without a label (-1) out with --drop-missing",
        .path.display()
    )]
    UnknownLabel {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: String,
        /// The number found.
        label: i128,
        /// How many classes are declared.
        classes: usize,
    },
    /// A dataset has several parts, and none of them or one that is not there was asked for.
    #[error(
        "{}: {}; {splits}",
        .path.display(),
        if .split.is_empty() { "a dataset of several parts".to_owned() } else { format!("no part {split:?}") }
    )]
    NoSuchSplit {
        /// The dataset.
        path: PathBuf,
        /// The part asked for; empty if none was.
        split: String,
        /// What to do, with the parts there are.
        splits: String,
    },
    /// Categories are to be compared, but there is only one.
    #[error("{}: all texts have the label {label:?}; at least two labels are needed to compare", .path.display())]
    SingleCategory {
        /// The corpus.
        path: PathBuf,
        /// The one label.
        label: String,
    },
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
    /// There are more shards than texts.
    #[error("shard {shard} has no text, since the corpus has only {texts}; make fewer shards")]
    EmptyShard {
        /// The shard.
        shard: Shard,
        /// The texts of the corpus.
        texts: usize,
    },
    /// Labels and rows do not fit.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The watch asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
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
