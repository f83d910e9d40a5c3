use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a figure or report could not be drawn or saved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The drawing library failed, or the embedded font could not be read.
    #[error("the figure could not be drawn: {0}")]
    Draw(String),
    /// The raster image would be empty or too large.
    #[error("an image of {width} x {height} pixels cannot be rasterized; choose another scale")]
    BadSize {
        /// Width in pixels.
        width: f64,
        /// Height in pixels.
        height: f64,
    },
    /// The file extension names no supported format.
    #[error(
        "{}: unknown image format; supported extensions are .svg and .png, and .gif for animations",
        .path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The grid has too many cells for a heatmap.
    #[error(
        "a heatmap of {side} × {side} cells cannot be drawn; its cells could not be seen beyond {limit} per side",
        limit = crate::heatmap::MAX_DRAWN_SIDE
    )]
    TooFine {
        /// Cells per side.
        side: usize,
    },
    /// The inputs do not belong together (different layers, categories or lengths), or there is
    /// nothing to draw.
    #[error("{0}")]
    Mismatch(String),
}

impl RenderError {
    pub(crate) fn mismatch(message: impl Into<String>) -> Self {
        Self::Mismatch(message.into())
    }

    pub(crate) fn no_layer() -> Self {
        Self::mismatch("there is no layer to draw")
    }
}
