use mri_core::Layer;
use thiserror::Error;

/// Why points cannot be cut into cells.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum GridError {
    /// The points do not have exactly two columns.
    #[error("a grid needs points with 2 components, but these have {columns}")]
    NotPlanar {
        /// Number of columns.
        columns: usize,
    },
    /// There are no points.
    #[error("a grid needs at least one point")]
    NoPoints,
    /// The number of cells per side is out of range.
    #[error("a grid side of {side} is out of range; it must be from 1 to {limit}", limit = u16::MAX)]
    BadSide {
        /// The side.
        side: usize,
    },
    /// A coordinate is NaN or infinite.
    #[error("point {row} is not finite; all coordinates must be")]
    NonFinite {
        /// The row of the point, counted from 0.
        row: usize,
    },
    /// A layer of a stack cannot be cut.
    #[error("layer {layer}: {source}")]
    Layer {
        /// The layer.
        layer: Layer,
        /// The reason.
        source: Box<GridError>,
    },
    /// A text is not a binning.
    #[error("{text:?} is not a binning; expected uniform:N or quantile:N with N from 1 to {limit}", limit = u16::MAX)]
    BadBinning {
        /// The text.
        text: String,
    },
}
