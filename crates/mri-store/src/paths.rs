use std::path::{Path, PathBuf};

use mri_core::Layer;

use crate::manifest::Manifest;

/// The paths of a store's files.
#[derive(Debug)]
pub(crate) struct Paths {
    pub(crate) folder: PathBuf,
    pub(crate) manifest: PathBuf,
    pub(crate) activations: PathBuf,
    pub(crate) recording: PathBuf,
    pub(crate) journal: PathBuf,
    pub(crate) labels: PathBuf,
}

impl Paths {
    pub(crate) fn of(folder: &Path) -> Self {
        let activations = folder.join("activations");
        Self {
            folder: folder.to_owned(),
            manifest: folder.join(Manifest::FILE_NAME),
            recording: activations.join("recording.json"),
            journal: activations.join("journal"),
            labels: activations.join("labels.npy"),
            activations,
        }
    }

    /// The lock of versions before 0.2, which kept only recordings.
    pub(crate) fn former_lock(&self) -> PathBuf {
        self.activations.join("lock")
    }

    pub(crate) fn matrix(&self, layer: Layer) -> PathBuf {
        self.activations.join(format!("{layer}.npy"))
    }
}

/// The key of the labels among the checksums of the manifest.
pub(crate) const LABELS_KEY: &str = "activations/labels.npy";

/// The key of a layer's matrix among the checksums of the manifest.
pub(crate) fn matrix_key(layer: Layer) -> String {
    format!("activations/{layer}.npy")
}

/// Whether a file in the folder of matrices has a name that this crate writes.
pub(crate) fn belongs_to_store(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = mri_core::temporary_target(&name).unwrap_or(&name);
    // Version 0.1.0 named its temporary files without the process.
    let stem = stem.strip_suffix(".partial").unwrap_or(stem);
    match stem.strip_suffix(".npy") {
        Some(stem) => stem == "labels" || stem.parse::<Layer>().is_ok(),
        None => stem == "journal" || stem == "recording.json",
    }
}
