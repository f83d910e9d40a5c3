use std::fs;
use std::path::Path;

use mri_core::Activations;

use super::{Manifest, Paths};
use crate::ExtractError;
use crate::npy::{StoreDtype, write_ids, write_npy};

/// Writes activations that are already there as a finished store, which
/// [`open_store`](crate::open_store) opens; the manifest is written last.
///
/// Meant for a recording made in memory. The matrices are written as `float32`.
///
/// # Errors
/// [`ExtractError::Io`]; [`ExtractError::Unsupported`] if the manifest names another number format;
/// [`ExtractError::NotAStore`] if there are already activations in the folder.
pub fn save_store(
    folder: &Path,
    manifest: &Manifest,
    activations: &Activations,
) -> Result<(), ExtractError> {
    if manifest.recording.dtype != StoreDtype::F32 {
        return Err(ExtractError::Unsupported(
            "activations in memory are kept as float32, not as the manifest says",
        ));
    }
    let paths = Paths::of(folder);
    if paths.activations.exists() {
        return Err(ExtractError::NotAStore {
            folder: folder.to_owned(),
        });
    }
    fs::create_dir_all(&paths.activations).map_err(ExtractError::io(&paths.activations))?;
    write_ids(&paths.labels, activations.labels().row_categories())?;
    for (layer, rows) in activations.iter() {
        let path = paths.matrix(layer);
        match rows.in_memory() {
            Some(view) => write_npy(&path, view)?,
            None => write_npy(&path, rows.load().map_err(ExtractError::io(&path))?.view())?,
        }
    }
    mri_core::sync_folder(&paths.activations).map_err(ExtractError::io(&paths.activations))?;
    manifest.write(folder)
}
