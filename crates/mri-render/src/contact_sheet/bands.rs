use super::table::Table;
use crate::canvas::{Anchor, Canvas, TextStyle};
use crate::figure_style::FigureStyle;
use crate::font::text_width;
use crate::header::MARGIN;
use crate::heatmap::{COLOR_BAR_WIDTH, LINE_HEIGHT, draw_cells};
use crate::text::{fit_text, wrap_text};

/// The division of the columns into bands, and all sizes.
pub(super) struct Bands {
    pub(super) count: usize,
    columns: usize,
    /// The side of a heatmap, and the distance from one to the next.
    panel: f64,
    step: f64,
    /// The width of the row names, the height of the column names, and the height of a band.
    left: f64,
    pub(super) above: f64,
    pub(super) band: f64,
    /// The number of lines of a column name.
    name_lines: usize,
    pub(super) width: f64,
}

impl Bands {
    pub(super) fn new(table: &Table, style: &FigureStyle) -> Self {
        /// Wider sheets are divided into bands.
        const MAX_WIDTH: f64 = 1_500.0;
        let (n_rows, n_columns) = (table.rows.len(), table.columns.len());
        let gap = 8.0;
        let widest = table
            .rows
            .iter()
            .map(|(name, n)| {
                let name = text_width(name, style.scaled(12.0), true);
                name.max(text_width(n, style.scaled(11.0), false))
            })
            .fold(0.0, f64::max);
        let left = MARGIN + (widest + style.scaled(12.0)).clamp(14.0, style.scaled(150.0));
        let around = left + MARGIN + style.scaled(COLOR_BAR_WIDTH);
        let panel: f64 = match n_rows * n_columns {
            0..=6 => 190.0,
            7..=24 => 120.0,
            25..=60 => 92.0,
            61..=120 => 72.0,
            _ => 58.0,
        };
        // With categories as columns, n stands below the name, which may be long.
        let small = style.scaled(11.0);
        let long = |name: &String| text_width(name, small, true) > panel;
        let name_lines = match table.only {
            Some(_) if table.columns.iter().any(long) => 2,
            _ => 1,
        };
        let below = usize::from(table.only.is_some());
        let above = style.scaled(22.0 + LINE_HEIGHT * (name_lines + below - 1) as f64);
        let size = |columns: usize, panel: f64| {
            let count = n_columns.div_ceil(columns);
            let width = around + columns as f64 * (panel + gap);
            let band = above + n_rows as f64 * (panel + gap) + 10.0;
            (count, width, band)
        };
        // As few bands as fit the width, of equal length.
        let max_width = style.width.unwrap_or(MAX_WIDTH).max(MAX_WIDTH);
        let columns = (1..=n_columns)
            .map(|bands| n_columns.div_ceil(bands))
            .find(|&columns| {
                let (_, width, band) = size(columns, panel);
                width <= max_width && (table.only.is_none() || width < 5.5 * band)
            })
            .unwrap_or(1);
        let panel = style.width.map_or(panel, |width| {
            ((width.clamp(200.0, 8_000.0) - around) / columns as f64 - gap).max(16.0)
        });
        let (count, width, band) = size(columns, panel);
        Self {
            count,
            columns,
            panel,
            step: panel + gap,
            left,
            above,
            band,
            name_lines,
            width: width.max(style.scaled(420.0)),
        }
    }

    /// Draws one band with its upper edge at `top`.
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        table: &Table,
        band: usize,
        top: f64,
        style: &FigureStyle,
    ) {
        let first = band * self.columns;
        let last = (first + self.columns).min(table.columns.len());
        self.draw_column_names(canvas, table, (first, last), top, style);
        for r in 0..table.rows.len() {
            let y = top + self.above + r as f64 * self.step;
            self.draw_row_name(canvas, &table.rows[r], y, style);
            for column in first..last {
                let cells = &table.cells[r][column];
                let x = self.left + (column - first) as f64 * self.step;
                let cell = self.panel / cells.side as f64;
                draw_cells(canvas, cells, (x, y), cell, &table.scale, style);
            }
        }
    }

    fn draw_column_names(
        &self,
        canvas: &mut Canvas,
        table: &Table,
        (first, last): (usize, usize),
        top: f64,
        style: &FigureStyle,
    ) {
        let small = style.scaled(11.0);
        let long_fit =
            (table.columns.iter()).all(|name| text_width(name, small, false) <= self.step - 2.0);
        let names = if long_fit || table.only.is_some() {
            &table.columns
        } else {
            &table.short
        };
        let muted = TextStyle::new(small, style.theme.muted).anchor(Anchor::Middle);
        let base = top + self.above - style.scaled(11.0);
        let line = style.scaled(LINE_HEIGHT);
        for (i, name) in names[first..last].iter().enumerate() {
            let middle = self.left + i as f64 * self.step + self.panel / 2.0;
            if table.only.is_none() {
                let name = fit_text(name, small, false, self.step - 2.0);
                canvas.text(&name, (middle, base), muted);
                continue;
            }
            canvas.text(&table.sizes[first + i], (middle, base), muted);
            let text = TextStyle {
                color: style.theme.text,
                ..muted.bold()
            };
            let lines = wrap_text(name, small, true, self.panel, self.name_lines);
            let above = base - line * lines.len() as f64;
            canvas.lines(&lines, (middle, above), line, text);
        }
        if !long_fit && table.only.is_none() {
            let text = TextStyle::new(small, style.theme.muted);
            canvas.text("Layer", (MARGIN, base), text);
        }
    }

    /// The name of a row and its note, vertically centered at the row.
    fn draw_row_name(
        &self,
        canvas: &mut Canvas,
        (name, note): &(String, String),
        top: f64,
        style: &FigureStyle,
    ) {
        let room = self.left - MARGIN - style.scaled(8.0);
        let line = style.scaled(15.0);
        let max_lines = ((self.panel / line) as usize).saturating_sub(1).clamp(1, 3);
        let lines = wrap_text(name, style.scaled(12.0), true, room, max_lines);
        let y = top + self.panel / 2.0 - line * lines.len() as f64 / 2.0;
        let bold = TextStyle::new(style.scaled(12.0), style.theme.text).bold();
        let y = canvas.lines(&lines, (MARGIN, y), line, bold);
        let small = TextStyle::new(style.scaled(11.0), style.theme.muted);
        canvas.text(note, (MARGIN, y), small);
    }
}
