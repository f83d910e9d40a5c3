//! The folder that a scan is kept in, and the lock of who writes into it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mri_store::{FolderLock, Manifest};

use crate::error::ScanError;
use crate::folder::file_names::is_output;

/// Where a scan is kept.
#[derive(Debug)]
pub(crate) struct ScanFolder {
    path: PathBuf,
    /// Held from the opening on by a scan that was opened for writing.
    lock: Option<FolderLock>,
    /// The manifest that the scan was opened or written with.
    kept: Mutex<Option<Manifest>>,
}

impl ScanFolder {
    /// A folder whose manifest is `kept`.
    pub(crate) fn new(path: &Path, lock: Option<FolderLock>, kept: &Manifest) -> Self {
        Self {
            path: path.to_owned(),
            lock,
            kept: Mutex::new(Some(kept.clone())),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The lock to write with. Where the scan does not hold it yet, it is taken, and the folder has
    /// to be as the scan knows it.
    pub(crate) fn lock(&self) -> Result<FolderLock, ScanError> {
        if let Some(lock) = &self.lock {
            return Ok(lock.clone());
        }
        let lock = lock_folder(&self.path)?;
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if Manifest::read(&self.path).ok() == *kept {
            Ok(lock)
        } else {
            Err(ScanError::Changed {
                path: self.path.clone(),
            })
        }
    }

    /// Takes note of the manifest that was written.
    pub(crate) fn note_manifest(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Manifest::read(&self.path).ok();
    }

    /// The same folder, no longer locked.
    pub(crate) fn released(self) -> Self {
        self.note_manifest();
        Self { lock: None, ..self }
    }
}

/// Takes the lock of a scan's folder and removes what killed processes left there.
pub(crate) fn lock_folder(folder: &Path) -> Result<FolderLock, ScanError> {
    let lock = FolderLock::acquire(folder)?;
    lock.remove_leftovers(is_output)?;
    Ok(lock)
}
