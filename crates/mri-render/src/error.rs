use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a picture could not be made or kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The embedded font or the drawing library refused to draw.
    #[error("the picture could not be drawn: {0}")]
    Draw(String),
    /// The picture is too large or too small to rasterise.
    #[error("a picture of {width} x {height} pixels cannot be rasterised; choose another scale")]
    BadSize {
        /// Width in pixels.
        width: f64,
        /// Height in pixels.
        height: f64,
    },
    /// The file name does not say in which format to save.
    #[error("{}: unknown picture format; name the file .svg or .png, or .gif for an animation", .path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The parts of a picture do not belong together.
    #[error("{0}")]
    Mismatch(String),
}
