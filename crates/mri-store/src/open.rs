use std::path::{Path, PathBuf};
use std::sync::Arc;

use mri_core::{Activations, Labels, Layer, RowSource};

use crate::damage::Damage;
use crate::error::StoreError;
use crate::manifest::{LayerEntry, Manifest};
use crate::npy::{NpyMatrix, read_categories};
use crate::paths::{LABELS_KEY, Paths, matrix_key};
use crate::sum::{FileSum, FileSums, length};

/// Opens a complete recording. The matrices stay on disk and are read in blocks; before its first
/// row is read, the file of a matrix is compared with its checksum in the manifest, where it has
/// one. The other files are compared at once.
///
/// # Errors
/// [`StoreError::Unfinished`], [`StoreError::NoRecording`], [`StoreError::BadManifest`],
/// [`StoreError::Damaged`], or [`StoreError::BadNpy`] if a file is not what the manifest says.
pub fn open_store(folder: &Path) -> Result<(Manifest, Activations), StoreError> {
    let paths = Paths::of(folder);
    let Some(manifest) = Manifest::read_if_exists(&paths.manifest)? else {
        return Err(if paths.recording.exists() {
            StoreError::Unfinished {
                folder: folder.to_owned(),
            }
        } else if paths.labels.exists() {
            StoreError::damaged(&paths.manifest, Damage::Missing)
        } else {
            StoreError::NoRecording {
                folder: folder.to_owned(),
            }
        });
    };
    let ids = open_categories(&paths, &manifest)?;
    let labels = Arc::new(Labels::new(manifest.corpus.labels.clone(), ids)?);
    let mut entries = Vec::new();
    for &entry in &manifest.recording.layers {
        let matrix = open_matrix(&paths, &manifest, entry)?;
        entries.push((entry.layer, Arc::new(matrix) as Arc<dyn RowSource>));
    }
    let activations = Activations::new(labels, entries)?;
    Ok((manifest, activations))
}

/// The category of every text.
pub(crate) fn open_categories(paths: &Paths, manifest: &Manifest) -> Result<Vec<u32>, StoreError> {
    manifest.check_file(&paths.folder, LABELS_KEY)?;
    let ids = read_categories(&paths.labels)?;
    if ids.len() == manifest.corpus.texts {
        return Ok(ids);
    }
    Err(StoreError::BadNpy {
        path: paths.labels.clone(),
        problem: format!(
            "labels of {} texts where the manifest says {}",
            ids.len(),
            manifest.corpus.texts
        ),
    })
}

/// Opens the matrix of a layer. Of its contents only the length is compared yet.
pub(crate) fn open_matrix(
    paths: &Paths,
    manifest: &Manifest,
    entry: LayerEntry,
) -> Result<NpyMatrix, StoreError> {
    let path = paths.matrix(entry.layer);
    let sum = manifest.files.get(&matrix_key(entry.layer));
    match sum {
        Some(sum) => sum.check_length(&path)?,
        None => drop(length(&path)?),
    }
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
    Ok(matrix.expecting(sum.cloned()))
}

/// The checksums of what was just written of a recording: its labels and the matrices of some
/// layers, as they are read back.
pub(crate) fn recording_sums(
    paths: &Paths,
    layers: impl IntoIterator<Item = Layer>,
) -> Result<FileSums, StoreError> {
    let matrices = layers.into_iter();
    let matrices = matrices.map(|layer| (matrix_key(layer), paths.matrix(layer)));
    let labels = std::iter::once((LABELS_KEY.to_owned(), paths.labels.clone()));
    let sum = |(key, path): (String, PathBuf)| {
        Ok((key, FileSum::of(&path).map_err(StoreError::io(&path))?))
    };
    labels.chain(matrices).map(sum).collect()
}

/// Whether a folder holds a recording of this format, complete or not: what a program may resume or
/// replace without asking. A damaged manifest counts, by the checksum in it.
#[must_use]
pub fn is_store(folder: &Path) -> bool {
    let paths = Paths::of(folder);
    let ours = |path: &Path| match Manifest::read_if_exists(path) {
        Ok(found) => found.is_some(),
        Err(error) => matches!(error, StoreError::Damaged { .. }),
    };
    ours(&paths.manifest) || ours(&paths.recording)
}

/// The manifest of the incomplete recording in a folder, if there is one.
///
/// # Errors
/// [`StoreError::Io`] or [`StoreError::BadManifest`].
pub fn unfinished_manifest(folder: &Path) -> Result<Option<Manifest>, StoreError> {
    Manifest::read_if_exists(&Paths::of(folder).recording)
}
