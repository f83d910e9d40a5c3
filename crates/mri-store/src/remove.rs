use std::fs;
use std::path::Path;

use crate::error::StoreError;
use crate::files;
use crate::lock::{FolderLock, remove_leftovers};
use crate::manifest::Manifest;
use crate::paths::{Paths, belongs_to_store};

/// Removes a recording, complete or not. Files that do not belong to a recording stay.
///
/// # Errors
/// [`StoreError::Io`], or [`StoreError::Busy`] while another process writes it.
pub fn remove_store(folder: &Path) -> Result<(), StoreError> {
    let paths = Paths::of(folder);
    if paths.activations.is_dir() {
        let _lock = FolderLock::acquire(folder)?;
        remove_files(&paths)?;
        remove_temporary(&paths)
    } else {
        files::remove_if_exists(&paths.manifest)
    }
}

/// Removes the manifest first, so that it never names a recording that is not complete, and the
/// description of an incomplete one last: by it the rest is known to be of a recording.
pub(crate) fn remove_files(paths: &Paths) -> Result<(), StoreError> {
    files::remove_if_exists(&paths.manifest)?;
    mri_core::sync_folder(&paths.folder).map_err(StoreError::io(&paths.folder))?;
    files::remove_if_exists(&paths.journal)?;
    let io = || StoreError::io(&paths.activations);
    for entry in fs::read_dir(&paths.activations).map_err(io())? {
        let path = entry.map_err(io())?.path();
        if path != paths.recording && belongs_to_store(&path) {
            files::remove_if_exists(&path)?;
        }
    }
    files::remove_if_exists(&paths.recording)
}

/// Removes the files that only an unfinished recording needs, and what killed processes left. The
/// folder is locked.
pub(crate) fn remove_temporary(paths: &Paths) -> Result<(), StoreError> {
    files::remove_if_exists(&paths.journal)?;
    files::remove_if_exists(&paths.recording)?;
    remove_leftovers(&paths.folder, |name| name == Manifest::FILE_NAME)?;
    remove_leftovers(&paths.activations, |name| belongs_to_store(Path::new(name)))?;
    files::remove_if_exists(&paths.former_lock())
}
