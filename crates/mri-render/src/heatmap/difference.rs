use std::collections::BTreeMap;

use mri_core::{Embedding, Labels};
use mri_graph::{Contrast, LayerTest};
use mri_grid::{Cell, GridStack};

use super::cells::{CellValue, CellValues};
use super::panel::PanelContent;
use super::sheet::{DIFFERENCE_UNIT, ValueLegend, draw_sheet, panels, sheet_title};
use super::style::HeatmapStyle;
use crate::caption::Caption;
use crate::error::RenderError;
use crate::figure::Figure;
use crate::text::{display_name, thousands};

/// Draws the difference of the two sides of a contrast per cell, in percentage points, layer by
/// layer. Cells with q above `alpha` are faded.
///
/// `tests` come from [`Significance::cells`](mri_graph::Significance::cells) for the same grids and
/// contrast, with p adjusted within each layer by the Benjamini–Hochberg procedure. Every panel
/// states the total variation distance of the two sides and its q over the layers.
///
/// # Errors
/// As [`heatmap_sheet`](crate::heatmap_sheet), and [`RenderError::Mismatch`] if the tests are not
/// of these grids.
pub fn difference_sheet(
    grids: &GridStack,
    embedding: &Embedding,
    contrast: &Contrast,
    tests: &[LayerTest<Cell>],
    alpha: f64,
    caption: &Caption,
    style: &HeatmapStyle,
) -> Result<Figure, RenderError> {
    let labels = grids.labels();
    let sizes = labels.category_counts();
    if tests.len() != grids.len() {
        return Err(RenderError::mismatch(format!(
            "there are tests of {} layers, but {} grids",
            tests.len(),
            grids.len()
        )));
    }
    let mut significant = 0;
    let panels = panels(grids, embedding, style, |i, grid| {
        let side = grid.side();
        let mut values = BTreeMap::new();
        for test in &tests[i].items {
            let Cell { x, y } = test.item;
            if usize::from(x.max(y)) >= side {
                return Err(RenderError::mismatch(format!(
                    "a test is of cell ({x}, {y}), but the grid has {side} cells per side"
                )));
            }
            let faded = test.q.is_none_or(|q| q > alpha);
            significant += usize::from(!faded);
            let value = CellValue {
                value: 100.0 * test.effect,
                faded: Some(faded),
            };
            values.insert(test.item, value);
        }
        let (distance, q) = (tests[i].distance, tests[i].q);
        let q = p_value(q);
        let short = format!("{distance:.2}, q {q}");
        let notes = vec![format!("distance {short}"), short];
        Ok(PanelContent {
            cells: CellValues { side, values },
            notes,
        })
    })?;
    let ([a, b], title) = sides_and_title(contrast, labels);
    let title = sheet_title(&title, &panels);
    let n = [&contrast.a, &contrast.b]
        .map(|side| side.iter().filter_map(|&c| sizes.get(c)).sum::<usize>());
    let more = [
        format!("n = {} and {}", thousands(n[0]), thousands(n[1])),
        format!(
            "full color: q ≤ {alpha} (Benjamini–Hochberg within each layer), {} cells; faded: may be chance",
            thousands(significant)
        ),
        "beside a layer: total variation distance, its q".to_owned(),
    ];
    let legend = ValueLegend {
        unit: DIFFERENCE_UNIT,
        empty: "none of them",
        sides: Some([a, b]),
    };
    draw_sheet(&panels, &title, &caption.line(&more), legend, &style.figure)
}

/// The spelling of a p or q value.
fn p_value(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}

/// The names of the two sides of a contrast, and the title of their figure.
fn sides_and_title(contrast: &Contrast, labels: &Labels) -> ([String; 2], String) {
    let joined = |side: &[usize]| {
        let names: Vec<String> = side
            .iter()
            .map(|&c| display_name(labels.category_names(), c))
            .collect();
        names.join(" + ")
    };
    let [a, b] = contrast.names(labels);
    let rest = contrast.b.len() > 1 && b == "rest";
    let a = if contrast.a.len() == 1 {
        joined(&contrast.a)
    } else {
        a
    };
    if rest {
        let title = format!("“{a}” against the rest");
        ([a, "the rest".to_owned()], title)
    } else {
        let b = joined(&contrast.b);
        let title = format!("“{a}” against “{b}”");
        ([a, b], title)
    }
}
