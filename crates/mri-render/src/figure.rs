use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{FontResolver, Options, Tree, fontdb};

use crate::canvas::Canvas;
use crate::fallback::Fallback;
use crate::text::{BOLD, FAMILY, REGULAR, clean, is_lacking};
use crate::whole::write_whole;
use crate::{Color, RenderError};

/// plotters' coordinates are whole numbers: drawn this much larger, they come to tenths of pixels.
const FINE: f64 = 10.0;

/// A finished picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    svg: String,
    width: u32,
    height: u32,
    canvas: Arc<Canvas>,
}

/// Draws a figure: what `draw` leaves on the canvas becomes the SVG.
pub(crate) fn draw_figure(
    (width, height): (f64, f64),
    title: &str,
    description: &str,
    background: Color,
    draw: impl FnOnce(&mut Canvas),
) -> Result<Figure, RenderError> {
    let (width, height) = (width.ceil().max(1.0) as u32, height.ceil().max(1.0) as u32);
    let mut canvas = Canvas::default();
    let whole = (f64::from(width), f64::from(height));
    canvas.rect((0.0, 0.0), whole, background, 1.0);
    draw(&mut canvas);
    let fine = (width * FINE as u32, height * FINE as u32);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, fine).into_drawing_area();
        canvas.replay(&area, FINE)?;
        area.present()
            .map_err(|error| RenderError::Draw(error.to_string()))?;
    }
    // plotters writes the fine size as the picture's own; and it knows no title.
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
    /// The picture as SVG, with its title and a description in words for those who cannot see it.
    ///
    /// Letters that the embedded font lacks (it has Latin, Greek and Cyrillic ones) stand in it as
    /// they are, and a viewer takes them from a font of its own.
    #[must_use]
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// Width and height in pixels at scale 1.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Draws the picture into an area of any plotters backend, as large as fits at its upper left.
    ///
    /// The SVG and the PNG do not need this; it is for windows, PDF and whatever else has a backend.
    /// The feature `ttf` of plotters, should another crate turn it on, replaces the embedded font by
    /// the system's.
    ///
    /// # Errors
    /// [`RenderError::Draw`] with what the backend says.
    pub fn draw_into<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
    ) -> Result<(), RenderError> {
        let (width, height) = area.dim_in_pixel();
        let scale = (f64::from(width) / f64::from(self.width))
            .min(f64::from(height) / f64::from(self.height));
        self.canvas.replay(area, scale)
    }

    /// The picture as PNG, `scale` pixels to each pixel of [`Figure::size`]; 2 suits most screens.
    ///
    /// Letters that the embedded font lacks are taken from the fonts that are installed; what none of
    /// them has is named by its number, as in `[U+65E5…]` (see
    /// [`undrawable_letters`](crate::undrawable_letters)). Without such letters the picture does not
    /// depend on the system.
    ///
    /// # Errors
    /// [`RenderError::BadSize`] for a scale that is not positive or gives a picture of more than
    /// 20,000 pixels a side; [`RenderError::Draw`] should the SVG not be understood.
    pub fn png(&self, scale: f64) -> Result<Vec<u8>, RenderError> {
        self.pixels(scale)?
            .encode_png()
            .map_err(|e| RenderError::Draw(e.to_string()))
    }

    pub(crate) fn pixels(&self, scale: f64) -> Result<Pixmap, RenderError> {
        // A square of this side already takes 1.6 GB.
        const LIMIT: f64 = 20_000.0;
        let (width, height) = (
            f64::from(self.width) * scale,
            f64::from(self.height) * scale,
        );
        if !(width >= 1.0 && height >= 1.0 && width <= LIMIT && height <= LIMIT) {
            return Err(RenderError::BadSize { width, height });
        }
        let embedded = fonts();
        let (svg, fontdb) = if self.svg.chars().any(is_lacking) {
            Fallback::of_system(&embedded).prepare(&self.svg)
        } else {
            (Cow::Borrowed(self.svg.as_str()), embedded)
        };
        let size = (width.round() as u32, height.round() as u32);
        rasterise(&svg, fontdb, size, scale as f32)
    }

    /// Saves the picture as its extension says, `.svg` or `.png` (at scale 2): whole or not at all.
    ///
    /// # Errors
    /// [`RenderError::UnknownFormat`], [`RenderError::Io`], or what [`Figure::png`] gives.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), RenderError> {
        let path = path.as_ref();
        match path.extension().and_then(|e| e.to_str()) {
            Some("svg") => write_whole(path, self.svg.as_bytes()),
            Some("png") => write_whole(path, &self.png(2.0)?),
            _ => Err(RenderError::UnknownFormat {
                path: path.to_owned(),
            }),
        }
    }
}

/// The pixels of an SVG whose letters are all in the fonts that it names.
pub(crate) fn rasterise(
    svg: &str,
    fontdb: Arc<fontdb::Database>,
    (width, height): (u32, u32),
    scale: f32,
) -> Result<Pixmap, RenderError> {
    let options = Options {
        font_family: FAMILY.to_owned(),
        fontdb,
        // Which letter is drawn in which font stands in the picture.
        font_resolver: FontResolver {
            select_fallback: Box::new(|_, _, _| None),
            ..FontResolver::default()
        },
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|e| RenderError::Draw(e.to_string()))?;
    let mut pixels = Pixmap::new(width, height).ok_or(RenderError::BadSize {
        width: f64::from(width),
        height: f64::from(height),
    })?;
    let scaled = Transform::from_scale(scale, scale);
    resvg::render(&tree, scaled, &mut pixels.as_mut());
    Ok(pixels)
}

/// The embedded font and no other, so that pictures do not depend on the system.
pub(crate) fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut fonts = fontdb::Database::new();
            fonts.load_font_data(REGULAR.to_vec());
            fonts.load_font_data(BOLD.to_vec());
            fonts.set_sans_serif_family(FAMILY);
            Arc::new(fonts)
        })
        .clone()
}
