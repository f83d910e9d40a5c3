use std::fs;
use std::path::Path;

use mri_core::Layer;

use crate::error::StoreError;
use crate::files;
use crate::lock::Lock;
use crate::paths::Paths;

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

/// Whether a file in the folder of matrices has a name that this crate writes.
fn belongs_to_store(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = mri_core::temporary_target(&name).unwrap_or(&name);
    // Version 0.1.0 named its temporary files without the process.
    let stem = stem.strip_suffix(".partial").unwrap_or(stem);
    match stem.strip_suffix(".npy") {
        Some(stem) => stem == "labels" || stem.parse::<Layer>().is_ok(),
        None => stem == "journal" || stem == "recording.json",
    }
}
