//! What a store's folder holds before a recording begins.

use std::fs;
use std::io;
use std::path::Path;

use crate::error::StoreError;
use crate::manifest::Manifest;
use crate::paths::{Paths, belongs_to_store};

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
    if holds_other_files(paths, |path| {
        path == paths.former_lock() || path.extension().is_some_and(|end| end == "partial")
    })? {
        return Err(StoreError::NotAStore {
            folder: paths.folder.clone(),
        });
    }
    Ok(StoreState::Absent)
}

/// Whether the folder of matrices holds a file that `is_ours` does not name.
fn holds_other_files(paths: &Paths, is_ours: impl Fn(&Path) -> bool) -> Result<bool, StoreError> {
    let io = || StoreError::io(&paths.activations);
    let entries = match fs::read_dir(&paths.activations) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        entries => entries.map_err(io())?,
    };
    for entry in entries {
        if !is_ours(&entry.map_err(io())?.path()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a recording could begin in a folder's `activations/` as if nothing were there: there is
/// at most what a process leaves that is killed in its first moments.
#[must_use]
pub fn is_barely_begun(folder: &Path) -> bool {
    let paths = Paths::of(folder);
    matches!(
        holds_other_files(&paths, |path| {
            path == paths.former_lock() || is_temporary_of_store(path)
        }),
        Ok(false)
    )
}

/// Whether `activations/` of a folder holds files of a recording, whole or not, and no others.
#[must_use]
pub fn holds_only_recording(folder: &Path) -> bool {
    let paths = Paths::of(folder);
    let ours = |path: &Path| path == paths.former_lock() || belongs_to_store(path);
    paths.activations.is_dir()
        && !is_barely_begun(folder)
        && matches!(holds_other_files(&paths, ours), Ok(false))
}

fn is_temporary_of_store(path: &Path) -> bool {
    belongs_to_store(path) && path.extension().is_some_and(|end| end == "partial")
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
