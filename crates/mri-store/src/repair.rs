//! What is damaged of a complete recording.

use std::fs;

use mri_core::Labels;

use crate::error::StoreError;
use crate::manifest::{LayerEntry, Manifest};
use crate::npy::write_categories;
use crate::open::{open_categories, open_matrix};
use crate::paths::{LABELS_KEY, Paths, matrix_key};

/// The layers whose matrices are missing or not those that were written. Every matrix with a
/// checksum is read as a whole.
pub(crate) fn damaged_layers(
    paths: &Paths,
    manifest: &Manifest,
) -> Result<Vec<LayerEntry>, StoreError> {
    let mut damaged = Vec::new();
    for &entry in &manifest.recording.layers {
        let path = paths.matrix(entry.layer);
        let matrix = open_matrix(paths, manifest, entry);
        match matrix.and_then(|matrix| matrix.check().map_err(StoreError::io(&path))) {
            Ok(()) => {}
            Err(error) if error.is_damage() => damaged.push(entry),
            Err(error) => return Err(error),
        }
    }
    Ok(damaged)
}

/// Writes the labels again if they are not those that were written.
pub(crate) fn repair_labels(
    paths: &Paths,
    manifest: &Manifest,
    labels: &Labels,
) -> Result<(), StoreError> {
    match open_categories(paths, manifest) {
        Err(error) if error.is_damage() => write_categories(&paths.labels, labels.row_categories()),
        other => other.map(drop),
    }
}

/// The manifest of a complete recording whose own is damaged, without the sections of later
/// stages, which are not to be trusted. What is left of the damaged one has to be the recording
/// that is requested, and has to name a checksum of each of its files; a file that it fits is then
/// as it was written.
pub(crate) fn salvage(paths: &Paths, requested: &Manifest) -> Option<Manifest> {
    let bytes = fs::read(&paths.manifest).ok()?;
    let stored: Manifest = serde_json::from_slice(&bytes).ok()?;
    if !stored.differences(requested, true).is_empty() {
        return None;
    }
    let layers = requested.recording.layers.iter();
    let keys = layers.map(|entry| matrix_key(entry.layer));
    let keys = keys.chain([LABELS_KEY.to_owned()]);
    let sum = |key: String| {
        let sum = stored.files.get(&key)?.clone();
        Some((key, sum))
    };
    Some(Manifest {
        files: keys.map(sum).collect::<Option<_>>()?,
        ..requested.clone()
    })
}
