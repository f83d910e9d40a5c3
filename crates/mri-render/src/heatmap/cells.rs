use std::collections::BTreeMap;

use mri_grid::Cell;

use super::scale::{Scale, faded_cell};
use crate::canvas::{Anchor, Canvas, Point, TextStyle};
use crate::figure_style::FigureStyle;
use crate::font::text_width;

/// Cells below this size in pixels show no number.
const MIN_NUMBERED_CELL: f64 = 14.0;

/// The cells with a value of one grid. What is drawn follows the texts, however fine the grid is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CellValues {
    /// Cells per side.
    pub(crate) side: usize,
    pub(crate) values: BTreeMap<Cell, CellValue>,
}

/// The value of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CellValue {
    pub(crate) value: f64,
    /// Whether it is drawn faded; `None` if the figure fades none.
    pub(crate) faded: Option<bool>,
}

impl CellValues {
    /// Values of which none is faded.
    pub(crate) fn plain(side: usize, values: impl Iterator<Item = (Cell, f64)>) -> Self {
        let faded = None;
        let values = values.map(|(cell, value)| (cell, CellValue { value, faded }));
        Self {
            side,
            values: values.collect(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        self.values.values().map(|value| value.value)
    }
}

/// Draws the grid of a layer, with y upwards.
pub(crate) fn draw_cells(
    canvas: &mut Canvas,
    cells: &CellValues,
    (left, top): Point,
    cell: f64,
    scale: &Scale,
    style: &FigureStyle,
) {
    let size = cell * cells.side as f64;
    canvas.rect((left, top), (size, size), style.theme.empty, 1.0);
    for (&Cell { x, y }, &CellValue { value, faded }) in &cells.values {
        // The second component points upwards.
        let up = cells.side - 1 - usize::from(y);
        let at = (left + f64::from(x) * cell, top + up as f64 * cell);
        let color = scale.color(value);
        let is_faded = faded == Some(true);
        if is_faded {
            faded_cell(canvas, at, cell, color, style);
        } else {
            canvas.rect(at, (cell, cell), color, 1.0);
        }
        if cell < MIN_NUMBERED_CELL {
            continue;
        }
        let number = scale.number(value);
        let bold = faded == Some(false);
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
