use std::path::Path;
use std::sync::Arc;

use mri_core::{Activations, Labels, RowSource};

use crate::error::StoreError;
use crate::manifest::Manifest;
use crate::npy::{NpyMatrix, read_categories};
use crate::paths::Paths;

/// Opens a complete recording. The matrices stay on disk and are read in blocks.
///
/// # Errors
/// [`StoreError::Unfinished`], [`StoreError::NoRecording`], [`StoreError::BadManifest`],
/// or [`StoreError::BadNpy`] if a file is not what the manifest says.
pub fn open_store(folder: &Path) -> Result<(Manifest, Activations), StoreError> {
    let paths = Paths::of(folder);
    let Some(manifest) = Manifest::read_if_exists(&paths.manifest)? else {
        return Err(if paths.recording.exists() {
            StoreError::Unfinished {
                folder: folder.to_owned(),
            }
        } else {
            StoreError::NoRecording {
                folder: folder.to_owned(),
            }
        });
    };
    let ids = read_categories(&paths.labels)?;
    let labels = Arc::new(Labels::new(manifest.corpus.labels.clone(), ids)?);
    let mut entries = Vec::new();
    for entry in &manifest.recording.layers {
        let path = paths.matrix(entry.layer);
        let matrix = NpyMatrix::open(&path)?;
        let expected = (manifest.corpus.texts, entry.width);
        if matrix.size() != expected || matrix.dtype() != manifest.recording.dtype {
            return Err(StoreError::BadNpy {
                path,
                problem: format!(
                    "{:?} values of {:?} where the manifest says {expected:?} of {:?}",
                    matrix.size(),
                    matrix.dtype(),
                    manifest.recording.dtype
                ),
            });
        }
        entries.push((entry.layer, Arc::new(matrix) as Arc<dyn RowSource>));
    }
    let activations = Activations::new(labels, entries)?;
    Ok((manifest, activations))
}

/// Whether a folder holds a recording of this format, complete or not: what a program may resume or
/// replace without asking.
#[must_use]
pub fn is_store(folder: &Path) -> bool {
    let paths = Paths::of(folder);
    let readable = |path: &Path| Manifest::read_if_exists(path).is_ok_and(|found| found.is_some());
    readable(&paths.manifest) || readable(&paths.recording)
}

/// The manifest of the incomplete recording in a folder, if there is one.
///
/// # Errors
/// [`StoreError::Io`] or [`StoreError::BadManifest`].
pub fn unfinished_manifest(folder: &Path) -> Result<Option<Manifest>, StoreError> {
    Manifest::read_if_exists(&Paths::of(folder).recording)
}
