use mri_core::Embedding;
use mri_graph::{Contrast, LayerTest};
use mri_grid::{Cell, GridStack};
use ndarray::Array2;

use super::HeatmapStyle;
use super::sheet::{DIFFERENCE, Meaning, draw_sheet, over_layers, panels};
use crate::text::{shown_name, thousands};
use crate::{Caption, Figure, RenderError};

/// Draws where one side of a contrast lies rather than the other, layer by layer, and where that is
/// no more than chance: cells whose q is above `alpha` are faded.
///
/// `verdicts` are those of [`Significance::cells`](mri_graph::Significance::cells) for the same
/// grids and contrast: p adjusted within each layer by Benjamini and Hochberg's method, which the
/// figure names. Beside a layer's name stand the total variation distance of the two sides and its q
/// over the layers.
///
/// # Errors
/// As [`heatmap_sheet`](super::heatmap_sheet), and [`RenderError::Mismatch`] if the verdicts are not of these grids.
pub fn difference_sheet(
    grids: &GridStack,
    embedding: &Embedding,
    contrast: &Contrast,
    verdicts: &[LayerTest<Cell>],
    alpha: f64,
    caption: &Caption,
    style: &HeatmapStyle,
) -> Result<Figure, RenderError> {
    let labels = grids.labels();
    let sizes = labels.category_counts();
    if verdicts.len() != grids.len() {
        return Err(RenderError::Mismatch(format!(
            "there are verdicts on {} layers, but {} grids",
            verdicts.len(),
            grids.len()
        )));
    }
    let mut found = 0;
    let panels = panels(grids, embedding, style, |i, grid| {
        let side = grid.side();
        let mut values = Array2::from_elem((side, side), None);
        let mut faded = Array2::from_elem((side, side), true);
        for verdict in &verdicts[i].items {
            let at = (usize::from(verdict.item.x), usize::from(verdict.item.y));
            if at.0 >= side || at.1 >= side {
                return Err(RenderError::Mismatch(
                    "a verdict is on a cell that the grids do not have".to_owned(),
                ));
            }
            values[at] = Some(100.0 * verdict.effect);
            faded[at] = verdict.q.is_none_or(|q| q > alpha);
            found += usize::from(!faded[at]);
        }
        let (distance, q) = (verdicts[i].distance, verdicts[i].q);
        let q = p_value(q);
        let short = format!("{distance:.2}, q {q}");
        let notes = vec![format!("distance {short}"), short];
        Ok((values, Some(faded), notes))
    })?;
    let named = |side: &[usize]| {
        let names: Vec<String> = side
            .iter()
            .map(|&c| shown_name(labels.category_names(), c))
            .collect();
        names.join(" + ")
    };
    let [a, b] = contrast.names(labels);
    let rest = contrast.b.len() > 1 && b == "rest";
    let a = if contrast.a.len() == 1 {
        named(&contrast.a)
    } else {
        a
    };
    let b = if rest {
        "the rest".to_owned()
    } else {
        named(&contrast.b)
    };
    let n = [&contrast.a, &contrast.b]
        .map(|side| side.iter().filter_map(|&c| sizes.get(c)).sum::<usize>());
    let title = if rest {
        format!("“{a}” against the rest")
    } else {
        format!("“{a}” against “{b}”")
    };
    let title = over_layers(&title, &panels);
    let more = [
        format!("n = {} and {}", thousands(n[0]), thousands(n[1])),
        format!(
            "full colour: q ≤ {alpha} (Benjamini–Hochberg within each layer), {} cells; faded: may be chance",
            thousands(found)
        ),
        "beside a layer: total variation distance, its q".to_owned(),
    ];
    let bar = Meaning {
        unit: DIFFERENCE,
        empty: "none of them",
        sides: Some([a, b]),
    };
    draw_sheet(&panels, &title, &caption.line(&more), bar, style)
}

/// A probability as figures give it.
fn p_value(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}
