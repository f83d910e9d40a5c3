//! A drawing surface in pixels with fractions, over plotters' SVG backend.

use std::sync::OnceLock;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    FontDesc, FontFamily, FontStyle, FontTransform, IntoTextStyle, RGBAColor, ShapeStyle,
    register_font,
};

use crate::{Color, Figure, RenderError};

pub(crate) const FAMILY: &str = "Inter";
pub(crate) const REGULAR: &[u8] = include_bytes!("../fonts/Inter-Regular.subset.otf");
pub(crate) const BOLD: &[u8] = include_bytes!("../fonts/Inter-Bold.subset.otf");

/// plotters' coordinates are whole numbers: drawn this much larger, they come to tenths of pixels.
const FINE: f64 = 10.0;

/// plotters divides font sizes by this when it writes SVG, and measures without it.
const SVG_FONT: f64 = 1.24;

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextLook {
    pub(crate) size: f64,
    pub(crate) color: Color,
    pub(crate) bold: bool,
    pub(crate) anchor: Anchor,
    /// Turned a quarter to the left, to be read from below.
    pub(crate) upright: bool,
}

impl TextLook {
    pub(crate) fn new(size: f64, color: Color) -> Self {
        Self {
            size,
            color,
            bold: false,
            anchor: Anchor::Start,
            upright: false,
        }
    }

    pub(crate) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(crate) fn upright(self) -> Self {
        Self {
            upright: true,
            ..self
        }
    }
}

/// A canvas of `width` × `height` pixels.
pub(crate) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Draws a figure: `draw` is called with the canvas, and what it drew becomes the SVG.
pub(crate) fn draw_figure(
    (width, height): (f64, f64),
    title: &str,
    description: &str,
    background: Color,
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), RenderError>,
) -> Result<Figure, RenderError> {
    load_fonts()?;
    let (width, height) = (width.ceil().max(1.0) as u32, height.ceil().max(1.0) as u32);
    let fine = (width * FINE as u32, height * FINE as u32);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, fine).into_drawing_area();
        let canvas = Canvas { area };
        canvas.rect(
            (0.0, 0.0),
            (f64::from(width), f64::from(height)),
            background,
            1.0,
        )?;
        draw(&canvas)?;
        canvas.area.present().map_err(draw_error)?;
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
    Ok(Figure::new(head + &body, width, height))
}

/// Labels are the user's: control characters, which XML does not allow, are shown as spaces.
fn clean(text: &str) -> String {
    let shown = |c: char| {
        if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') {
            ' '
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
}

fn load_fonts() -> Result<(), RenderError> {
    static LOADED: OnceLock<bool> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| {
        register_font(FAMILY, FontStyle::Normal, REGULAR).is_ok()
            && register_font(FAMILY, FontStyle::Bold, BOLD).is_ok()
    });
    if *loaded {
        Ok(())
    } else {
        Err(RenderError::Draw(
            "the embedded font cannot be read".to_owned(),
        ))
    }
}

fn draw_error(error: impl std::fmt::Display) -> RenderError {
    RenderError::Draw(error.to_string())
}

fn fine((x, y): (f64, f64)) -> (i32, i32) {
    ((x * FINE).round() as i32, (y * FINE).round() as i32)
}

fn rgba(color: Color, alpha: f64) -> RGBAColor {
    // Three digits are more than eyes can tell, and keep the file short.
    RGBAColor(color.r, color.g, color.b, (alpha * 1000.0).round() / 1000.0)
}

fn filled(color: Color, alpha: f64) -> ShapeStyle {
    ShapeStyle {
        color: rgba(color, alpha),
        filled: true,
        stroke_width: 0,
    }
}

fn stroked(color: Color, alpha: f64, width: f64) -> ShapeStyle {
    let stroke_width = (width * FINE).round().max(1.0) as u32;
    ShapeStyle {
        color: rgba(color, alpha),
        filled: false,
        stroke_width,
    }
}

fn font(size: f64, bold: bool) -> FontDesc<'static> {
    let style = if bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    };
    FontDesc::new(FontFamily::Name(FAMILY), size, style)
}

/// The width of a text in pixels.
pub(crate) fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    // Measured large, since plotters rounds to whole pixels; and as large as it is drawn, since the
    // font's reader counts a size from the highest to the lowest letter and SVG by the em.
    font(size * FINE * SVG_FONT, bold)
        .box_size(text)
        .map_or(0.0, |(width, _)| f64::from(width) / FINE)
}

/// The text, shortened with an ellipsis to fit into `width` pixels.
pub(crate) fn fit_text(text: &str, size: f64, bold: bool, width: f64) -> String {
    if text_width(text, size, bold) <= width {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let shortened: String = kept.iter().collect::<String>().trim_end().to_owned() + "…";
        if text_width(&shortened, size, bold) <= width {
            return shortened;
        }
    }
    String::new()
}

impl Canvas<'_> {
    /// A filled rectangle from its upper left corner and size.
    pub(crate) fn rect(
        &self,
        at: (f64, f64),
        (width, height): (f64, f64),
        color: Color,
        alpha: f64,
    ) -> Result<(), RenderError> {
        let corners = [fine(at), fine((at.0 + width, at.1 + height))];
        self.area
            .draw(&Rectangle::new(corners, filled(color, alpha)))
            .map_err(draw_error)
    }

    /// The outline of a rectangle.
    pub(crate) fn frame(
        &self,
        at: (f64, f64),
        (width, height): (f64, f64),
        color: Color,
        stroke: f64,
    ) -> Result<(), RenderError> {
        let corners = [fine(at), fine((at.0 + width, at.1 + height))];
        self.area
            .draw(&Rectangle::new(corners, stroked(color, 1.0, stroke)))
            .map_err(draw_error)
    }

    /// An open path through points.
    pub(crate) fn path(
        &self,
        points: &[(f64, f64)],
        color: Color,
        alpha: f64,
        stroke: f64,
    ) -> Result<(), RenderError> {
        let points: Vec<_> = points.iter().copied().map(fine).collect();
        self.area
            .draw(&PathElement::new(points, stroked(color, alpha, stroke)))
            .map_err(draw_error)
    }

    /// A filled shape.
    pub(crate) fn polygon(&self, points: &[(f64, f64)], color: Color) -> Result<(), RenderError> {
        let points: Vec<_> = points.iter().copied().map(fine).collect();
        self.area
            .draw(&Polygon::new(points, filled(color, 1.0)))
            .map_err(draw_error)
    }

    /// A filled circle with an outline.
    pub(crate) fn circle(
        &self,
        at: (f64, f64),
        radius: f64,
        fill: Color,
        outline: Color,
    ) -> Result<(), RenderError> {
        let r = (radius * FINE).round().max(1.0) as i32;
        self.area
            .draw(&Circle::new(fine(at), r, filled(fill, 1.0)))
            .map_err(draw_error)?;
        self.area
            .draw(&Circle::new(fine(at), r, stroked(outline, 1.0, 0.6)))
            .map_err(draw_error)
    }

    /// A text whose middle height is at the point.
    pub(crate) fn text(
        &self,
        text: &str,
        at: (f64, f64),
        look: TextLook,
    ) -> Result<(), RenderError> {
        let text = clean(text);
        if text.is_empty() {
            return Ok(());
        }
        let anchor = match look.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
        };
        let mut font = font(look.size * FINE * SVG_FONT, look.bold);
        if look.upright {
            font = font.transform(FontTransform::Rotate270);
        }
        let style = font
            .color(&rgba(look.color, 1.0))
            .into_text_style(&self.area)
            .pos(Pos::new(anchor, VPos::Center));
        self.area
            .draw(&Text::new(text, fine(at), style))
            .map_err(draw_error)
    }
}
