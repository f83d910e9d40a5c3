use std::path::Path;

use gif::{DisposalMethod, Encoder, Frame, Repeat};
use rayon::prelude::*;

use crate::cloud::Clouds;
use crate::palette::Palette;
use crate::whole::write_whole;
use crate::{Figure, RenderError};

/// Figures shown one after another.
///
/// Frames are drawn when they are asked for, each from the SVG that [`Animation::frame`] gives.
#[derive(Debug, Clone)]
pub struct Animation {
    clouds: Clouds,
}

/// Frames that are drawn together: enough for all processors, few enough for their memory.
const TOGETHER: usize = 16;

impl Animation {
    pub(crate) fn new(clouds: Clouds) -> Self {
        Self { clouds }
    }

    /// How many frames there are, at least 1.
    #[must_use]
    pub fn n_frames(&self) -> usize {
        self.clouds.n_frames()
    }

    /// One frame, and for how many hundredths of a second it is shown. Past the last frame it is the
    /// last one.
    ///
    /// # Errors
    /// [`RenderError::Draw`].
    pub fn frame(&self, i: usize) -> Result<(Figure, u16), RenderError> {
        self.clouds.frame(i.min(self.n_frames() - 1))
    }

    /// The animation as a GIF that repeats for ever, `scale` pixels to each of a figure's.
    ///
    /// All frames share 256 colours, chosen by how often they occur, so that nothing flickers. The
    /// bytes do not depend on the number of threads.
    ///
    /// # Errors
    /// [`RenderError::BadSize`] for a scale that gives no picture, [`RenderError::Draw`].
    pub fn gif(&self, scale: f64) -> Result<Vec<u8>, RenderError> {
        let n = self.n_frames();
        // The colours are the same throughout: a few frames tell them all.
        let sample: Vec<usize> = (0..n).step_by(n.div_ceil(8)).collect();
        let mut palette = Palette::default();
        for pixels in sample
            .par_iter()
            .map(|&i| self.pixels(i, scale))
            .collect::<Result<Vec<_>, _>>()?
        {
            palette.count(&pixels.colors);
        }
        let palette = palette.finish();
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
            let mut shown: Option<Vec<u8>> = None;
            let all: Vec<usize> = (0..n).collect();
            for some in all.chunks(TOGETHER) {
                let indexed = some
                    .par_iter()
                    .map(|&i| {
                        Ok((
                            palette.indices(&self.pixels(i, scale)?.colors),
                            self.delay(i),
                        ))
                    })
                    .collect::<Result<Vec<_>, RenderError>>()?;
                for (now, delay) in indexed {
                    let buffer = match &shown {
                        Some(before) => palette.changes(before, &now),
                        None => now.clone(),
                    };
                    let frame = Frame {
                        width,
                        height,
                        delay,
                        dispose: DisposalMethod::Keep,
                        transparent: shown.is_some().then_some(Palette::TRANSPARENT),
                        buffer: buffer.into(),
                        ..Frame::default()
                    };
                    encoder.write_frame(&frame).map_err(failed)?;
                    shown = Some(now);
                }
            }
        }
        Ok(bytes)
    }

    /// Saves the animation as its extension says: `.gif` at scale 1, or its first frame as `.svg` or
    /// `.png`. Whole or not at all.
    ///
    /// # Errors
    /// [`RenderError::UnknownFormat`], [`RenderError::Io`], or what [`Animation::gif`] gives.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), RenderError> {
        let path = path.as_ref();
        if path.extension().is_some_and(|extension| extension == "gif") {
            write_whole(path, &self.gif(1.0)?)
        } else {
            self.frame(0)?.0.save(path)
        }
    }

    fn delay(&self, i: usize) -> u16 {
        self.clouds.delay(i)
    }

    fn pixels(&self, i: usize, scale: f64) -> Result<Pixels, RenderError> {
        let pixels = self.frame(i)?.0.pixels(scale)?;
        // The ground is opaque, so that premultiplied colours are the colours.
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

/// Red, green and blue of every pixel of a frame, and its size.
struct Pixels {
    colors: Vec<[u8; 3]>,
    size: (u32, u32),
}
