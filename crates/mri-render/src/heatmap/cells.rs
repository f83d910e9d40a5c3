use ndarray::Array2;

use super::scale::{Scale, faded_cell};
use crate::canvas::{Anchor, Canvas, Point, TextStyle};
use crate::figure_style::FigureStyle;
use crate::font::text_width;

/// Cells below this size in pixels show no number.
const MIN_NUMBERED_CELL: f64 = 14.0;

/// Draws the grid of a layer. `values` are indexed by (x, y) with y upwards; `None` is an empty
/// cell.
pub(crate) fn draw_cells(
    canvas: &mut Canvas,
    values: &Array2<Option<f64>>,
    faded: Option<&Array2<bool>>,
    (left, top): Point,
    cell: f64,
    scale: &Scale,
    style: &FigureStyle,
) {
    let side = values.nrows();
    let size = cell * side as f64;
    canvas.rect((left, top), (size, size), style.theme.empty, 1.0);
    for ((x, y), value) in values.indexed_iter() {
        let Some(value) = *value else { continue };
        // The second component points upwards.
        let at = (left + x as f64 * cell, top + (side - 1 - y) as f64 * cell);
        let color = scale.color(value);
        let is_faded = faded.is_some_and(|faded| faded[(x, y)]);
        if is_faded {
            faded_cell(canvas, at, cell, color, style);
        } else {
            canvas.rect(at, (cell, cell), color, 1.0);
        }
        if cell < MIN_NUMBERED_CELL {
            continue;
        }
        let number = scale.number(value);
        let bold = faded.is_some() && !is_faded;
        let font = (cell * 0.42).min(style.scaled(13.0));
        if text_width(&number, font, bold) <= cell - 1.5 {
            let ink = if is_faded {
                style.theme.muted
            } else {
                color.readable_on()
            };
            let mut text = TextStyle::new(font, ink).anchor(Anchor::Middle);
            text.bold = bold;
            canvas.text(&number, (at.0 + cell / 2.0, at.1 + cell / 2.0), text);
        }
    }
    canvas.frame((left, top), (size, size), style.theme.line, 1.0);
}
