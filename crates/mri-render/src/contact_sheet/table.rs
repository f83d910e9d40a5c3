use mri_core::{Embedding, Layer};
use mri_grid::GridStack;
use ndarray::{Array2, Axis};

use crate::error::RenderError;
use crate::heatmap::{HeatmapStyle, Scale, layer_points};
use crate::text::{display_name, thousands};

/// The rows, columns and cell values of a contact sheet.
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    /// Column names for narrow columns.
    pub(super) short: Vec<String>,
    /// Name and note of each row.
    pub(super) rows: Vec<(String, String)>,
    /// The grids, at `[row][column]`.
    pub(super) cells: Vec<Vec<Array2<Option<f64>>>>,
    pub(super) scale: Scale,
    pub(super) any_degenerate: bool,
    pub(super) n_layers: usize,
    /// `n = …` of each category.
    pub(super) sizes: Vec<String>,
    /// The layer, if there is only one; then the categories are the columns.
    pub(super) only: Option<Layer>,
}

impl Table {
    pub(super) fn new(
        grids: &GridStack,
        embedding: &Embedding,
        style: &HeatmapStyle,
    ) -> Result<Self, RenderError> {
        let labels = grids.labels();
        let counts = labels.category_counts();
        let (mut columns, mut short) = (Vec::new(), Vec::new());
        let mut by_layer: Vec<Vec<Array2<Option<f64>>>> = Vec::new();
        let (mut largest, mut largest_degenerate) = (0.0_f64, 0.0_f64);
        let mut any_degenerate = false;
        let mut last = None;
        for (layer, grid) in grids.iter().filter(|&(layer, _)| style.includes(layer)) {
            last = Some(layer);
            let degenerate = layer_points(embedding, layer)?.degenerate;
            any_degenerate |= degenerate;
            let star = if degenerate { "*" } else { "" };
            columns.push(layer.title() + star);
            short.push(layer.abbreviation() + star);
            let shares: Vec<Array2<Option<f64>>> = grid
                .counts(labels)
                .axis_iter(Axis(0))
                .zip(&counts)
                .map(|(cells, &n)| {
                    cells.map(|&count| {
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
            return Err(RenderError::no_layer());
        }
        let n_layers = by_layer.len();
        let only = last.filter(|_| n_layers == 1);
        let sizes: Vec<String> = counts
            .iter()
            .map(|&n| format!("n = {}", thousands(n)))
            .collect();
        let rows = sizes.iter().enumerate();
        let rows: Vec<(String, String)> = rows
            .map(|(c, n)| (display_name(labels.category_names(), c), n.clone()))
            .collect();
        let mut table = Self {
            columns,
            short,
            rows,
            cells: (0..sizes.len())
                .map(|c| by_layer.iter().map(|layer| layer[c].clone()).collect())
                .collect(),
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
            n_layers,
            sizes,
            only,
        };
        if only.is_some() {
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
}
