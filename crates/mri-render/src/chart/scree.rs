use mri_core::{Embedding, Layer};

use super::axis::{Ticks, draw_names};
use crate::canvas::{Anchor, Canvas, TextStyle};
use crate::caption::Caption;
use crate::color::Color;
use crate::colormap::Colormap;
use crate::error::RenderError;
use crate::figure::{Figure, draw_figure};
use crate::figure_style::FigureStyle;
use crate::font::text_width;
use crate::header::{Header, MARGIN};
use crate::text::{fit_text, thousands};

/// Draws a scree plot: the explained variance of every layer's components, in percent, as a stacked
/// bar per layer with the first component at the bottom.
///
/// # Errors
/// [`RenderError::Mismatch`] if no component of any layer has an explained variance ratio, as with
/// UMAP.
pub fn scree(
    embedding: &Embedding,
    caption: &Caption,
    style: &FigureStyle,
) -> Result<Figure, RenderError> {
    let bars: Vec<Bar> = embedding
        .iter()
        .map(|(layer, points)| Bar {
            layer,
            shares: points
                .components
                .iter()
                .filter_map(|component| component.explained_variance_ratio)
                .filter(|share| share.is_finite() && *share >= 0.0)
                .map(|share| 100.0 * share)
                .collect(),
            degenerate: points.degenerate,
        })
        .collect();
    let most = bars.iter().map(|bar| bar.shares.len()).max().unwrap_or(0);
    if most == 0 {
        return Err(RenderError::mismatch(
            "the components have no explained variance ratio; scree plots need PCA or SVD",
        ));
    }
    let names = embedding.iter().map(|(_, points)| &points.components);
    let names: Vec<String> = names
        .max_by_key(|axes| axes.len())
        .map(|axes| axes.iter().map(|axis| axis.name.clone()).collect())
        .unwrap_or_default();
    let title = title(&names);
    let mut more = vec![format!("n = {}", thousands(embedding.labels().len()))];
    if bars.iter().any(|bar| bar.degenerate) {
        more.push("no bar: all rows equal".to_owned());
    }
    let subtitle = caption.line(&more);
    let each = (760.0 / bars.len() as f64).clamp(style.scaled(30.0), style.scaled(84.0));
    let default_width = (each * bars.len() as f64 + 190.0).max(600.0);
    let width = style.width_or(default_width, 280.0);
    let header = Header::new(&title, &subtitle, width, style);
    let top = header.bottom + style.scaled(12.0);
    let high = style.height.map_or(style.scaled(280.0), |height| {
        (height - top - style.scaled(56.0)).max(style.scaled(80.0))
    });
    let in_words: Vec<String> = bars.iter().map(Bar::describe).collect();
    let description = format!("{title}. {subtitle}. {}", in_words.join(" "));
    draw_figure(
        (width, top + high + style.scaled(56.0)),
        &title,
        &description,
        style.theme.background,
        |canvas| {
            header.draw(canvas, style);
            let room = style.scaled(96.0);
            let scale = Ticks::spanning(0.0, highest(&bars), 5);
            let left = MARGIN + scale.room(style) + style.scaled(16.0);
            let size = (width - MARGIN - room - left, high);
            let unit = TextStyle::new(style.scaled(10.5), style.theme.muted).anchor(Anchor::Middle);
            let beside = (MARGIN + style.scaled(4.0), top + high / 2.0);
            canvas.text("% of the layer’s variance", beside, unit.vertical());
            scale.draw_rows(canvas, (left, top), size, style);
            let ticks: Vec<String> = bars.iter().map(|bar| bar.layer.abbreviation()).collect();
            let x = draw_names(canvas, &ticks, (left, top + high), size.0, style);
            let below = (left + size.0 / 2.0, top + high + style.scaled(30.0));
            canvas.text("layer", below, unit);
            let wide = size.0 / bars.len() as f64 * 0.72;
            for (bar, &x) in bars.iter().zip(&x) {
                bar.draw(canvas, (x, wide), (top, high), &scale, most, style);
            }
            draw_legend(
                canvas,
                (width - MARGIN - room + 14.0, top),
                &names,
                most,
                style,
            );
        },
    )
}

/// The title, which names the components.
fn title(names: &[String]) -> String {
    match names {
        [] | [_] => "How much of each layer’s variance the map keeps".to_owned(),
        [a, b] => format!("How much of each layer’s variance {a} and {b} keep"),
        [.., last] => format!(
            "How much of each layer’s variance {} to {last} keep",
            names[0]
        ),
    }
}

/// The explained variance of one layer's components, in percent.
struct Bar {
    layer: Layer,
    shares: Vec<f64>,
    degenerate: bool,
}

/// The height of the highest bar, at most 100 in spite of rounding.
fn highest(bars: &[Bar]) -> f64 {
    let sum = |bar: &Bar| bar.shares.iter().sum::<f64>();
    bars.iter().map(sum).fold(1e-6, f64::max).min(100.0)
}

/// The color of a component: the first is the strongest.
fn color(component: usize, most: usize, style: &FigureStyle) -> Color {
    let t = component as f64 / most.max(2) as f64;
    if style.is_dark() {
        Colormap::Viridis.at(0.85 - 0.6 * t)
    } else {
        Colormap::Blues.at(0.9 - 0.65 * t)
    }
}

impl Bar {
    fn draw(
        &self,
        canvas: &mut Canvas,
        (x, wide): (f64, f64),
        (top, high): (f64, f64),
        scale: &Ticks,
        most: usize,
        style: &FigureStyle,
    ) {
        let y = |value: f64| top + high * (1.0 - scale.position(value.min(scale.high)));
        let small = style.scaled(10.5);
        let above = TextStyle::new(small, style.theme.text).anchor(Anchor::Middle);
        if self.degenerate || self.shares.is_empty() {
            let note = if self.degenerate { "all equal" } else { "none" };
            let note = if text_width(note, small, false) < wide * 1.3 {
                note
            } else {
                "–"
            };
            let text = TextStyle::new(small, style.theme.muted).anchor(Anchor::Middle);
            canvas.text(note, (x, y(0.0) - style.scaled(9.0)), text);
            return;
        }
        let mut sum = 0.0;
        for (component, &share) in self.shares.iter().enumerate() {
            let (low, end) = (y(sum), y(sum + share));
            let color = color(component, most, style);
            canvas.rect((x - wide / 2.0, end), (wide, low - end), color, 1.0);
            // A line between components, which distinguishes them without color.
            let (from, to) = ((x - wide / 2.0, end), (x + wide / 2.0, end));
            canvas.line(from, to, style.theme.background, 1.0);
            let label = format!("{share:.0}");
            if low - end > style.scaled(14.0) && text_width(&label, small, false) < wide - 2.0 {
                let text = TextStyle::new(small, color.readable_on()).anchor(Anchor::Middle);
                canvas.text(&label, (x, f64::midpoint(low, end)), text);
            }
            sum += share;
        }
        let total = format!("{sum:.0}");
        if text_width(&total, small, true) < wide * 1.3 {
            canvas.text(&total, (x, y(sum) - style.scaled(8.0)), above.bold());
        }
    }

    fn describe(&self) -> String {
        let name = self.layer.title();
        if self.degenerate {
            return format!("{name}: all rows equal.");
        }
        let shares = self.shares.iter().map(|share| format!("{share:.1}"));
        let all: Vec<String> = shares.collect();
        let sum: f64 = self.shares.iter().sum();
        format!("{name}: {} together {sum:.1} %.", all.join(" + "))
    }
}

/// The legend of the components, in stacking order.
fn draw_legend(
    canvas: &mut Canvas,
    (left, top): (f64, f64),
    names: &[String],
    most: usize,
    style: &FigureStyle,
) {
    const MAX_ENTRIES: usize = 12;
    let (side, line) = (style.scaled(12.0), style.scaled(18.0));
    for (row, component) in (0..most.min(MAX_ENTRIES)).rev().enumerate() {
        let y = top + row as f64 * line;
        canvas.rect((left, y), (side, side), color(component, most, style), 1.0);
        let name = names.get(component).map_or("", String::as_str);
        let name = if most > MAX_ENTRIES && row == 0 {
            format!("{name} and {} more", most - MAX_ENTRIES)
        } else {
            name.to_owned()
        };
        let name = fit_text(&name, style.scaled(11.0), false, style.scaled(76.0));
        let text = TextStyle::new(style.scaled(11.0), style.theme.text);
        canvas.text(&name, (left + side + 6.0, y + side / 2.0), text);
    }
}
