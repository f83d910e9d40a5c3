use mri_core::{Embedding, Layer};
use mri_grid::GridStack;
use ndarray::{Array2, Axis};

use crate::canvas::{Anchor, Canvas, TextLook};
use crate::figure::draw_figure;
use crate::header::{Header, MARGIN};
use crate::heatmap::{BAR_ROOM, Bar, HeatmapStyle, LINE, Scale, draw_cells, layer_tick, points_of};
use crate::text::{fit_text, shown_name, text_width, thousands, wrap_text};
use crate::{Caption, Figure, Look, RenderError};

/// Draws every category in every layer as a small heatmap: a row per category, a column per layer,
/// in several bands where there are many layers.
///
/// Cells show which share of a category's texts they hold, so that categories of different sizes
/// compare; all are under one colour scale, which degenerate layers do not stretch.
///
/// # Errors
/// [`RenderError::Mismatch`] if grids and embedding are not of the same layers or there is none to draw.
pub fn contact_sheet(
    grids: &GridStack,
    embedding: &Embedding,
    caption: &Caption,
    style: &HeatmapStyle,
) -> Result<Figure, RenderError> {
    let look = &style.look;
    let table = Table::new(grids, embedding, style, look)?;
    let bands = Bands::new(&table, look);
    let labels = grids.labels();
    let title = match table.only {
        Some(layer) => format!("Where every category lies: {}", layer.title()),
        None => "Where every category lies, layer by layer".to_owned(),
    };
    let mut more = vec![format!("n = {}", thousands(labels.len()))];
    more.extend(axes_note(embedding));
    if table.any_degenerate {
        more.push("* all rows equal, not in the scale".to_owned());
    }
    let subtitle = caption.line(&more);
    let header = Header::new(&title, &subtitle, bands.width, look);
    let sizes = labels.category_counts();
    let named = labels.category_names().iter().zip(&sizes).enumerate();
    let names: Vec<String> = named
        .map(|(i, (name, n))| format!("{} “{name}” with {n} texts", i + 1))
        .collect();
    let description = format!(
        "{title}. {subtitle}. Categories: {}. {} layers. The fullest cell holds {:.0} % of its category's texts.",
        names.join(", "),
        table.n_layers,
        table.scale.end
    );
    let bar = Bar {
        scale: &table.scale,
        sides: None,
        faded: false,
        empty: "none of them",
    };
    let beside = bands.above + bar.height(look);
    let content = (bands.count as f64 * bands.band).max(beside);
    let height = header.bottom + content + MARGIN;
    draw_figure(
        (bands.width, height),
        &title,
        &description,
        look.theme.background,
        |canvas| {
            header.draw(canvas, look);
            for band in 0..bands.count {
                let top = header.bottom + band as f64 * bands.band;
                bands.draw(canvas, &table, band, top, look);
            }
            let left = bands.width - MARGIN - look.scaled(BAR_ROOM - 16.0);
            bar.draw(canvas, (left, header.bottom + bands.above), look);
        },
    )
}

/// What the axes of all heatmaps are, if they are the same.
fn axes_note(embedding: &Embedding) -> Option<String> {
    let mut all = embedding.iter().map(|(_, points)| {
        let name = |i: usize| points.components.get(i).map(|axis| axis.name.as_str());
        (name(0), name(1))
    });
    let first = all.next()?;
    match first {
        (Some(across), Some(up)) if all.all(|axes| axes == first) => {
            Some(format!("{across} to the right, {up} upwards"))
        }
        _ => None,
    }
}

/// What stands in the rows and columns.
struct Table {
    columns: Vec<String>,
    /// The names of columns where there is no room for more than a number.
    short: Vec<String>,
    /// Name and small print of each row.
    rows: Vec<(String, String)>,
    /// At (row, column).
    cells: Vec<Vec<Array2<Option<f64>>>>,
    scale: Scale,
    any_degenerate: bool,
    n_layers: usize,
    /// `n = …` of each category.
    sizes: Vec<String>,
    /// The layer, if there is only one; its categories are the columns.
    only: Option<Layer>,
}

impl Table {
    fn new(
        grids: &GridStack,
        embedding: &Embedding,
        style: &HeatmapStyle,
        look: &Look,
    ) -> Result<Self, RenderError> {
        let labels = grids.labels();
        let sizes = labels.category_counts();
        let (mut columns, mut short) = (Vec::new(), Vec::new());
        let mut by_layer: Vec<Vec<Array2<Option<f64>>>> = Vec::new();
        let (mut largest, mut largest_degenerate) = (0.0_f64, 0.0_f64);
        let mut any_degenerate = false;
        let mut last = None;
        for (layer, grid) in grids.iter() {
            let wanted = style.layers.as_ref();
            if wanted.is_some_and(|wanted| !wanted.contains(&layer)) {
                continue;
            }
            last = Some(layer);
            let degenerate = points_of(embedding, layer)?.degenerate;
            any_degenerate |= degenerate;
            let star = if degenerate { "*" } else { "" };
            columns.push(layer.title() + star);
            short.push(layer_tick(layer) + star);
            let counts = grid.counts(labels);
            let shares: Vec<Array2<Option<f64>>> = counts
                .axis_iter(Axis(0))
                .zip(&sizes)
                .map(|(counts, &n)| {
                    counts.map(|&count| {
                        (count > 0).then(|| 100.0 * f64::from(count) / n.max(1) as f64)
                    })
                })
                .collect();
            let end = if degenerate {
                &mut largest_degenerate
            } else {
                &mut largest
            };
            for value in shares.iter().flatten().flatten() {
                *end = end.max(*value);
            }
            by_layer.push(shares);
        }
        if by_layer.is_empty() {
            return Err(RenderError::Mismatch(
                "there is no layer to draw".to_owned(),
            ));
        }
        let n_layers = by_layer.len();
        let only = last.filter(|_| n_layers == 1);
        let row = |c: usize| {
            let n = format!("n = {}", thousands(sizes[c]));
            (shown_name(labels.category_names(), c), n)
        };
        let rows: Vec<(String, String)> = (0..sizes.len()).map(row).collect();
        let scale = Scale {
            end: match (largest, largest_degenerate) {
                (0.0, 0.0) => 1.0,
                (0.0, other) => other,
                (end, _) => end,
            },
            diverging: false,
            dark: look.is_dark(),
            unit: "% of a category’s texts".to_owned(),
        };
        let mut table = Self {
            columns,
            short,
            rows,
            cells: (0..sizes.len())
                .map(|c| by_layer.iter().map(|layer| layer[c].clone()).collect())
                .collect(),
            scale,
            any_degenerate,
            n_layers,
            sizes: sizes
                .iter()
                .map(|&n| format!("n = {}", thousands(n)))
                .collect(),
            only,
        };
        if only.is_some() {
            table.turn();
        }
        Ok(table)
    }

    /// Exchanges rows and columns: one layer's categories stand side by side.
    fn turn(&mut self) {
        self.columns = self.rows.iter().map(|(name, _)| name.clone()).collect();
        self.rows = vec![(String::new(), String::new())];
        let cells = std::mem::take(&mut self.cells);
        self.cells = vec![cells.into_iter().flatten().collect()];
    }
}

/// How the columns are cut into bands, and how large everything is.
struct Bands {
    count: usize,
    columns: usize,
    /// The side of a heatmap, and from one to the next.
    panel: f64,
    step: f64,
    /// The room for the rows' names, for the columns' names and for a whole band.
    left: f64,
    above: f64,
    band: f64,
    /// The lines that a column's name may take.
    name_lines: usize,
    width: f64,
}

impl Bands {
    fn new(table: &Table, look: &Look) -> Self {
        /// Wider sheets are cut into bands.
        const WIDEST: f64 = 1_500.0;
        let (n_rows, n_columns) = (table.rows.len(), table.columns.len());
        let gap = 8.0;
        let widest = table
            .rows
            .iter()
            .map(|(name, n)| {
                let name = text_width(name, look.scaled(12.0), true);
                name.max(text_width(n, look.scaled(11.0), false))
            })
            .fold(0.0, f64::max);
        let left = MARGIN + (widest + look.scaled(12.0)).clamp(14.0, look.scaled(150.0));
        let around = left + MARGIN + look.scaled(BAR_ROOM);
        let panel: f64 = match n_rows * n_columns {
            0..=6 => 190.0,
            7..=24 => 120.0,
            25..=60 => 92.0,
            61..=120 => 72.0,
            _ => 58.0,
        };
        // The number of a category's texts stands below its name, which may be long.
        let small = look.scaled(11.0);
        let long = |name: &String| text_width(name, small, true) > panel;
        let name_lines = match table.only {
            Some(_) if table.columns.iter().any(long) => 2,
            _ => 1,
        };
        let below = usize::from(table.only.is_some());
        let above = look.scaled(22.0 + LINE * (name_lines + below - 1) as f64);
        let size = |columns: usize, panel: f64| {
            let count = n_columns.div_ceil(columns);
            let width = around + columns as f64 * (panel + gap);
            let band = above + n_rows as f64 * (panel + gap) + 10.0;
            (count, width, band)
        };
        // As few bands as a page in landscape takes, of equal length.
        let wanted = look.width.unwrap_or(WIDEST).max(WIDEST);
        let columns = (1..=n_columns)
            .map(|bands| n_columns.div_ceil(bands))
            .find(|&columns| {
                let (_, width, band) = size(columns, panel);
                width <= wanted && (table.only.is_none() || width < 5.5 * band)
            })
            .unwrap_or(1);
        let panel = look.width.map_or(panel, |width| {
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
            width: width.max(look.scaled(420.0)),
        }
    }

    fn draw(&self, canvas: &mut Canvas, table: &Table, band: usize, top: f64, look: &Look) {
        let first = band * self.columns;
        let last = (first + self.columns).min(table.columns.len());
        let small = look.scaled(11.0);
        let long_fit =
            (table.columns.iter()).all(|name| text_width(name, small, false) <= self.step - 2.0);
        let names = if long_fit || table.only.is_some() {
            &table.columns
        } else {
            &table.short
        };
        let muted = TextLook::new(small, look.theme.muted).anchor(Anchor::Middle);
        let base = top + self.above - look.scaled(11.0);
        let line = look.scaled(LINE);
        for (i, name) in names[first..last].iter().enumerate() {
            let middle = self.left + i as f64 * self.step + self.panel / 2.0;
            if table.only.is_none() {
                let name = fit_text(name, small, false, self.step - 2.0);
                canvas.text(&name, (middle, base), muted);
                continue;
            }
            canvas.text(&table.sizes[first + i], (middle, base), muted);
            let text = TextLook {
                color: look.theme.text,
                ..muted.bold()
            };
            let lines = wrap_text(name, small, true, self.panel, self.name_lines);
            for (row, words) in lines.iter().rev().enumerate() {
                canvas.text(words, (middle, base - line * (row + 1) as f64), text);
            }
        }
        if !long_fit && table.only.is_none() {
            let text = TextLook::new(small, look.theme.muted);
            canvas.text("Layer", (MARGIN, base), text);
        }
        let bold = look.scaled(12.0);
        for (r, (name, n)) in table.rows.iter().enumerate() {
            let y = top + self.above + r as f64 * self.step;
            let room = self.left - MARGIN - look.scaled(8.0);
            let line = look.scaled(15.0);
            let most = ((self.panel / line) as usize).saturating_sub(1).clamp(1, 3);
            let mut lines: Vec<(String, bool)> = wrap_text(name, bold, true, room, most)
                .into_iter()
                .map(|line| (line, true))
                .collect();
            lines.push((n.clone(), false));
            let mut at = y + self.panel / 2.0 - line * (lines.len() as f64 - 1.0) / 2.0;
            for (words, strong) in lines {
                let mut text = TextLook::new(if strong { bold } else { small }, look.theme.text);
                if strong {
                    text = text.bold();
                } else {
                    text.color = look.theme.muted;
                }
                canvas.text(&words, (MARGIN, at), text);
                at += line;
            }
            for column in first..last {
                let values = &table.cells[r][column];
                let x = self.left + (column - first) as f64 * self.step;
                let cell = self.panel / values.nrows() as f64;
                draw_cells(canvas, values, None, (x, y), cell, &table.scale, look);
            }
        }
    }
}
