//! A drawing surface in pixels with fractions, whose drawing any backend of plotters can repeat.

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

use crate::text::{BOLD, FAMILY, REGULAR, clean};
use crate::{Color, RenderError};

/// A point in pixels from the upper left corner.
pub(crate) type At = (f64, f64);

/// plotters divides font sizes by this when it writes SVG, since a font's reader counts a size from
/// the highest to the lowest letter and SVG by the em.
const EM: f64 = 1.24;

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
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

/// Something drawn.
#[derive(Debug, Clone, PartialEq)]
enum Mark {
    Rect {
        corners: [At; 2],
        paint: Paint,
    },
    Path {
        points: Vec<At>,
        paint: Paint,
    },
    Polygon {
        points: Vec<At>,
        paint: Paint,
    },
    Circle {
        at: At,
        radius: f64,
        paint: Paint,
    },
    Text {
        text: String,
        at: At,
        look: TextLook,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Paint {
    color: Color,
    alpha: f64,
    /// The width of the line; filled if `None`.
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
    // Three digits are more than eyes can tell, and keep the file short.
    RGBAColor(color.r, color.g, color.b, (alpha * 1000.0).round() / 1000.0)
}

/// What has been drawn, in its order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Canvas {
    marks: Vec<Mark>,
}

impl Canvas {
    /// A filled rectangle from its upper left corner and size.
    pub(crate) fn rect(&mut self, at: At, (width, height): At, color: Color, alpha: f64) {
        self.marks.push(Mark::Rect {
            corners: [at, (at.0 + width, at.1 + height)],
            paint: Paint::fill(color, alpha),
        });
    }

    /// The outline of a rectangle. A path, since plotters writes no width for the outlines of
    /// rectangles; from the middle of a side, so that every corner is a joint.
    pub(crate) fn frame(&mut self, at: At, (width, height): At, color: Color, stroke: f64) {
        let (left, top, right, bottom) = (at.0, at.1, at.0 + width, at.1 + height);
        let middle = (left + width / 2.0, top);
        let corners = [(right, top), (right, bottom), (left, bottom), (left, top)];
        let around = [middle].into_iter().chain(corners).chain([middle]);
        self.path(around.collect(), color, 1.0, stroke);
    }

    /// An open path through points.
    pub(crate) fn path(&mut self, points: Vec<At>, color: Color, alpha: f64, stroke: f64) {
        self.marks.push(Mark::Path {
            points,
            paint: Paint::line(color, alpha, stroke),
        });
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: At, to: At, color: Color, stroke: f64) {
        self.path(vec![from, to], color, 1.0, stroke);
    }

    /// A filled shape.
    pub(crate) fn polygon(&mut self, points: Vec<At>, color: Color, alpha: f64) {
        self.marks.push(Mark::Polygon {
            points,
            paint: Paint::fill(color, alpha),
        });
    }

    /// A filled circle.
    pub(crate) fn disc(&mut self, at: At, radius: f64, color: Color, alpha: f64) {
        self.marks.push(Mark::Circle {
            at,
            radius,
            paint: Paint::fill(color, alpha),
        });
    }

    /// The outline of a circle.
    pub(crate) fn ring(&mut self, at: At, radius: f64, color: Color, stroke: f64) {
        self.marks.push(Mark::Circle {
            at,
            radius,
            paint: Paint::line(color, 1.0, stroke),
        });
    }

    /// A text whose middle height is at the point.
    pub(crate) fn text(&mut self, text: &str, at: At, look: TextLook) {
        let text = clean(text);
        if !text.is_empty() {
            self.marks.push(Mark::Text { text, at, look });
        }
    }

    /// Draws everything, `scale` of the area's pixels to a pixel of the canvas.
    pub(crate) fn replay<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        scale: f64,
    ) -> Result<(), RenderError> {
        load_fonts()?;
        self.marks
            .iter()
            .try_for_each(|mark| draw(mark, area, scale))
    }
}

fn draw<DB: DrawingBackend>(
    mark: &Mark,
    area: &DrawingArea<DB, Shift>,
    scale: f64,
) -> Result<(), RenderError> {
    let place = |(x, y): At| ((x * scale).round() as i32, (y * scale).round() as i32);
    let all = |points: &[At]| -> Vec<(i32, i32)> { points.iter().copied().map(place).collect() };
    let drawn = match mark {
        Mark::Rect { corners, paint } => {
            area.draw(&Rectangle::new(corners.map(place), paint.style(scale)))
        }
        Mark::Path { points, paint } => {
            area.draw(&PathElement::new(all(points), paint.style(scale)))
        }
        Mark::Polygon { points, paint } => {
            area.draw(&Polygon::new(all(points), paint.style(scale)))
        }
        Mark::Circle { at, radius, paint } => {
            let radius = (radius * scale).round().max(1.0) as i32;
            area.draw(&Circle::new(place(*at), radius, paint.style(scale)))
        }
        Mark::Text { text, at, look } => {
            let anchor = match look.anchor {
                Anchor::Start => HPos::Left,
                Anchor::Middle => HPos::Center,
                Anchor::End => HPos::Right,
            };
            let mut font = font(look.size * scale * EM, look.bold);
            if look.upright {
                font = font.transform(FontTransform::Rotate270);
            }
            let style = font
                .color(&rgba(look.color, 1.0))
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
