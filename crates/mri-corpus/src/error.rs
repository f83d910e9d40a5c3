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
    /// A file without a byte of text, or a folder without a file.
    #[error("{} is empty", .path.display())]
    EmptyFile {
        /// The file or folder.
        path: PathBuf,
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
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatProblem {
    /// The format is not known.
    #[error(
        "not a corpus; expected a .csv or .tsv table with a header, a .jsonl, .json, .parquet or .arrow file, \
         a dataset of Hugging Face's datasets, a folder of such files, \
         or a folder with one folder of .txt files per label"
    )]
    Unknown,
    /// A workbook of a spreadsheet program.
    #[error("a spreadsheet, which is not read; save its sheet as \"CSV UTF-8\" and give that file")]
    Spreadsheet,
    /// An archive, or a compression that is not read.
    #[error(
        "an archive or of a compression that is not read (only .gz and .zst are); unpack it first"
    )]
    Archive,
    /// A table that is not text, compressed as a whole.
    #[error("compressed as a whole, which only text may be; unpack it first")]
    Packed,
    /// What Git keeps in place of a large file.
    #[error("not the file itself but what Git keeps in its place; run `git lfs pull` in the clone")]
    LfsPointer,
    /// A file of another format than its name says.
    #[error("not text but a file of format {0}; give it the ending .{0}")]
    Misnamed(&'static str),
    /// The feature `parquet` is off.
    #[error(
        "Parquet is not read by this build; build it with the feature `parquet`, or save the table as JSON Lines"
    )]
    ParquetDisabled,
    /// The texts are read twice, and a pipe can be read only once.
    #[error("a pipe, which can be read only once; save the texts to a file first")]
    Pipe,
    /// The name of a stream tells no format.
    #[error("the format of these texts has to be named")]
    Unnamed,
    /// A folder has tables in several places, and which of them belong together is not known.
    #[error(
        "tables of one split are in several places or formats: {}; give the folder or file of one",
        .0.join(", ")
    )]
    SeveralTables(Vec<String>),
    /// Files of a split that was stored in several are not there.
    #[error("{missing} of the {expected} files of {name} are not there; download it again")]
    MissingFiles {
        /// What the files are named for.
        name: String,
        /// How many there should be.
        expected: usize,
        /// How many of them are not there.
        missing: usize,
    },
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
    /// The table has several columns of this name.
    Duplicate,
    /// The column holds neither strings nor numbers.
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
                match columns.as_slice() {
                    [] => format!("no column {column:?}, nor any other with a name"),
                    _ => format!(
                        "no column {column:?}; the columns are {}",
                        columns.join(", ")
                    ),
                }
            }
            Self::Duplicate => format!("several columns are named {column:?}; rename all but one"),
            Self::Type { found } => {
                format!(
                    "column {column:?} holds values of type {found}, neither strings nor numbers"
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
    /// A string of a typed column, or a name, is not UTF-8.
    #[error("not valid UTF-8; convert it to UTF-8 first")]
    NotUtf8,
    /// A byte of a file of text is not UTF-8.
    #[error("the byte 0x{byte:02X} is no character of UTF-8")]
    OtherEncoding {
        /// The byte.
        byte: u8,
    },
    /// A quoted field does not end before the file does.
    #[error("the quote that opens here is never closed")]
    UnclosedQuote,
    /// A quoted field ends where neither a separator nor a line end follows.
    #[error("a quote ends the field that was opened at {opened}, but the field goes on")]
    StrayQuote {
        /// Where the field starts, such as `line 3, column 1`.
        opened: String,
    },
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

    /// Bytes of a file that are not UTF-8; `place` is that of their first character.
    pub(crate) fn not_utf8(
        path: &Path,
        line: u64,
        bytes: &[u8],
        error: &std::str::Utf8Error,
    ) -> Self {
        let (good, rest) = bytes.split_at(error.valid_up_to());
        let from = good
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        let line = line + good.iter().filter(|&&byte| byte == b'\n').count() as u64;
        let column = 1 + n_characters(&good[from..]);
        let byte = rest.first().copied().unwrap_or_default();
        let place = format!("line {line}, column {column}");
        Self::row(path, place, RowProblem::OtherEncoding { byte })
    }

    /// Several columns of a name that should be one's.
    pub(crate) fn duplicate_column(path: &Path, name: &str, role: ColumnRole) -> Self {
        Self::Column {
            path: path.to_owned(),
            column: name.to_owned(),
            role,
            problem: ColumnProblem::Duplicate,
        }
    }

    /// A split of a corpus that is not divided into splits.
    pub(crate) fn undivided(path: &Path, split: &str) -> Self {
        Self::Split {
            path: path.to_owned(),
            split: Some(split.to_owned()),
            splits: Vec::new(),
        }
    }

    /// A path that is no corpus.
    pub(crate) fn format(path: &Path, problem: FormatProblem) -> Self {
        Self::Format {
            path: path.to_owned(),
            problem,
        }
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

/// Characters of UTF-8, of which all bytes but the first start with the bits 10.
pub(crate) fn n_characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

/// The index of the column of this name, which only one may have.
pub(crate) fn find_column<S: AsRef<str>>(
    path: &Path,
    names: &[S],
    name: &str,
    role: ColumnRole,
) -> Result<usize, CorpusError> {
    let mut places = (0..names.len()).filter(|&place| names[place].as_ref() == name);
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (Some(_), Some(_)) => Err(CorpusError::duplicate_column(path, name, role)),
        (None, _) => {
            let names: Vec<String> = names
                .iter()
                .map(|name| name.as_ref().to_owned())
                .filter(|name| !name.is_empty())
                .collect();
            Err(CorpusError::missing_column(path, name, &names, role))
        }
    }
}
