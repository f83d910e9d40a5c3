use mri_core::{Embedding, Labels, Layer, Points};
use mri_grid::{Grid, GridStack};
use ndarray::{Array2, Axis};

mod difference;
mod panel;
mod scale;
mod sheet;

pub use difference::difference_sheet;
pub(crate) use panel::{axis_name, draw_cells, layer_tick};
pub(crate) use scale::{BAR_ROOM, Bar, LINE, Scale};

use sheet::{DIFFERENCE, Meaning, draw_sheet, over_layers, panels};

use crate::text::{shown_name, thousands};
use crate::{Caption, Figure, Look, RenderError};

/// What the cells of a heatmap show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quantity {
    /// Texts of all categories.
    Texts,
    /// Texts of one category, by its index.
    Category(usize),
    /// The share of the first category's texts minus the share of the second's, in percentage
    /// points.
    Difference(usize, usize),
}

/// How a heatmap is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeatmapStyle {
    /// Colours, size and letters.
    pub look: Look,
    /// The layers to draw; `None` for all.
    pub layers: Option<Vec<Layer>>,
}

/// Draws the grids of all layers (or of those in the style), one panel each, under one colour scale.
///
/// Every panel shows the full grid, the second component upwards. A degenerate layer, whose texts
/// are all at one point, is flagged and does not stretch the scale.
///
/// # Errors
/// [`RenderError::Mismatch`] if grids and embedding are not of the same layers, if a category does
/// not exist or if there is no layer to draw.
pub fn heatmap_sheet(
    grids: &GridStack,
    embedding: &Embedding,
    quantity: Quantity,
    caption: &Caption,
    style: &HeatmapStyle,
) -> Result<Figure, RenderError> {
    let labels = grids.labels();
    let panels = panels(grids, embedding, style, |_, grid| {
        Ok((values(grid, labels, quantity)?, None, Vec::new()))
    })?;
    let (title, n) = words(labels, quantity);
    let title = over_layers(&title, &panels);
    let (unit, empty, sides) = match quantity {
        Quantity::Texts => ("texts", "no texts", None),
        // Texts of other categories may be there.
        Quantity::Category(_) => ("texts", "none of them", None),
        Quantity::Difference(a, b) => {
            let sides = [a, b].map(|c| shown_name(labels.category_names(), c));
            (DIFFERENCE, "none of them", Some(sides))
        }
    };
    let meaning = Meaning { unit, empty, sides };
    draw_sheet(&panels, &title, &caption.line(&[n]), meaning, style)
}

/// The points of a layer that the grids have.
pub(crate) fn points_of(embedding: &Embedding, layer: Layer) -> Result<&Points, RenderError> {
    embedding.get(layer).ok_or_else(|| {
        RenderError::Mismatch(format!(
            "the embedding has no layer {layer}, but the grids do"
        ))
    })
}

fn values(
    grid: &Grid,
    labels: &Labels,
    quantity: Quantity,
) -> Result<Array2<Option<f64>>, RenderError> {
    let counts = grid.counts(labels);
    let sizes = labels.category_counts();
    let of = |category: usize| {
        if category < sizes.len() {
            Ok(counts.index_axis(Axis(0), category))
        } else {
            let n = sizes.len();
            Err(RenderError::Mismatch(format!(
                "there is no category {category}, only {n}"
            )))
        }
    };
    let some = |count: &u32| (*count > 0).then_some(f64::from(*count));
    Ok(match quantity {
        Quantity::Texts => counts.sum_axis(Axis(0)).map(some),
        Quantity::Category(category) => of(category)?.map(some),
        Quantity::Difference(a, b) => {
            let share = |category: usize, count: u32| {
                100.0 * f64::from(count) / sizes[category].max(1) as f64
            };
            let (left, right) = (of(a)?, of(b)?);
            Array2::from_shape_fn(left.dim(), |at| {
                let (l, r) = (left[at], right[at]);
                (l + r > 0).then(|| share(a, l) - share(b, r))
            })
        }
    })
}

/// The title, and how many texts there are.
fn words(labels: &Labels, quantity: Quantity) -> (String, String) {
    let name = |category: usize| shown_name(labels.category_names(), category);
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
