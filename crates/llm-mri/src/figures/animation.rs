use mri_core::Embedding;
use mri_reduce::align_layers;
use mri_render::{Animation, ScatterStyle, scatter_animation};

use crate::error::ScanError;
use crate::scan::Scan;

/// The layers that an animation goes through at most, the last among them: more take longer than
/// anyone watches.
const MAX_LAYERS: usize = 64;

/// The frames of an animation through all layers at most: some ten seconds.
const MAX_FRAMES: usize = 160;

impl Scan {
    /// The texts moving from layer to layer. Layers are first rotated onto each other (Procrustes)
    /// unless they were reduced in one frame.
    ///
    /// # Errors
    /// As [`Scan::regions`]; [`ScanError::Reduce`] where layers cannot be aligned;
    /// [`ScanError::Render`].
    pub fn animation(&self) -> Result<Animation, ScanError> {
        self.regions()?;
        let maps = self.maps()?;
        let embedding = &thinned(maps.embedding())?;
        let aligned = match maps.section().is_aligned() {
            true => embedding.clone(),
            false => align_layers(embedding)?.0,
        };
        let moves = embedding.len().saturating_sub(1).max(1);
        let style = ScatterStyle::default();
        let steps = (MAX_FRAMES / moves).clamp(3, style.steps);
        let style = style.with_steps(steps);
        Ok(scatter_animation(&aligned, &self.caption(), &style)?)
    }
}

/// The maps of all layers, or of some at even distances.
fn thinned(maps: &Embedding) -> Result<Embedding, ScanError> {
    let last = maps.len().saturating_sub(1);
    let every = last.div_ceil(MAX_LAYERS - 1).max(1);
    let kept = maps.iter().enumerate();
    let kept = kept.filter(|(position, _)| (last - position).is_multiple_of(every));
    let kept = kept.map(|(_, (layer, points))| (layer, points.clone()));
    Ok(Embedding::new(maps.labels().clone(), kept.collect())?)
}
