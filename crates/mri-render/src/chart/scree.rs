use mri_core::{Embedding, Layer};

use super::axis::{Ticks, draw_names};
use crate::canvas::{Anchor, Canvas, TextLook};
use crate::figure::draw_figure;
use crate::header::{Header, MARGIN};
use crate::heatmap::layer_tick;
use crate::text::{text_width, thousands};
use crate::{Caption, Color, Colormap, Figure, Look, RenderError};

/// Draws which share of each layer's variance its components keep: a bar per layer, cut into its
/// components from the first (below) to the last.
///
/// # Errors
/// [`RenderError::Mismatch`] if no layer's reducer knows shares of variance, as is so of UMAP.
pub fn scree(embedding: &Embedding, caption: &Caption, look: &Look) -> Result<Figure, RenderError> {
    let bars: Vec<Bar> = embedding
        .iter()
        .map(|(layer, points)| Bar {
            layer,
            shares: points
                .components
                .iter()
                .filter_map(|axis| axis.explained_variance_ratio)
                .filter(|share| share.is_finite() && *share >= 0.0)
                .map(|share| 100.0 * share)
                .collect(),
            degenerate: points.degenerate,
        })
        .collect();
    let most = bars.iter().map(|bar| bar.shares.len()).max().unwrap_or(0);
    if most == 0 {
        return Err(RenderError::Mismatch(
            "this reducer knows no shares of variance; scree plots are of PCA and SVD".to_owned(),
        ));
    }
    let names = embedding.iter().map(|(_, points)| &points.components);
    let names: Vec<String> = names
        .max_by_key(|axes| axes.len())
        .map(|axes| axes.iter().map(|axis| axis.name.clone()).collect())
        .unwrap_or_default();
    let title = match names.as_slice() {
        [] | [_] => "How much of each layer’s variance the map keeps".to_owned(),
        [a, b] => format!("How much of each layer’s variance {a} and {b} keep"),
        [.., last] => format!(
            "How much of each layer’s variance {} to {last} keep",
            names[0]
        ),
    };
    let mut more = vec![format!("n = {}", thousands(embedding.labels().len()))];
    if bars.iter().any(|bar| bar.degenerate) {
        more.push("no bar: all rows equal".to_owned());
    }
    let subtitle = caption.line(&more);
    let each = (760.0 / bars.len() as f64).clamp(look.scaled(30.0), look.scaled(84.0));
    let suits = (each * bars.len() as f64 + 190.0).max(600.0);
    let width = look.width_or(suits, 280.0);
    let header = Header::new(&title, &subtitle, width, look);
    let top = header.bottom + look.scaled(12.0);
    let high = look.height.map_or(look.scaled(280.0), |height| {
        (height - top - look.scaled(56.0)).max(look.scaled(80.0))
    });
    let said: Vec<String> = bars.iter().map(Bar::in_words).collect();
    let description = format!("{title}. {subtitle}. {}", said.join(" "));
    draw_figure(
        (width, top + high + look.scaled(56.0)),
        &title,
        &description,
        look.theme.background,
        |canvas| {
            header.draw(canvas, look);
            let room = look.scaled(96.0);
            let scale = Ticks::spanning(0.0, highest(&bars), 5);
            let left = MARGIN + scale.room(look) + look.scaled(16.0);
            let size = (width - MARGIN - room - left, high);
            let unit = TextLook::new(look.scaled(10.5), look.theme.muted).anchor(Anchor::Middle);
            let beside = (MARGIN + look.scaled(4.0), top + high / 2.0);
            canvas.text("% of the layer’s variance", beside, unit.upright());
            scale.draw_rows(canvas, (left, top), size, look);
            let ticks: Vec<String> = bars.iter().map(|bar| layer_tick(bar.layer)).collect();
            let x = draw_names(canvas, &ticks, (left, top + high), size.0, look);
            let below = (left + size.0 / 2.0, top + high + look.scaled(30.0));
            canvas.text("layer", below, unit);
            let wide = size.0 / bars.len() as f64 * 0.72;
            for (bar, &x) in bars.iter().zip(&x) {
                bar.draw(canvas, (x, wide), (top, high), &scale, most, look);
            }
            draw_key(
                canvas,
                (width - MARGIN - room + 14.0, top),
                &names,
                most,
                look,
            );
        },
    )
}

/// The shares of one layer's components, in percent.
struct Bar {
    layer: Layer,
    shares: Vec<f64>,
    degenerate: bool,
}

/// The height that the highest bar reaches; rounding cannot bring it above 100.
fn highest(bars: &[Bar]) -> f64 {
    let sum = |bar: &Bar| bar.shares.iter().sum::<f64>();
    bars.iter().map(sum).fold(1e-6, f64::max).min(100.0)
}

/// The colour of a component: the first are the strongest.
fn color(component: usize, most: usize, look: &Look) -> Color {
    let t = component as f64 / most.max(2) as f64;
    if look.is_dark() {
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
        look: &Look,
    ) {
        let y = |value: f64| top + high * (1.0 - scale.place(value.min(scale.high)));
        let small = look.scaled(10.5);
        let above = TextLook::new(small, look.theme.text).anchor(Anchor::Middle);
        if self.degenerate || self.shares.is_empty() {
            let note = if self.degenerate { "all equal" } else { "none" };
            let note = if text_width(note, small, false) < wide * 1.3 {
                note
            } else {
                "–"
            };
            let text = TextLook::new(small, look.theme.muted).anchor(Anchor::Middle);
            canvas.text(note, (x, y(0.0) - look.scaled(9.0)), text);
            return;
        }
        let mut sum = 0.0;
        for (component, &share) in self.shares.iter().enumerate() {
            let (low, end) = (y(sum), y(sum + share));
            let color = color(component, most, look);
            canvas.rect((x - wide / 2.0, end), (wide, low - end), color, 1.0);
            // A line between components, so that they are told apart without their colours.
            let (from, to) = ((x - wide / 2.0, end), (x + wide / 2.0, end));
            canvas.line(from, to, look.theme.background, 1.0);
            let label = format!("{share:.0}");
            if low - end > look.scaled(14.0) && text_width(&label, small, false) < wide - 2.0 {
                let text = TextLook::new(small, color.readable_on()).anchor(Anchor::Middle);
                canvas.text(&label, (x, f64::midpoint(low, end)), text);
            }
            sum += share;
        }
        let total = format!("{sum:.0}");
        if text_width(&total, small, true) < wide * 1.3 {
            canvas.text(&total, (x, y(sum) - look.scaled(8.0)), above.bold());
        }
    }

    fn in_words(&self) -> String {
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

/// The components' names in the order in which they are stacked.
fn draw_key(
    canvas: &mut Canvas,
    (left, top): (f64, f64),
    names: &[String],
    most: usize,
    look: &Look,
) {
    const LISTED: usize = 12;
    let (side, line) = (look.scaled(12.0), look.scaled(18.0));
    for (row, component) in (0..most.min(LISTED)).rev().enumerate() {
        let y = top + row as f64 * line;
        canvas.rect((left, y), (side, side), color(component, most, look), 1.0);
        let name = names.get(component).map_or("", String::as_str);
        let name = if most > LISTED && row == 0 {
            format!("{name} and {} more", most - LISTED)
        } else {
            name.to_owned()
        };
        let name = crate::text::fit_text(&name, look.scaled(11.0), false, look.scaled(76.0));
        let text = TextLook::new(look.scaled(11.0), look.theme.text);
        canvas.text(&name, (left + side + 6.0, y + side / 2.0), text);
    }
}
