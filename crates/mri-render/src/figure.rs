use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use resvg::tiny_skia::Pixmap;

use crate::canvas::Canvas;
use crate::color::Color;
use crate::error::RenderError;
use crate::fallback::FallbackFonts;
use crate::font::{FAMILY, embedded_fonts, is_missing};
use crate::raster::rasterize;
use crate::save::save_bytes;
use crate::text::clean;

/// plotters has integer coordinates; drawing at ten times the size gives tenths of pixels.
const SUBPIXELS: f64 = 10.0;

/// The longest side of an image in pixels; a square image of it takes 1.6 GB.
const MAX_SIDE: f64 = 20_000.0;

/// A finished figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    svg: String,
    width: u32,
    height: u32,
    canvas: Arc<Canvas>,
}

/// Makes a figure of what `draw` puts on the canvas.
pub(crate) fn draw_figure(
    (width, height): (f64, f64),
    title: &str,
    description: &str,
    background: Color,
    draw: impl FnOnce(&mut Canvas),
) -> Result<Figure, RenderError> {
    let (width, height) = (width.ceil().max(1.0) as u32, height.ceil().max(1.0) as u32);
    let mut canvas = Canvas::default();
    let size = (f64::from(width), f64::from(height));
    canvas.rect((0.0, 0.0), size, background, 1.0);
    draw(&mut canvas);
    let fine = (width * SUBPIXELS as u32, height * SUBPIXELS as u32);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, fine).into_drawing_area();
        canvas.replay(&area, SUBPIXELS)?;
        area.present()
            .map_err(|error| RenderError::Draw(error.to_string()))?;
    }
    // plotters writes the enlarged size as the size of the SVG, and no title: replace its head.
    let body = svg.find('>').map_or("", |end| &svg[end + 1..]);
    let (title, description) = (clean(title), clean(description));
    let (title, description) = (
        quick_xml::escape::escape(&title),
        quick_xml::escape::escape(&description),
    );
    let head = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {} {}\" role=\"img\">\n<title>{title}</title>\n<desc>{description}</desc>",
        fine.0, fine.1
    );
    let families = format!("font-family=\"{FAMILY}, Helvetica, Arial, sans-serif\"");
    let body = body.replace(&format!("font-family=\"{FAMILY}\""), &families);
    Ok(Figure {
        svg: head + &body,
        width,
        height,
        canvas: Arc::new(canvas),
    })
}

impl Figure {
    /// The figure as SVG, with a title and a description in words for screen readers.
    ///
    /// Characters that the embedded font lacks (it covers Latin, Greek and Cyrillic) are kept; the
    /// viewer draws them in a font of its own.
    #[must_use]
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// Width and height in pixels at scale 1.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Draws the figure into an area of any plotters backend, scaled to fit, at its upper left.
    ///
    /// SVG and PNG do not need this; it is for windows, PDF and other backends. If any crate
    /// enables plotters' feature `ttf`, plotters draws text in a system font instead of the
    /// embedded one.
    ///
    /// # Errors
    /// [`RenderError::Draw`] with the backend's message.
    pub fn draw_into<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
    ) -> Result<(), RenderError> {
        let (width, height) = area.dim_in_pixel();
        let scale = (f64::from(width) / f64::from(self.width))
            .min(f64::from(height) / f64::from(self.height));
        self.canvas.replay(area, scale)
    }

    /// The figure as PNG, with `scale` pixels per pixel of [`Figure::size`]; 2 suits most screens.
    ///
    /// Characters that the embedded font lacks are drawn in installed fonts. Those that no
    /// installed font has are replaced by their code points, such as `[U+65E5…]` (see
    /// [`undrawable_letters`](crate::undrawable_letters)). Without such characters the image does
    /// not depend on the system.
    ///
    /// # Errors
    /// [`RenderError::BadSize`] for a scale that is not positive or gives more than 20,000 pixels
    /// per side; [`RenderError::Draw`] if the SVG cannot be parsed.
    pub fn png(&self, scale: f64) -> Result<Vec<u8>, RenderError> {
        self.pixels(scale)?
            .encode_png()
            .map_err(|e| RenderError::Draw(e.to_string()))
    }

    /// The scale of saved images.
    fn file_scale(&self) -> f64 {
        /// What every screen shows sharply.
        const SCALE: f64 = 2.0;
        /// 160 MB in memory while the image is drawn.
        const MAX_PIXELS: f64 = 4e7;
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let by_side = MAX_SIDE / width.max(height);
        let by_area = (MAX_PIXELS / (width * height)).sqrt();
        // Rounding must not take a side beyond the limit.
        SCALE.min(by_side.min(by_area) * 0.999)
    }

    pub(crate) fn pixels(&self, scale: f64) -> Result<Pixmap, RenderError> {
        let (width, height) = (
            f64::from(self.width) * scale,
            f64::from(self.height) * scale,
        );
        if !(width >= 1.0 && height >= 1.0 && width <= MAX_SIDE && height <= MAX_SIDE) {
            return Err(RenderError::BadSize { width, height });
        }
        let embedded = embedded_fonts();
        let (svg, fontdb) = if self.svg.chars().any(is_missing) {
            FallbackFonts::of_system(&embedded).prepare(&self.svg)
        } else {
            (Cow::Borrowed(self.svg.as_str()), embedded)
        };
        let size = (width.round() as u32, height.round() as u32);
        rasterize(&svg, fontdb, size, scale as f32)
    }

    /// Saves the figure in the format of the extension, `.svg` or `.png` (at scale 2, or less for
    /// figures so large that the image would have more than 40 million pixels), atomically.
    ///
    /// # Errors
    /// [`RenderError::UnknownFormat`], [`RenderError::Io`], and those of [`Figure::png`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), RenderError> {
        let path = path.as_ref();
        match path.extension().and_then(|e| e.to_str()) {
            Some("svg") => save_bytes(path, self.svg.as_bytes()),
            Some("png") => save_bytes(path, &self.png(self.file_scale())?),
            _ => Err(RenderError::UnknownFormat {
                path: path.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_image_is_sharp_or_as_large_as_can_be_drawn() {
        let scaled = |width: u32, height: u32| {
            let figure = Figure {
                svg: String::new(),
                width,
                height,
                canvas: Arc::default(),
            };
            let scale = figure.file_scale();
            (scale, f64::from(width) * scale, f64::from(height) * scale)
        };
        assert_eq!(scaled(640, 480).0, 2.0);
        for (width, height) in [
            (22_056, 700),
            (1_500, 17_900),
            (9_000, 9_000),
            (400_000, 90),
        ] {
            let (scale, wide, high) = scaled(width, height);
            assert!(scale < 2.0 && wide <= MAX_SIDE && high <= MAX_SIDE);
            assert!(wide * high <= 4e7 && wide.max(high) >= 6_000.0);
        }
    }
}
