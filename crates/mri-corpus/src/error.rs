use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use mri_core::{CoreError, Shard};
use thiserror::Error;

/// Why a corpus could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// A file or folder could not be read.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The path is not in a format that can be read.
    #[error("{}: {problem}", .path.display())]
    Format {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: FormatProblem,
    },
    /// A column is missing or holds values of another type.
    #[error("{}: {}", .path.display(), .problem.of(.column))]
    Column {
        /// The table.
        path: PathBuf,
        /// The name of the column.
        column: String,
        /// What it is needed for.
        role: ColumnRole,
        /// What is wrong with it.
        problem: ColumnProblem,
    },
    /// A row, or another place in a file, is not well formed.
    #[error("{}, {place}: {problem}", .path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Where in it, such as `line 7`.
        place: String,
        /// What is wrong there.
        problem: RowProblem,
    },
    /// The corpus has no labeled text.
    #[error(
        "{}: no labeled texts in it{}",
        .path.display(),
        if *.n_dropped > 0 { format!("; {n_dropped} rows lack a text or a label") } else { String::new() }
    )]
    Empty {
        /// The corpus.
        path: PathBuf,
        /// The number of rows that were dropped because they lack a text or a label.
        n_dropped: usize,
    },
    /// The corpus is not what it was when it was opened.
    #[error("{}: was changed while it was being read; start again once it is complete", .path.display())]
    Changed {
        /// The corpus.
        path: PathBuf,
    },
    /// A sample of 0 texts was requested.
    #[error("a sample needs at least 1 text{}", if *.per_class { " of each label" } else { "" })]
    EmptySample {
        /// Whether the sample has a size per label (`per_class`), or in all (`limit`).
        per_class: bool,
    },
    /// A dataset has several splits and none was named, or it has no split of this name.
    #[error("{}: {}", .path.display(), split_problem(.split.as_deref(), .splits))]
    Split {
        /// The dataset.
        path: PathBuf,
        /// The requested split, if any.
        split: Option<String>,
        /// The splits of the dataset; none if it is not divided.
        splits: Vec<String>,
    },
    /// Categories are to be compared, but there is only one.
    #[error("{}: all texts have the label {label:?}; at least two labels are needed to compare", .path.display())]
    SingleCategory {
        /// The corpus.
        path: PathBuf,
        /// The only label.
        label: String,
    },
    /// A shard cannot be taken.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// The consumer of the texts failed, and its own error.
    #[error(transparent)]
    Consumer(Box<dyn Error + Send + Sync>),
    /// Labels are inconsistent.
    #[error(transparent)]
    Core(#[from] CoreError),
}

/// What a column is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnRole {
    /// The texts.
    Text,
    /// The labels.
    Label,
}

impl fmt::Display for ColumnRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Label => "label",
        })
    }
}

/// Why a path cannot be read as a corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatProblem {
    /// The format is not known.
    #[error(
        "not a corpus; expected a .csv or .tsv file with a header, a .jsonl file with an object per line, \
         a .parquet file, a folder written by save_to_disk of datasets, or a folder with one folder of .txt files per label"
    )]
    Unknown,
    /// The feature `parquet` is off.
    #[error(
        "Parquet is not read by this build; build it with the feature `parquet`, or save the table as JSON Lines"
    )]
    ParquetDisabled,
    /// The texts are read twice, and a pipe can be read only once.
    #[error("a pipe, which can be read only once; save the texts to a file first")]
    Pipe,
}

/// What is wrong with a column.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnProblem {
    /// The table has no such column.
    Missing {
        /// The columns that it has; of JSON Lines the first few.
        columns: Vec<String>,
    },
    /// The column holds neither strings nor integers.
    Type {
        /// The type of its values.
        found: String,
    },
}

impl ColumnProblem {
    fn of(&self, column: &str) -> String {
        match self {
            Self::Missing { columns } => {
                let columns: Vec<String> = columns.iter().map(|name| format!("{name:?}")).collect();
                format!(
                    "no column {column:?}; the columns are {}",
                    columns.join(", ")
                )
            }
            Self::Type { found } => {
                format!(
                    "column {column:?} holds values of type {found}, neither strings nor integers"
                )
            }
        }
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// The value is missing, empty or only white space.
    #[error("no {0}")]
    Missing(ColumnRole),
    /// The text or label is not UTF-8.
    #[error("not valid UTF-8; convert the file to UTF-8 first")]
    NotUtf8,
    /// The label is a number that the declared classes do not have.
    #[error("label {label} is none of the {classes} declared classes, which are numbered from 0")]
    UnknownLabel {
        /// The number found.
        label: i128,
        /// The number of declared classes.
        classes: usize,
    },
    /// The value is a list or an object.
    #[error("{column:?} holds a list or an object where a string is needed")]
    NotText {
        /// The name of the column.
        column: String,
        /// What it is needed for.
        role: ColumnRole,
    },
    /// The file is damaged or not well formed.
    #[error("{0}")]
    Malformed(String),
}

/// Why a shard cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShardError {
    /// There are more shards than texts.
    #[error("shard {shard} has no text, since the corpus has only {texts}; make fewer shards")]
    Empty {
        /// The shard.
        shard: Shard,
        /// The texts of the corpus.
        texts: usize,
    },
    /// The corpus is itself a shard.
    #[error("the corpus is a shard already; make shards of the whole corpus")]
    Nested,
}

fn split_problem(split: Option<&str>, splits: &[String]) -> String {
    match (split, splits) {
        (None, splits) => format!("a dataset of several splits: {}", splits.join(", ")),
        (Some(split), []) => format!("no split {split:?}; it is not divided into splits"),
        (Some(split), splits) => {
            format!("no split {split:?}; the splits are {}", splits.join(", "))
        }
    }
}

impl CorpusError {
    /// Wraps the error of what takes the texts, so that it passes through
    /// [`TextSource::for_each`](crate::TextSource::for_each).
    pub fn consumer(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Consumer(error.into())
    }

    /// An I/O error with its path, for `map_err`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// A problem at a place of a file.
    pub(crate) fn row(path: &Path, place: impl Into<String>, problem: RowProblem) -> Self {
        Self::Row {
            path: path.to_owned(),
            place: place.into(),
            problem,
        }
    }

    /// A place of a file that is not well formed.
    pub(crate) fn malformed(
        path: &Path,
        place: impl Into<String>,
        problem: impl Into<String>,
    ) -> Self {
        Self::row(path, place, RowProblem::Malformed(problem.into()))
    }

    /// A column that a table does not have.
    pub(crate) fn missing_column(
        path: &Path,
        name: &str,
        columns: &[String],
        role: ColumnRole,
    ) -> Self {
        Self::Column {
            path: path.to_owned(),
            column: name.to_owned(),
            role,
            problem: ColumnProblem::Missing {
                columns: columns.to_vec(),
            },
        }
    }
}
