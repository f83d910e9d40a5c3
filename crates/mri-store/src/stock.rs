//! What lies in a store's folder, and who may change it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use mri_core::Layer;

use crate::error::StoreError;
use crate::files;
use crate::manifest::Manifest;
use crate::paths::Paths;

/// What a folder holds of the recording asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stock {
    Nothing,
    Part,
    Finished,
}

pub(crate) fn take_stock(paths: &Paths, asked: &Manifest) -> Result<Stock, StoreError> {
    let matching = |stored: &Manifest, side_by_side, stock| {
        let differences = stored.differences(asked, side_by_side);
        if differences.is_empty() {
            return Ok(stock);
        }
        Err(StoreError::Mismatch {
            folder: paths.folder.clone(),
            differences: differences.join("; "),
        })
    };
    if let Some(stored) = Manifest::read_if_there(&paths.manifest)? {
        return matching(&stored, false, Stock::Finished);
    }
    if let Some(begun) = Manifest::read_if_there(&paths.recording)? {
        return matching(&begun, true, Stock::Part);
    }
    // A process killed while it began leaves no more than these.
    let harmless = |name: &str| name == LOCK || name.ends_with(".partial");
    match fs::read_dir(&paths.activations) {
        Ok(mut entries) => {
            let foreign =
                entries.any(|e| e.is_ok_and(|e| !harmless(&e.file_name().to_string_lossy())));
            if foreign {
                return Err(StoreError::NotAStore {
                    folder: paths.folder.clone(),
                });
            }
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(StoreError::io(&paths.activations)(e)),
    }
    Ok(Stock::Nothing)
}

/// Takes what may be replaced for nothing.
pub(crate) fn replaceable(error: StoreError, replace: bool) -> Result<Stock, StoreError> {
    match error {
        StoreError::Mismatch { .. }
        | StoreError::NotAStore { .. }
        | StoreError::BadManifest { .. }
            if replace =>
        {
            Ok(Stock::Nothing)
        }
        other => Err(other),
    }
}

const LOCK: &str = "lock";

/// Keeps other processes from writing the same store; the system lets go of it when the process
/// ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Locked as long as it is open.
    _file: File,
}

impl Lock {
    pub(crate) fn take(paths: &Paths) -> Result<Self, StoreError> {
        fs::create_dir_all(&paths.activations).map_err(StoreError::io(&paths.activations))?;
        let path = paths.activations.join(LOCK);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(StoreError::io(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Busy {
                    folder: paths.folder.clone(),
                });
            }
            // A file system that knows no locks.
            Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(e)) => return Err(StoreError::io(&path)(e)),
        }
        Ok(Self { _file: file })
    }

    /// Removes what only an unfinished recording needs.
    pub(crate) fn clear_traces(self, paths: &Paths) -> Result<(), StoreError> {
        files::remove(&paths.journal)?;
        files::remove(&paths.recording)?;
        files::remove(&paths.activations.join(LOCK))
    }
}

/// Removes a recording, finished or not. Files that are not a recording's stay.
///
/// # Errors
/// [`StoreError::Io`], or [`StoreError::Busy`] while it is being made.
pub fn remove_store(folder: &Path) -> Result<(), StoreError> {
    let paths = Paths::of(folder);
    if paths.activations.is_dir() {
        let lock = Lock::take(&paths)?;
        remove_files(&paths)?;
        lock.clear_traces(&paths)
    } else {
        files::remove(&paths.manifest)
    }
}

/// Removes the manifest first, so that no whole recording is ever claimed that is not there.
pub(crate) fn remove_files(paths: &Paths) -> Result<(), StoreError> {
    files::remove(&paths.manifest)?;
    mri_core::sync_folder(&paths.folder).map_err(StoreError::io(&paths.folder))?;
    files::remove(&paths.journal)?;
    files::remove(&paths.recording)?;
    let io = || StoreError::io(&paths.activations);
    for entry in fs::read_dir(&paths.activations).map_err(io())? {
        let path = entry.map_err(io())?.path();
        if is_ours(&path) {
            files::remove(&path)?;
        }
    }
    Ok(())
}

/// Whether a file of the folder of matrices is one that this module writes.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = mri_core::temporary_target(&name).unwrap_or(&name);
    // Version 0.1.0 named its temporary files without the process.
    let stem = stem.strip_suffix(".partial").unwrap_or(stem);
    match stem.strip_suffix(".npy") {
        Some(stem) => stem == "labels" || stem.parse::<Layer>().is_ok(),
        None => stem == "journal" || stem == "recording.json",
    }
}
