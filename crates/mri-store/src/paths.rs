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

    pub(crate) fn matrix(&self, layer: Layer) -> PathBuf {
        self.activations.join(format!("{layer}.npy"))
    }
}
