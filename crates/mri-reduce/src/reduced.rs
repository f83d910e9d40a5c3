use mri_core::{CoreError, Embedding, Fitted, Layer, Points, Projection, ReduceError};
use thiserror::Error;

/// The maps of all layers, with projections for new rows.
pub struct Reduced {
    /// The points of every layer.
    pub embedding: Embedding,
    /// The projection of each layer, in the order of the embedding; `None` for degenerate layers.
    pub projections: Vec<Option<Box<dyn Projection>>>,
}

/// The map of one layer, with a projection for new rows.
pub struct ReducedLayer {
    /// The points.
    pub points: Points,
    /// The projection; `None` for a degenerate layer.
    pub projection: Option<Box<dyn Projection>>,
}

/// Why the layers of a recording could not be reduced.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LayerError {
    /// A layer could not be reduced.
    #[error("layer {layer}: {source}")]
    Layer {
        /// The layer.
        layer: Layer,
        /// The error.
        source: ReduceError,
    },
    /// The reducer returned points that do not belong to the rows.
    #[error("the reducer returned points that do not fit the rows: {0}")]
    Shape(#[from] CoreError),
}

impl ReducedLayer {
    pub(crate) fn of(fitted: Fitted) -> Self {
        Self {
            points: Points {
                coordinates: fitted.points,
                components: fitted.components,
                degenerate: false,
            },
            projection: Some(fitted.projection),
        }
    }
}
