use std::ops::Range;

use mri_core::{Embedding, Layer};
use mri_grid::GridStack;

use crate::error::RenderError;
use crate::heatmap::{CellValues, HeatmapStyle, Scale, check_side, layer_points};
use crate::text::{display_name, thousands};

/// The rows, columns and cell values of a contact sheet.
#[derive(Clone)]
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    /// Column names for narrow columns.
    pub(super) short: Vec<String>,
    /// Name and note of each row.
    pub(super) rows: Vec<(String, String)>,
    /// The grids, at `[row][column]`.
    pub(super) cells: Vec<Vec<CellValues>>,
    pub(super) scale: Scale,
    pub(super) any_degenerate: bool,
    /// `n = …` of each category.
    pub(super) sizes: Vec<String>,
    /// The categories shown.
    pub(super) categories: Range<usize>,
    /// The layers shown, by their place among those of the whole sheet.
    pub(super) layers: Range<usize>,
    /// The layer, if there is only one; then the categories are the columns.
    pub(super) only: Option<Layer>,
}

/// Categories of a page with several layers, and with one layer, where they are its columns; and
/// layers of a page. A page is then some 2,000 pixels wide and at most 8,000 high.
const MAX_ROWS: usize = 30;
const MAX_COLUMNS: usize = 120;
const MAX_LAYERS: usize = 64;

impl Table {
    pub(super) fn new(
        grids: &GridStack,
        embedding: &Embedding,
        style: &HeatmapStyle,
    ) -> Result<Self, RenderError> {
        let labels = grids.labels();
        let counts = labels.category_counts();
        let (mut columns, mut short) = (Vec::new(), Vec::new());
        let mut cells: Vec<Vec<CellValues>> = vec![Vec::new(); counts.len()];
        let (mut largest, mut largest_degenerate) = (0.0_f64, 0.0_f64);
        let mut any_degenerate = false;
        let mut last = None;
        for (layer, grid) in grids.iter().filter(|&(layer, _)| style.includes(layer)) {
            check_side(grid.side())?;
            last = Some(layer);
            let degenerate = layer_points(embedding, layer)?.degenerate;
            any_degenerate |= degenerate;
            let star = if degenerate { "*" } else { "" };
            columns.push(layer.title() + star);
            short.push(layer.abbreviation() + star);
            let mut shares = vec![Vec::new(); counts.len()];
            let end = match degenerate {
                true => &mut largest_degenerate,
                false => &mut largest,
            };
            for (cell, texts) in grid.counts_by_cell(labels) {
                for (category, count) in texts.iter() {
                    let share = 100.0 * f64::from(count) / counts[category].max(1) as f64;
                    *end = end.max(share);
                    shares[category].push((cell, share));
                }
            }
            for (of_category, shares) in cells.iter_mut().zip(shares) {
                of_category.push(CellValues::plain(grid.side(), shares.into_iter()));
            }
        }
        if columns.is_empty() {
            return Err(RenderError::no_layer());
        }
        let sizes: Vec<String> = counts
            .iter()
            .map(|&n| format!("n = {}", thousands(n)))
            .collect();
        let rows = sizes.iter().enumerate();
        let rows: Vec<(String, String)> = rows
            .map(|(c, n)| (display_name(labels.category_names(), c), n.clone()))
            .collect();
        let mut table = Self {
            categories: 0..rows.len(),
            layers: 0..columns.len(),
            only: last.filter(|_| columns.len() == 1),
            columns,
            short,
            rows,
            cells,
            scale: Scale {
                end: match (largest, largest_degenerate) {
                    (0.0, 0.0) => 1.0,
                    (0.0, other) => other,
                    (end, _) => end,
                },
                diverging: false,
                dark: style.figure.is_dark(),
                unit: "% of a category’s texts".to_owned(),
            },
            any_degenerate,
            sizes,
        };
        if table.only.is_some() {
            table.transpose();
        }
        Ok(table)
    }

    /// Makes the categories of a single layer the columns.
    fn transpose(&mut self) {
        self.columns = self.rows.iter().map(|(name, _)| name.clone()).collect();
        self.rows = vec![(String::new(), String::new())];
        let cells = std::mem::take(&mut self.cells);
        self.cells = vec![cells.into_iter().flatten().collect()];
    }

    /// The table in parts that can be drawn, of equal size: by categories, then by layers.
    pub(super) fn pages(&self) -> Vec<Self> {
        let by_categories = match self.only {
            Some(_) => parts(self.categories.len(), MAX_COLUMNS),
            None => parts(self.categories.len(), MAX_ROWS),
        };
        let by_layers = parts(self.layers.len(), MAX_LAYERS);
        let mut pages = Vec::new();
        for categories in by_categories {
            for layers in &by_layers {
                pages.push(self.part(categories.clone(), layers.clone()));
            }
        }
        pages
    }

    /// Some categories in some layers, under the scale of the whole.
    fn part(&self, categories: Range<usize>, layers: Range<usize>) -> Self {
        let (rows, columns) = match self.only {
            Some(_) => (0..1, categories.clone()),
            None => (categories.clone(), layers.clone()),
        };
        let of_row = |row: &Vec<CellValues>| row[columns.clone()].to_vec();
        Self {
            columns: self.columns[columns.clone()].to_vec(),
            short: match self.only {
                Some(_) => self.short.clone(),
                None => self.short[columns.clone()].to_vec(),
            },
            cells: self.cells[rows.clone()].iter().map(of_row).collect(),
            rows: self.rows[rows].to_vec(),
            scale: self.scale.clone(),
            any_degenerate: self.any_degenerate,
            sizes: self.sizes[categories.clone()].to_vec(),
            categories,
            layers,
            only: self.only,
        }
    }
}

/// As few parts of `0..n` as have at most `limit` each, as equal as can be.
fn parts(n: usize, limit: usize) -> Vec<Range<usize>> {
    let count = n.div_ceil(limit).max(1);
    (0..count)
        .map(|i| i * n / count..(i + 1) * n / count)
        .collect()
}
