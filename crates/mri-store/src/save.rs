use std::fs;
use std::path::Path;

use mri_core::Activations;

use crate::error::StoreError;
use crate::manifest::Manifest;
use crate::npy::{StoreDtype, write_categories, write_npy};
use crate::open::recording_sums;
use crate::paths::Paths;

/// Writes activations in memory as a complete store; [`open_store`](crate::open_store) opens it.
///
/// The matrices are written as `float32`, the manifest last.
///
/// # Errors
/// [`StoreError::Io`]; [`StoreError::NotF32`] if the manifest names another number format;
/// [`StoreError::NotAStore`] if the folder holds activations already.
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
    write_categories(&paths.labels, activations.labels().row_categories())?;
    for (layer, rows) in activations.iter() {
        let path = paths.matrix(layer);
        match rows.in_memory() {
            Some(view) => write_npy(&path, view)?,
            None => write_npy(&path, rows.load().map_err(StoreError::io(&path))?.view())?,
        }
    }
    mri_core::sync_folder(&paths.activations).map_err(StoreError::io(&paths.activations))?;
    let manifest = Manifest {
        files: recording_sums(&paths, activations.layers())?,
        ..manifest.clone()
    };
    manifest.write(folder)
}
