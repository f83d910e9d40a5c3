use mri_core::{Embedding, Labels};
use mri_grid::{Grid, GridStack};

use super::cells::CellValues;
use super::panel::PanelContent;
use super::sheet::{DIFFERENCE_UNIT, ValueLegend, draw_sheet, panels, sheet_title};
use super::style::HeatmapStyle;
use crate::caption::Caption;
use crate::error::RenderError;
use crate::figure::Figure;
use crate::text::{display_name, thousands};

/// The quantity shown by the cells of a heatmap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quantity {
    /// The number of texts of all categories.
    Texts,
    /// The number of texts of one category, given by index.
    Category(usize),
    /// The share of the first category's texts minus that of the second's, in percentage points.
    Difference(usize, usize),
}

/// Draws the grids of the layers of the style, a panel each, under one color scale.
///
/// Every panel shows the full grid with the second component upwards. A degenerate layer, all of
/// whose texts coincide, is marked as such and does not affect the scale.
///
/// # Errors
/// [`RenderError::Mismatch`] if the embedding lacks a layer of the grids, a category does not
/// exist, or there is no layer to draw; [`RenderError::TooFine`] beyond [`MAX_DRAWN_SIDE`] cells
/// per side.
///
/// [`MAX_DRAWN_SIDE`]: crate::MAX_DRAWN_SIDE
pub fn heatmap_sheet(
    grids: &GridStack,
    embedding: &Embedding,
    quantity: Quantity,
    caption: &Caption,
    style: &HeatmapStyle,
) -> Result<Figure, RenderError> {
    let labels = grids.labels();
    let panels = panels(grids, embedding, style, |_, grid| {
        Ok(PanelContent {
            cells: values(grid, labels, quantity)?,
            notes: Vec::new(),
        })
    })?;
    let (title, n) = title_and_n(labels, quantity);
    let title = sheet_title(&title, &panels);
    let (unit, empty, sides) = match quantity {
        Quantity::Texts => ("texts", "no texts", None),
        // An empty cell may hold texts of other categories.
        Quantity::Category(_) => ("texts", "none of them", None),
        Quantity::Difference(a, b) => {
            let sides = [a, b].map(|c| display_name(labels.category_names(), c));
            (DIFFERENCE_UNIT, "none of them", Some(sides))
        }
    };
    let legend = ValueLegend { unit, empty, sides };
    draw_sheet(&panels, &title, &caption.line(&[n]), legend, &style.figure)
}

/// The values of the cells with texts of the quantity.
fn values(grid: &Grid, labels: &Labels, quantity: Quantity) -> Result<CellValues, RenderError> {
    let sizes = labels.category_counts();
    let known = |category: usize| {
        let n = sizes.len();
        (category < n).then_some(category).ok_or_else(|| {
            RenderError::mismatch(format!("category {category} does not exist; there are {n}"))
        })
    };
    let cells = grid.counts_by_cell(labels).into_iter();
    let some = |count: u32| (count > 0).then_some(f64::from(count));
    let side = grid.side();
    Ok(match quantity {
        Quantity::Texts => {
            let found = cells.filter_map(|(cell, counts)| Some((cell, some(counts.total())?)));
            CellValues::plain(side, found)
        }
        Quantity::Category(category) => {
            let category = known(category)?;
            let found =
                cells.filter_map(|(cell, counts)| Some((cell, some(counts.get(category))?)));
            CellValues::plain(side, found)
        }
        Quantity::Difference(a, b) => {
            let (a, b) = (known(a)?, known(b)?);
            let share = |category: usize, count: u32| {
                100.0 * f64::from(count) / sizes[category].max(1) as f64
            };
            let found = cells.filter_map(|(cell, counts)| {
                let (l, r) = (counts.get(a), counts.get(b));
                (l + r > 0).then(|| (cell, share(a, l) - share(b, r)))
            });
            CellValues::plain(side, found)
        }
    })
}

/// The title and the number of texts.
fn title_and_n(labels: &Labels, quantity: Quantity) -> (String, String) {
    let name = |category: usize| display_name(labels.category_names(), category);
    let sizes = labels.category_counts();
    let size = |category: usize| thousands(sizes.get(category).copied().unwrap_or(0));
    let all = thousands(labels.len());
    let (title, n) = match quantity {
        Quantity::Texts => ("Where all texts lie".to_owned(), format!("n = {all}")),
        Quantity::Category(c) => (
            format!("Where “{}” lies", name(c)),
            format!("n = {} of {all}", size(c)),
        ),
        Quantity::Difference(a, b) => (
            format!("“{}” against “{}”", name(a), name(b)),
            format!("n = {} and {}", size(a), size(b)),
        ),
    };
    (title, n)
}
