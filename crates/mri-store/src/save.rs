use std::fs;
use std::path::Path;

use mri_core::Activations;

use crate::error::StoreError;
use crate::manifest::Manifest;
use crate::npy::{StoreDtype, write_ids, write_npy};
use crate::paths::Paths;

/// Writes activations that are already there as a finished store, which
/// [`open_store`](crate::open_store) opens; the manifest is written last.
///
/// Meant for a recording made in memory. The matrices are written as `float32`.
///
/// # Errors
/// [`StoreError::Io`]; [`StoreError::NotF32`] if the manifest names another number format;
/// [`StoreError::NotAStore`] if there are already activations in the folder.
pub fn save_store(
    folder: &Path,
    manifest: &Manifest,
    activations: &Activations,
) -> Result<(), StoreError> {
    if manifest.recording.dtype != StoreDtype::F32 {
        return Err(StoreError::NotF32);
    }
    let paths = Paths::of(folder);
    if paths.activations.exists() {
        return Err(StoreError::NotAStore {
            folder: folder.to_owned(),
        });
    }
    fs::create_dir_all(&paths.activations).map_err(StoreError::io(&paths.activations))?;
    write_ids(&paths.labels, activations.labels().row_categories())?;
    for (layer, rows) in activations.iter() {
        let path = paths.matrix(layer);
        match rows.in_memory() {
            Some(view) => write_npy(&path, view)?,
            None => write_npy(&path, rows.load().map_err(StoreError::io(&path))?.view())?,
        }
    }
    mri_core::sync_folder(&paths.activations).map_err(StoreError::io(&paths.activations))?;
    manifest.write(folder)
}
