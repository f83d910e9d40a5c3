use std::sync::Arc;

use mri_core::{Activations, Labels, Layer, ModelInfo};
use mri_store::Manifest;

use crate::error::ScanError;

/// What a scan starts from: the activations of every recorded layer, and what they are of.
///
/// Row `i` of every matrix is text `i` of the corpus.
pub struct Recording {
    manifest: Manifest,
    activations: Activations,
    texts: Option<Vec<String>>,
}

impl Recording {
    pub(crate) fn new(
        manifest: Manifest,
        activations: Activations,
        texts: Option<Vec<String>>,
    ) -> Self {
        Self {
            manifest,
            activations,
            texts,
        }
    }

    /// What was recorded, from which model and texts.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &ModelInfo {
        &self.manifest.model.info
    }

    /// One matrix of shape (texts, width) per layer.
    #[must_use]
    pub fn activations(&self) -> &Activations {
        &self.activations
    }

    /// The category of every text.
    #[must_use]
    pub fn labels(&self) -> &Arc<Labels> {
        self.activations.labels()
    }

    /// The texts; `None` where they are not held in memory: in a folder made by `llm-mri extract`,
    /// and after [`ScanBuilder::activations_only`](crate::ScanBuilder::activations_only) with
    /// [`ScanBuilder::data`](crate::ScanBuilder::data) and
    /// [`ScanBuilder::out`](crate::ScanBuilder::out), which streams them from their file.
    #[must_use]
    pub fn texts(&self) -> Option<&[String]> {
        self.texts.as_deref()
    }

    /// The activations of some layers, in the order of the recording.
    pub(crate) fn select(&self, layers: &[Layer]) -> Result<Activations, ScanError> {
        let missing = |layer: &&Layer| self.activations.get(**layer).is_none();
        if let Some(&layer) = layers.iter().find(missing) {
            return Err(ScanError::no_layer(layer, self.activations.layers()));
        }
        let all = self.activations.iter();
        let some = all.filter(|(layer, _)| layers.contains(layer));
        let some = some.map(|(layer, rows)| (layer, rows.clone())).collect();
        Ok(Activations::new(self.labels().clone(), some)?)
    }
}
