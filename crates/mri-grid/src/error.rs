use mri_core::Layer;
use thiserror::Error;

/// Why points could not be cut into cells.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum GridError {
    /// A grid needs exactly two columns.
    #[error("a grid needs points with 2 components, but these have {columns}")]
    NotPlanar {
        /// The components given.
        columns: usize,
    },
    /// There are no points.
    #[error("a grid needs at least one point")]
    NoPoints,
    /// The number of cells per side is out of range.
    #[error("a grid side of {side} is out of range; it must be from 1 to {limit}", limit = u16::MAX)]
    BadSide {
        /// What was asked for.
        side: usize,
    },
    /// A coordinate is NaN or infinite.
    #[error("point {row} is not finite; all coordinates must be")]
    NonFinite {
        /// The row of the point, counted from 0.
        row: usize,
    },
    /// A layer of a stack could not be cut.
    #[error("layer {layer}: {source}")]
    Layer {
        /// The layer.
        layer: Layer,
        /// Why.
        source: Box<GridError>,
    },
    /// The name of a binning could not be read.
    #[error("{text:?} is not a binning; expected uniform:N or quantile:N with N from 1 to {limit}", limit = u16::MAX)]
    BadBinning {
        /// What was given.
        text: String,
    },
}
