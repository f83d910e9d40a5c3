//! A drawing surface in fractional pixels that records primitives and replays them on any plotters
//! backend.

use std::sync::OnceLock;

use plotters::backend::DrawingBackend;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    FontDesc, FontFamily, FontStyle, FontTransform, IntoTextStyle, RGBAColor, ShapeStyle,
    register_font,
};

use crate::color::Color;
use crate::error::RenderError;
use crate::font::{BOLD, FAMILY, REGULAR};
use crate::text::clean;

/// A point in pixels from the upper left corner, or a width and height.
pub(crate) type Point = (f64, f64);

/// plotters divides font sizes by this when it writes SVG: its font sizes are ascent plus descent,
/// those of SVG are ems.
const PLOTTERS_EM: f64 = 1.24;

/// Horizontal alignment of a text at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// Size, color, weight and alignment of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TextStyle {
    pub(crate) size: f64,
    pub(crate) color: Color,
    pub(crate) bold: bool,
    pub(crate) anchor: Anchor,
    /// Rotated by 90° counterclockwise.
    pub(crate) vertical: bool,
}

impl TextStyle {
    pub(crate) fn new(size: f64, color: Color) -> Self {
        Self {
            size,
            color,
            bold: false,
            anchor: Anchor::Start,
            vertical: false,
        }
    }

    pub(crate) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(crate) fn vertical(self) -> Self {
        Self {
            vertical: true,
            ..self
        }
    }
}

/// A recorded drawing operation.
#[derive(Debug, Clone, PartialEq)]
enum Primitive {
    Rect {
        corners: [Point; 2],
        paint: Paint,
    },
    Path {
        points: Vec<Point>,
        paint: Paint,
    },
    Polygon {
        points: Vec<Point>,
        paint: Paint,
    },
    Circle {
        at: Point,
        radius: f64,
        paint: Paint,
    },
    Text {
        text: String,
        at: Point,
        style: TextStyle,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Paint {
    color: Color,
    alpha: f64,
    /// The line width; filled if `None`.
    stroke: Option<f64>,
}

impl Paint {
    fn fill(color: Color, alpha: f64) -> Self {
        let stroke = None;
        Self {
            color,
            alpha,
            stroke,
        }
    }

    fn line(color: Color, alpha: f64, width: f64) -> Self {
        let stroke = Some(width);
        Self {
            color,
            alpha,
            stroke,
        }
    }

    fn style(self, scale: f64) -> ShapeStyle {
        ShapeStyle {
            color: rgba(self.color, self.alpha),
            filled: self.stroke.is_none(),
            stroke_width: self
                .stroke
                .map_or(0, |width| (width * scale).round().max(1.0) as u32),
        }
    }
}

fn rgba(color: Color, alpha: f64) -> RGBAColor {
    // Three digits are beyond what can be seen, and keep the file short.
    RGBAColor(color.r, color.g, color.b, (alpha * 1000.0).round() / 1000.0)
}

/// The recorded primitives, in drawing order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Canvas {
    primitives: Vec<Primitive>,
}

impl Canvas {
    /// A filled rectangle from its upper left corner and size.
    pub(crate) fn rect(&mut self, at: Point, (width, height): Point, color: Color, alpha: f64) {
        self.primitives.push(Primitive::Rect {
            corners: [at, (at.0 + width, at.1 + height)],
            paint: Paint::fill(color, alpha),
        });
    }

    /// The outline of a rectangle. Drawn as a path, since plotters writes no stroke width for
    /// rectangles; it starts in the middle of a side, so that every corner is joined.
    pub(crate) fn frame(&mut self, at: Point, (width, height): Point, color: Color, stroke: f64) {
        let (left, top, right, bottom) = (at.0, at.1, at.0 + width, at.1 + height);
        let middle = (left + width / 2.0, top);
        let corners = [(right, top), (right, bottom), (left, bottom), (left, top)];
        let around = [middle].into_iter().chain(corners).chain([middle]);
        self.path(around.collect(), color, 1.0, stroke);
    }

    /// An open path through points.
    pub(crate) fn path(&mut self, points: Vec<Point>, color: Color, alpha: f64, stroke: f64) {
        self.primitives.push(Primitive::Path {
            points,
            paint: Paint::line(color, alpha, stroke),
        });
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: Point, to: Point, color: Color, stroke: f64) {
        self.path(vec![from, to], color, 1.0, stroke);
    }

    /// A filled polygon.
    pub(crate) fn polygon(&mut self, points: Vec<Point>, color: Color, alpha: f64) {
        self.primitives.push(Primitive::Polygon {
            points,
            paint: Paint::fill(color, alpha),
        });
    }

    /// A filled circle.
    pub(crate) fn disc(&mut self, at: Point, radius: f64, color: Color, alpha: f64) {
        self.primitives.push(Primitive::Circle {
            at,
            radius,
            paint: Paint::fill(color, alpha),
        });
    }

    /// The outline of a circle.
    pub(crate) fn ring(&mut self, at: Point, radius: f64, color: Color, stroke: f64) {
        self.primitives.push(Primitive::Circle {
            at,
            radius,
            paint: Paint::line(color, 1.0, stroke),
        });
    }

    /// A text, vertically centered at the point.
    pub(crate) fn text(&mut self, text: &str, at: Point, style: TextStyle) {
        let text = clean(text);
        if !text.is_empty() {
            self.primitives.push(Primitive::Text { text, at, style });
        }
    }

    /// Lines of text below each other, the first vertically centered at the point. Returns the y at
    /// which a further line would stand.
    pub(crate) fn lines(
        &mut self,
        lines: &[String],
        (x, mut y): Point,
        line_height: f64,
        style: TextStyle,
    ) -> f64 {
        for line in lines {
            self.text(line, (x, y), style);
            y += line_height;
        }
        y
    }

    /// Draws all primitives, with `scale` pixels of the area per pixel of the canvas.
    pub(crate) fn replay<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        scale: f64,
    ) -> Result<(), RenderError> {
        load_fonts()?;
        self.primitives
            .iter()
            .try_for_each(|primitive| draw(primitive, area, scale))
    }
}

fn draw<DB: DrawingBackend>(
    primitive: &Primitive,
    area: &DrawingArea<DB, Shift>,
    scale: f64,
) -> Result<(), RenderError> {
    let place = |(x, y): Point| ((x * scale).round() as i32, (y * scale).round() as i32);
    let all = |points: &[Point]| -> Vec<(i32, i32)> { points.iter().copied().map(place).collect() };
    let drawn = match primitive {
        Primitive::Rect { corners, paint } => {
            area.draw(&Rectangle::new(corners.map(place), paint.style(scale)))
        }
        Primitive::Path { points, paint } => {
            area.draw(&PathElement::new(all(points), paint.style(scale)))
        }
        Primitive::Polygon { points, paint } => {
            area.draw(&Polygon::new(all(points), paint.style(scale)))
        }
        Primitive::Circle { at, radius, paint } => {
            let radius = (radius * scale).round().max(1.0) as i32;
            area.draw(&Circle::new(place(*at), radius, paint.style(scale)))
        }
        Primitive::Text { text, at, style } => {
            let anchor = match style.anchor {
                Anchor::Start => HPos::Left,
                Anchor::Middle => HPos::Center,
                Anchor::End => HPos::Right,
            };
            let mut font = font(style.size * scale * PLOTTERS_EM, style.bold);
            if style.vertical {
                font = font.transform(FontTransform::Rotate270);
            }
            let style = font
                .color(&rgba(style.color, 1.0))
                .into_text_style(area)
                .pos(Pos::new(anchor, VPos::Center));
            area.draw(&Text::new(text.as_str(), place(*at), style))
        }
    };
    drawn.map_err(|error| RenderError::Draw(error.to_string()))
}

fn font(size: f64, bold: bool) -> FontDesc<'static> {
    let style = if bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    };
    FontDesc::new(FontFamily::Name(FAMILY), size, style)
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
