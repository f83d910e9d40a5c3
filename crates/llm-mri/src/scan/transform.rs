use mri_core::{Layer, Watch};
use mri_reduce::reduce_layer_aligned;
use ndarray::{Array2, ArrayView2};

use crate::error::ScanError;
use crate::scan::Scan;

impl Scan {
    /// Places new rows of a layer, of shape (rows, width), in its map. Where the projection was not
    /// kept, the reducer is fitted again to the recording, which takes as long as the first time
    /// and gives the same projection.
    ///
    /// # Errors
    /// [`ScanError::NoMaps`]; [`ScanError::NoLayer`] without a map of the layer;
    /// [`ScanError::NoProjection`]; [`ScanError::Reduce`] for rows of another width or with values
    /// that are not finite.
    pub fn transform(
        &self,
        layer: Layer,
        rows: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Array2<f32>, ScanError> {
        let failed = |source| ScanError::Reduce(mri_reduce::LayerError::Layer { layer, source });
        let maps = self.maps()?;
        let (position, points) = maps.find(layer)?;
        if points.degenerate {
            return Ok(Array2::zeros((rows.nrows(), points.components.len())));
        }
        if let Some(Some(projection)) = maps.projections().get(position) {
            return projection.transform(rows).map_err(failed);
        }
        let spec = maps.section().spec.as_ref();
        let (Some(spec), Some(fitted_to)) = (spec, self.activations().get(layer)) else {
            return Err(ScanError::NoProjection { layer });
        };
        let reducer = spec.build()?;
        // Aligned maps were fitted near the previous map, which is kept to the bit.
        let before = maps.embedding().iter().take(position);
        let last = before
            .filter(|(_, map)| spec.align && !map.degenerate)
            .last();
        let last = last.map(|(_, map)| map.coordinates.view());
        let components = spec.components;
        let fitted = reduce_layer_aligned(
            fitted_to.as_ref(),
            reducer.as_ref(),
            components,
            last,
            watch,
        );
        let projection = fitted.map_err(failed)?.projection;
        let projection = projection.ok_or(ScanError::NoProjection { layer })?;
        projection.transform(rows).map_err(failed)
    }
}
