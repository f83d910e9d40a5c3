use std::path::Path;

use gif::{DisposalMethod, Encoder, Frame, Repeat};
use mri_core::Embedding;
use rayon::prelude::*;

use super::frames::ScatterFrames;
use super::style::ScatterStyle;
use crate::caption::Caption;
use crate::error::RenderError;
use crate::figure::Figure;
use crate::palette::{ColorHistogram, Palette};
use crate::save::save_bytes;

/// Animates the map through the layers: each text moves from its position in one layer to its
/// position in the next. Color and marker identify its category.
///
/// Every layer is scaled to the same viewport, equally along both axes, such that outliers do not
/// compress the rest: 0.25 % of the texts at each end of an axis may lie outside and are drawn at
/// the edge. The maps of independently reduced layers are rotated and reflected arbitrarily; after
/// alignment (`align_layers` of mri-reduce) they move no more than the model moved them.
///
/// # Errors
/// [`RenderError::Mismatch`] if there is no layer, or a layer does not have two components.
pub fn scatter_animation(
    embedding: &Embedding,
    caption: &Caption,
    style: &ScatterStyle,
) -> Result<Animation, RenderError> {
    Ok(Animation {
        frames: ScatterFrames::new(embedding, caption, style)?,
    })
}

/// A sequence of figures, each drawn on demand.
#[derive(Debug, Clone)]
pub struct Animation {
    frames: ScatterFrames,
}

/// Frames rasterized at once: enough to use all processors, few enough to bound memory.
const CHUNK: usize = 16;

impl Animation {
    /// The number of frames, at least 1.
    #[must_use]
    pub fn n_frames(&self) -> usize {
        self.frames.n_frames()
    }

    /// Frame `i` (the last one if there are fewer) and its duration in hundredths of a second.
    ///
    /// # Errors
    /// [`RenderError::Draw`].
    pub fn frame(&self, i: usize) -> Result<(Figure, u16), RenderError> {
        self.frames.frame(i.min(self.n_frames() - 1))
    }

    /// The animation as a GIF that loops forever, with `scale` pixels per pixel of a figure.
    ///
    /// All frames share a palette of the most frequent colors. The bytes do not depend on the
    /// number of threads.
    ///
    /// # Errors
    /// [`RenderError::BadSize`] for a scale that gives no valid image, [`RenderError::Draw`].
    pub fn gif(&self, scale: f64) -> Result<Vec<u8>, RenderError> {
        let n = self.n_frames();
        let palette = self.palette(scale)?;
        let (width, height) = self.pixels(0, scale)?.size;
        let size = (u16::try_from(width), u16::try_from(height));
        let (Ok(width), Ok(height)) = size else {
            return Err(RenderError::BadSize {
                width: f64::from(width),
                height: f64::from(height),
            });
        };
        let failed = |error: gif::EncodingError| RenderError::Draw(error.to_string());
        let mut bytes = Vec::new();
        {
            let colors = palette.bytes();
            let mut encoder = Encoder::new(&mut bytes, width, height, &colors).map_err(failed)?;
            encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
            let mut previous: Option<Vec<u8>> = None;
            let all: Vec<usize> = (0..n).collect();
            for chunk in all.chunks(CHUNK) {
                let indexed = chunk
                    .par_iter()
                    .map(|&i| {
                        let indices = palette.indices(&self.pixels(i, scale)?.colors);
                        Ok((indices, self.frames.delay(i)))
                    })
                    .collect::<Result<Vec<_>, RenderError>>()?;
                for (current, delay) in indexed {
                    let buffer = match &previous {
                        Some(previous) => Palette::delta(previous, &current),
                        None => current.clone(),
                    };
                    let frame = Frame {
                        width,
                        height,
                        delay,
                        dispose: DisposalMethod::Keep,
                        transparent: previous.is_some().then_some(Palette::TRANSPARENT),
                        buffer: buffer.into(),
                        ..Frame::default()
                    };
                    encoder.write_frame(&frame).map_err(failed)?;
                    previous = Some(current);
                }
            }
        }
        Ok(bytes)
    }

    /// Saves the animation in the format of the extension, atomically: `.gif` at scale 1, or its
    /// first frame as `.svg` or `.png`.
    ///
    /// # Errors
    /// [`RenderError::UnknownFormat`], [`RenderError::Io`], and those of [`Animation::gif`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), RenderError> {
        let path = path.as_ref();
        if path.extension().is_some_and(|extension| extension == "gif") {
            save_bytes(path, &self.gif(1.0)?)
        } else {
            self.frame(0)?.0.save(path)
        }
    }

    /// The palette of all frames. The colors are the same throughout, so about eight frames
    /// suffice.
    fn palette(&self, scale: f64) -> Result<Palette, RenderError> {
        let n = self.n_frames();
        let sampled: Vec<usize> = (0..n).step_by(n.div_ceil(8)).collect();
        let mut histogram = ColorHistogram::default();
        for pixels in sampled
            .par_iter()
            .map(|&i| self.pixels(i, scale))
            .collect::<Result<Vec<_>, _>>()?
        {
            histogram.count(&pixels.colors);
        }
        Ok(histogram.into_palette())
    }

    fn pixels(&self, i: usize, scale: f64) -> Result<Pixels, RenderError> {
        let pixels = self.frame(i)?.0.pixels(scale)?;
        // The background is opaque, so premultiplied colors are plain colors.
        let colors = pixels
            .pixels()
            .iter()
            .map(|p| [p.red(), p.green(), p.blue()]);
        Ok(Pixels {
            colors: colors.collect(),
            size: (pixels.width(), pixels.height()),
        })
    }
}

/// Red, green and blue of every pixel of a frame, row by row, and its width and height.
struct Pixels {
    colors: Vec<[u8; 3]>,
    size: (u32, u32),
}
