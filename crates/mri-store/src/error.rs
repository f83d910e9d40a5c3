use std::io;
use std::path::{Path, PathBuf};

use mri_core::{CoreError, Layer, Shard};
use thiserror::Error;

use crate::damage::Damage;
use crate::holder::LockHolder;

/// Why a store could not be written, opened or merged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A `.npy` file has another format, element type or shape than expected.
    #[error("{}: {problem}", .path.display())]
    BadNpy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A manifest cannot be parsed, or has another format version.
    #[error("{}: not a manifest of this version: {problem}", .path.display())]
    BadManifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file is not the one that was written, by its checksum in the manifest, or is missing.
    #[error("{}: damaged: it {damage}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The folder holds a recording of another model, corpus or options.
    #[error("{}: holds another recording ({differences})", .folder.display())]
    Mismatch {
        /// The store's folder.
        folder: PathBuf,
        /// For each entry that differs, the stored and the requested value.
        differences: String,
    },
    /// The folder holds files that do not belong to a recording.
    #[error("{}: not empty, and not a recording", .folder.display())]
    NotAStore {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder holds no recording, or does not exist.
    #[error("{}: holds no recording", .folder.display())]
    NoRecording {
        /// The folder.
        folder: PathBuf,
    },
    /// The recording was interrupted; batches are missing.
    #[error("{}: the recording is not finished", .folder.display())]
    Unfinished {
        /// The store's folder.
        folder: PathBuf,
    },
    /// Another process holds the folder's lock.
    #[error("{}: {} is writing into this folder", .folder.display(), who(.holder.as_ref()))]
    Busy {
        /// The folder.
        folder: PathBuf,
        /// The process, where it could be read who it is.
        holder: Option<LockHolder>,
    },
    /// A finite value exceeds the range of `float16`.
    #[error(
        "text {row} of the corpus (counted from 0) has the value {value} in layer {layer}, too large for float16; store float32 instead"
    )]
    HalfOverflow {
        /// The row of the text.
        row: usize,
        /// The layer.
        layer: Layer,
        /// The value.
        value: f32,
    },
    /// Activations in memory can only be saved as `float32`.
    #[error("activations in memory are saved as float32, but the manifest names another format")]
    NotF32,
    /// Stores of shards do not make up one recording.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// Labels and matrices do not fit together.
    #[error(transparent)]
    Core(#[from] CoreError),
}

/// Why the stores of shards do not make up one recording.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MergeError {
    /// The store holds a whole corpus, not a shard.
    #[error("{}: not the recording of a shard", .folder.display())]
    NotAShard {
        /// The store's folder.
        folder: PathBuf,
    },
    /// Two shards come from different recordings.
    #[error(
        "{}: not a shard of the recording that {} is of ({differences})",
        .folder.display(), .other.display()
    )]
    Different {
        /// The store's folder.
        folder: PathBuf,
        /// The store that it was compared with.
        other: PathBuf,
        /// For each entry that differs, the value of `other` and that of `folder`.
        differences: String,
    },
    /// The same shard is given twice.
    #[error("shard {shard} is given twice: {} and {}", .folders[0].display(), .folders[1].display())]
    Duplicate {
        /// The shard.
        shard: Shard,
        /// Both folders.
        folders: [PathBuf; 2],
    },
    /// Some shards are not given.
    #[error("shards are missing: {missing}")]
    Missing {
        /// Their names, separated by commas.
        missing: String,
    },
}

/// The holder of a lock, as messages name it.
fn who(holder: Option<&LockHolder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), ToString::to_string)
}

impl StoreError {
    pub(crate) fn damaged(path: &Path, damage: Damage) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            damage,
        }
    }

    /// An I/O error with its path, for `map_err`; damage that was found on the way stays what it
    /// is.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| match source.downcast() {
            Ok(ours) => ours,
            Err(source) => Self::Io {
                path: path.to_owned(),
                source,
            },
        }
    }

    /// Whether a file is not as it was written, so that writing it again would help.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::BadNpy { .. })
    }
}
