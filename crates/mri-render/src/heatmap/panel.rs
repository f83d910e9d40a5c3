use mri_core::{Component, Layer, Points};
use ndarray::Array2;

use super::scale::{Scale, faded_cell};
use crate::Look;
use crate::canvas::{Anchor, At, Canvas, TextLook};
use crate::text::{fit_text, text_width};

/// Cells smaller than this many pixels carry no number.
const SMALLEST_NUMBERED: f64 = 14.0;

/// One layer's values and words.
pub(crate) struct Panel<'a> {
    pub(crate) layer: Layer,
    pub(crate) points: &'a Points,
    /// Values per cell (x, y); `None` where no text of the quantity is.
    pub(crate) values: Array2<Option<f64>>,
    /// Per cell whether it is to be faded; empty if none is.
    pub(crate) faded: Option<Array2<bool>>,
    /// What else is to be said of the layer.
    /// From the longest way to say it to the shortest.
    pub(crate) notes: Vec<String>,
}

impl Panel<'_> {
    /// Draws the panel: its name above, its axes beside and below, its cells from the point on.
    pub(crate) fn draw(
        &self,
        canvas: &mut Canvas,
        (left, top): At,
        cell: f64,
        scale: &Scale,
        look: &Look,
    ) {
        let size = cell * self.values.nrows() as f64;
        let theme = look.theme;
        let (bold, small) = (look.scaled(13.0), look.scaled(10.5));
        let name = fit_text(&self.layer.title(), bold, true, size);
        let above = top - look.scaled(12.0);
        canvas.text(&name, (left, above), TextLook::new(bold, theme.text).bold());
        let degenerate = [
            "all rows equal, not in the scale",
            "all rows equal",
            "all equal",
        ];
        let notes: Vec<&str> = if self.points.degenerate {
            degenerate.to_vec()
        } else {
            self.notes.iter().map(String::as_str).collect()
        };
        let used = text_width(&name, bold, true) + look.scaled(8.0);
        let fits = |note: &&str| text_width(note, small, false) <= size - used;
        if let Some(note) = notes.into_iter().find(fits) {
            canvas.text(
                note,
                (left + used, above),
                TextLook::new(small, theme.muted),
            );
        }
        draw_cells(
            canvas,
            &self.values,
            self.faded.as_ref(),
            (left, top),
            cell,
            scale,
            look,
        );
        if self.points.degenerate {
            return;
        }
        let text = TextLook::new(small, theme.muted).anchor(Anchor::Middle);
        let axis = |i: usize| {
            let name = self
                .points
                .components
                .get(i)
                .map(axis_name)
                .unwrap_or_default();
            fit_text(&name, small, false, size)
        };
        let below = top + size + look.scaled(12.0);
        canvas.text(&axis(0), (left + size / 2.0, below), text);
        let beside = left - look.scaled(10.0);
        canvas.text(&axis(1), (beside, top + size / 2.0), text.upright());
    }
}

/// The full grid of a layer.
pub(crate) fn draw_cells(
    canvas: &mut Canvas,
    values: &Array2<Option<f64>>,
    faded: Option<&Array2<bool>>,
    (left, top): At,
    cell: f64,
    scale: &Scale,
    look: &Look,
) {
    let side = values.nrows();
    let size = cell * side as f64;
    canvas.rect((left, top), (size, size), look.theme.empty, 1.0);
    for ((x, y), value) in values.indexed_iter() {
        let Some(value) = *value else { continue };
        // The second component grows upwards.
        let at = (left + x as f64 * cell, top + (side - 1 - y) as f64 * cell);
        let color = scale.color(value);
        let is_faded = faded.is_some_and(|faded| faded[(x, y)]);
        if is_faded {
            faded_cell(canvas, at, cell, color, look);
        } else {
            canvas.rect(at, (cell, cell), color, 1.0);
        }
        if cell < SMALLEST_NUMBERED {
            continue;
        }
        let number = scale.number(value);
        let bold = faded.is_some() && !is_faded;
        let font = (cell * 0.42).min(look.scaled(13.0));
        if text_width(&number, font, bold) <= cell - 1.5 {
            let ink = if is_faded {
                look.theme.muted
            } else {
                color.readable_on()
            };
            let mut text = TextLook::new(font, ink).anchor(Anchor::Middle);
            text.bold = bold;
            canvas.text(&number, (at.0 + cell / 2.0, at.1 + cell / 2.0), text);
        }
    }
    canvas.frame((left, top), (size, size), look.theme.line, 1.0);
}

/// An axis with the share of variance along it.
pub(crate) fn axis_name(axis: &Component) -> String {
    let name = &axis.name;
    match axis.explained_variance_ratio {
        Some(share) => format!("{name} ({:.1} %)", 100.0 * share),
        None => name.clone(),
    }
}

/// The name of a layer where there is room for a number only.
pub(crate) fn layer_tick(layer: Layer) -> String {
    layer.index.to_string()
}
