use std::fs;
use std::path::Path;

use crate::error::StoreError;
use crate::files;
use crate::lock::Lock;
use crate::paths::{Paths, belongs_to_store};

/// Removes a recording, complete or not. Files that do not belong to a recording stay.
///
/// # Errors
/// [`StoreError::Io`], or [`StoreError::Busy`] while another process writes it.
pub fn remove_store(folder: &Path) -> Result<(), StoreError> {
    let paths = Paths::of(folder);
    if paths.activations.is_dir() {
        let lock = Lock::acquire(&paths)?;
        remove_files(&paths)?;
        lock.remove_temporary(&paths)
    } else {
        files::remove_if_exists(&paths.manifest)
    }
}

/// Removes the manifest first, so that it never names a recording that is not complete.
pub(crate) fn remove_files(paths: &Paths) -> Result<(), StoreError> {
    files::remove_if_exists(&paths.manifest)?;
    mri_core::sync_folder(&paths.folder).map_err(StoreError::io(&paths.folder))?;
    files::remove_if_exists(&paths.journal)?;
    files::remove_if_exists(&paths.recording)?;
    let io = || StoreError::io(&paths.activations);
    for entry in fs::read_dir(&paths.activations).map_err(io())? {
        let path = entry.map_err(io())?.path();
        if belongs_to_store(&path) {
            files::remove_if_exists(&path)?;
        }
    }
    Ok(())
}
