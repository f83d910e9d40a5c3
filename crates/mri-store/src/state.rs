//! What a store's folder holds before a recording begins.

use std::fs;
use std::io;

use crate::error::StoreError;
use crate::lock::LOCK;
use crate::manifest::Manifest;
use crate::paths::Paths;

/// How much of the requested recording a folder holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StoreState {
    Absent,
    Partial,
    Complete,
}

/// Compares a folder with the requested recording, without changing anything.
pub(crate) fn inspect(paths: &Paths, requested: &Manifest) -> Result<StoreState, StoreError> {
    let matching = |stored: &Manifest, same_batches, state| {
        let differences = stored.differences(requested, same_batches);
        if differences.is_empty() {
            return Ok(state);
        }
        Err(StoreError::Mismatch {
            folder: paths.folder.clone(),
            differences: differences.join("; "),
        })
    };
    if let Some(stored) = Manifest::read_if_exists(&paths.manifest)? {
        return matching(&stored, false, StoreState::Complete);
    }
    if let Some(begun) = Manifest::read_if_exists(&paths.recording)? {
        return matching(&begun, true, StoreState::Partial);
    }
    // A process that was killed while it began leaves nothing else.
    let temporary = |name: &str| name == LOCK || name.ends_with(".partial");
    match fs::read_dir(&paths.activations) {
        Ok(mut entries) => {
            let foreign =
                entries.any(|e| e.is_ok_and(|e| !temporary(&e.file_name().to_string_lossy())));
            if foreign {
                return Err(StoreError::NotAStore {
                    folder: paths.folder.clone(),
                });
            }
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(StoreError::io(&paths.activations)(e)),
    }
    Ok(StoreState::Absent)
}

/// Treats content that may be replaced as absent.
pub(crate) fn absent_if_replaceable(
    error: StoreError,
    replace: bool,
) -> Result<StoreState, StoreError> {
    match error {
        StoreError::Mismatch { .. }
        | StoreError::NotAStore { .. }
        | StoreError::BadManifest { .. }
        | StoreError::Damaged { .. }
            if replace =>
        {
            Ok(StoreState::Absent)
        }
        other => Err(other),
    }
}
