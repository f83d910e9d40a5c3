use mri_reduce::align_layers;
use mri_render::{Animation, ScatterStyle, scatter_animation};

use crate::error::ScanError;
use crate::scan::Scan;

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
        let embedding = maps.embedding();
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
