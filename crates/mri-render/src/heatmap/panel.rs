use mri_core::{Embedding, Layer, Points};

use super::cells::{CellValues, draw_cells};
use super::limit::MAX_DRAWN_SIDE;
use super::scale::Scale;
use crate::canvas::{Anchor, Canvas, Point, TextStyle};
use crate::error::RenderError;
use crate::figure_style::FigureStyle;
use crate::font::text_width;
use crate::names::component_name;
use crate::text::fit_text;

/// The heatmap of one layer.
pub(super) struct Panel<'a> {
    pub(super) layer: Layer,
    pub(super) points: &'a Points,
    pub(super) content: PanelContent,
}

/// The values and notes of a panel.
pub(super) struct PanelContent {
    /// The cells with a value.
    pub(super) cells: CellValues,
    /// A note on the layer in several wordings, from the longest to the shortest.
    pub(super) notes: Vec<String>,
}

impl Panel<'_> {
    /// Whether its cells are told apart by what may be chance.
    pub(super) fn fades(&self) -> bool {
        let mut values = self.content.cells.values.values();
        values.any(|value| value.faded.is_some())
    }

    /// Draws the panel with the upper left corner of its grid at a point: name and note above, axis
    /// names to the left and below.
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        (left, top): Point,
        cell: f64,
        scale: &Scale,
        style: &FigureStyle,
    ) {
        let PanelContent { cells, notes } = &self.content;
        let size = cell * cells.side as f64;
        let theme = style.theme;
        let (bold, small) = (style.scaled(13.0), style.scaled(10.5));
        let name = fit_text(&self.layer.title(), bold, true, size);
        let above = top - style.scaled(12.0);
        let name_style = TextStyle::new(bold, theme.text).bold();
        canvas.text(&name, (left, above), name_style);
        let degenerate = [
            "all rows equal, not in the scale",
            "all rows equal",
            "all equal",
        ];
        let few = few_rows(self.points, notes);
        let notes: Vec<&str> = if self.points.degenerate {
            degenerate.to_vec()
        } else {
            few.iter().chain(notes).map(String::as_str).collect()
        };
        let used = text_width(&name, bold, true) + style.scaled(8.0);
        let fits = |note: &&str| text_width(note, small, false) <= size - used;
        if let Some(note) = notes.into_iter().find(fits) {
            let note_style = TextStyle::new(small, theme.muted);
            canvas.text(note, (left + used, above), note_style);
        }
        let at = (left, top);
        draw_cells(canvas, cells, at, cell, scale, style);
        if self.points.degenerate {
            return;
        }
        let text = TextStyle::new(small, theme.muted).anchor(Anchor::Middle);
        let axis = |i: usize| {
            let name = self
                .points
                .components
                .get(i)
                .map(component_name)
                .unwrap_or_default();
            fit_text(&name, small, false, size)
        };
        let below = top + size + style.scaled(12.0);
        canvas.text(&axis(0), (left + size / 2.0, below), text);
        let beside = left - style.scaled(10.0);
        canvas.text(&axis(1), (beside, top + size / 2.0), text.vertical());
    }
}

/// Notes on a layer of fewer different rows than a neighborhood usually has, the longest first,
/// each before what the panel says anyway; none for other layers.
fn few_rows(points: &Points, notes: &[String]) -> Vec<String> {
    let Some(n) = points.few_distinct() else {
        return Vec::new();
    };
    let own = format!("{n} different rows");
    let with_others = notes.iter().map(|note| format!("{note}, {own}"));
    let mut all: Vec<String> = with_others.collect();
    if all.is_empty() {
        let of = points.coordinates.nrows();
        // The last fits beside the name of a layer in the sheets of deep models.
        all = vec![format!("only {own} of {of}"), own, format!("{n} different")];
    }
    all
}

/// Refuses grids that are too fine to be drawn.
pub(crate) fn check_side(side: usize) -> Result<(), RenderError> {
    match side {
        0..=MAX_DRAWN_SIDE => Ok(()),
        _ => Err(RenderError::TooFine { side }),
    }
}

/// The map of a layer of the grids.
pub(crate) fn layer_points(embedding: &Embedding, layer: Layer) -> Result<&Points, RenderError> {
    embedding.get(layer).ok_or_else(|| {
        RenderError::mismatch(format!(
            "the grids have layer {layer}, but the embedding does not"
        ))
    })
}
