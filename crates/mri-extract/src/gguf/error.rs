use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a GGUF file could not be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GgufError {
    /// A file could not be opened or mapped.
    #[error("{}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file is damaged, incomplete or no GGUF file.
    #[error("{}: not a complete GGUF file: {problem}", .path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A part of a model in several files is not there.
    #[error("{}: not found; it is part {number} of {count} of a model", .path.display())]
    MissingPart {
        /// The part that is missing.
        path: PathBuf,
        /// Its number, from 1.
        number: usize,
        /// The number of parts.
        count: usize,
    },
    /// The metadata lack an entry.
    #[error("{}: the metadata have no {key}", .path.display())]
    MissingKey {
        /// The file.
        path: PathBuf,
        /// The entry.
        key: String,
    },
    /// An entry of the metadata has a value that makes no sense.
    #[error("{}: {key}: {problem}", .path.display())]
    BadValue {
        /// The file.
        path: PathBuf,
        /// The entry.
        key: String,
        /// What is wrong with its value.
        problem: String,
    },
    /// A tensor is stored in a format that is not read.
    #[error(
        "{}: tensor {tensor:?} is stored as {kind}; supported are {supported}", .path.display()
    )]
    UnsupportedType {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The name of its type.
        kind: String,
        /// The types that are read, comma-separated.
        supported: String,
    },
    /// The architecture is not supported.
    #[error(
        "{}: architecture {architecture:?} is not supported; supported are {supported}",
        .path.display()
    )]
    UnsupportedArchitecture {
        /// The file.
        path: PathBuf,
        /// Its `general.architecture`.
        architecture: String,
        /// The supported ones, comma-separated.
        supported: String,
    },
    /// The tokenizer that the metadata describe is not supported.
    #[error("{}: {key} = {value:?} is not supported; supported are {supported}", .path.display())]
    UnsupportedTokenizer {
        /// The file.
        path: PathBuf,
        /// The entry of the metadata.
        key: &'static str,
        /// Its value.
        value: String,
        /// The supported values, comma-separated.
        supported: String,
    },
}
