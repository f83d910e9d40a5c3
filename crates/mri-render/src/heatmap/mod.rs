use mri_core::{Embedding, Labels, Layer, Points};
use mri_graph::{Contrast, LayerVerdict};
use mri_grid::{Cell, Grid, GridStack};
use ndarray::{Array2, Axis};

mod panel;
mod scale;

pub(crate) use panel::{Panel, axis_name, draw_cells, layer_name, layer_tick};
pub(crate) use scale::{BAR_ROOM, Bar, Scale};

use crate::figure::draw_figure;
use crate::header::{Header, MARGIN};
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
    let sides = match quantity {
        Quantity::Difference(a, b) => Some([a, b].map(|c| shown_name(labels.names(), c))),
        _ => None,
    };
    draw_sheet(&panels, &title, &caption.line(&[n]), sides, style)
}

/// Draws where one side of a contrast lies rather than the other, layer by layer, and where that is
/// no more than chance: cells whose q is above `alpha` are faded.
///
/// `verdicts` are those of [`Significance::cells`](mri_graph::Significance::cells) for the same
/// grids and contrast: p adjusted within each layer by Benjamini and Hochberg's method, which the
/// figure names. Beside a layer's name stand the total variation distance of the two sides and its q
/// over the layers.
///
/// # Errors
/// As [`heatmap_sheet`], and [`RenderError::Mismatch`] if the verdicts are not of these grids.
pub fn difference_sheet(
    grids: &GridStack,
    embedding: &Embedding,
    contrast: &Contrast,
    verdicts: &[LayerVerdict<Cell>],
    alpha: f64,
    caption: &Caption,
    style: &HeatmapStyle,
) -> Result<Figure, RenderError> {
    let labels = grids.labels();
    let sizes = labels.counts();
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
        let notes = vec![format!("distance {distance:.2}, q {q}"), format!("q {q}")];
        Ok((values, Some(faded), notes))
    })?;
    let named = |side: &[usize]| {
        let names: Vec<String> = side
            .iter()
            .map(|&c| shown_name(labels.names(), c))
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
    ];
    draw_sheet(&panels, &title, &caption.line(&more), Some([a, b]), style)
}

/// A probability as figures give it.
fn p_value(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}

type Content = (Array2<Option<f64>>, Option<Array2<bool>>, Vec<String>);

/// A panel for every layer that is wanted; `content` gives values, fading and note.
fn panels<'a>(
    grids: &GridStack,
    embedding: &'a Embedding,
    style: &HeatmapStyle,
    mut content: impl FnMut(usize, &Grid) -> Result<Content, RenderError>,
) -> Result<Vec<Panel<'a>>, RenderError> {
    let mut panels = Vec::new();
    for (i, (layer, grid)) in grids.iter().enumerate() {
        let wanted = style.layers.as_ref();
        if wanted.is_some_and(|wanted| !wanted.contains(&layer)) {
            continue;
        }
        let points = points_of(embedding, layer)?;
        let (values, faded, notes) = content(i, grid)?;
        panels.push(Panel {
            layer,
            points,
            values,
            faded,
            notes,
        });
    }
    if panels.is_empty() {
        return Err(RenderError::Mismatch(
            "there is no layer to draw".to_owned(),
        ));
    }
    Ok(panels)
}

/// The points of a layer that the grids have.
pub(crate) fn points_of(embedding: &Embedding, layer: Layer) -> Result<&Points, RenderError> {
    embedding.get(layer).ok_or_else(|| {
        RenderError::Mismatch(format!(
            "the embedding has no layer {layer}, but the grids do"
        ))
    })
}

/// Where the panels of a sheet stand, and how large their cells are.
struct Arrangement {
    columns: usize,
    cell: f64,
    /// From one panel to the next.
    step: (f64, f64),
    /// Left of a panel for the name of its vertical axis, and above it for the layer's name.
    inner: (f64, f64),
}

impl Arrangement {
    fn new(n: usize, side: usize, header: f64, look: &Look) -> Self {
        let gap = look.scaled(18.0);
        let inner = (look.scaled(22.0), look.scaled(24.0));
        let around = (inner.0 + gap, inner.1 + look.scaled(22.0) + gap);
        // Wider than high, as screens and pages in landscape are.
        let usual = ((n as f64 * 1.7).sqrt().ceil() as usize).clamp(1, n);
        let room = |columns: usize| {
            let wide = look.width.map(|width| {
                let panels = width - 2.0 * MARGIN - look.scaled(BAR_ROOM);
                panels / columns as f64 - around.0
            });
            let high = look.height.map(|height| {
                (height - header - MARGIN / 2.0) / n.div_ceil(columns) as f64 - around.1
            });
            match (wide, high) {
                (None, None) => None,
                (wide, high) => Some(wide.unwrap_or(f64::MAX).min(high.unwrap_or(f64::MAX))),
            }
        };
        let best = (1..=n)
            .filter(|_| look.width.is_some() && look.height.is_some())
            .max_by(|&a, &b| room(a).unwrap_or(0.0).total_cmp(&room(b).unwrap_or(0.0)));
        let columns = best.unwrap_or(usual);
        let cell = match room(columns) {
            Some(panel) => (panel / side as f64).clamp(2.0, 400.0),
            None => {
                let target = match n {
                    1 => 440.0,
                    2..=4 => 300.0,
                    5..=9 => 250.0,
                    10..=16 => 190.0,
                    _ => 150.0,
                };
                (target / side as f64).clamp(2.0, 44.0).round()
            }
        };
        let panel = cell * side as f64;
        Self {
            columns,
            cell,
            step: (around.0 + panel, around.1 + panel),
            inner,
        }
    }
}

fn draw_sheet(
    panels: &[Panel<'_>],
    title: &str,
    subtitle: &str,
    sides: Option<[String; 2]>,
    style: &HeatmapStyle,
) -> Result<Figure, RenderError> {
    let look = &style.look;
    let diverging = sides.is_some();
    let unit = if diverging {
        "percentage points of a side’s texts"
    } else {
        "texts"
    };
    let scale = Scale {
        end: largest(panels),
        diverging,
        dark: look.is_dark(),
        unit: unit.to_owned(),
    };
    let side = panels[0].values.nrows();
    // The header's height depends on the width, and the cells' size on the header's height.
    let arrange = |header: f64| Arrangement::new(panels.len(), side, header, look);
    let width_of = |a: &Arrangement| {
        let content = 2.0 * MARGIN + a.columns as f64 * a.step.0 + look.scaled(BAR_ROOM);
        content.max(look.width.unwrap_or(560.0).min(8_000.0))
    };
    let header = Header::new(title, subtitle, width_of(&arrange(80.0)), look);
    let arrangement = arrange(header.bottom);
    let width = width_of(&arrangement);
    let rows = panels.len().div_ceil(arrangement.columns);
    let bar_height = look.scaled(310.0);
    let content = (rows as f64 * arrangement.step.1).max(bar_height);
    let height = header.bottom + content + MARGIN / 2.0;
    let description = format!("{title}. {subtitle}. {}", in_words(panels, diverging));
    draw_figure(
        (width, height.max(look.height.unwrap_or(0.0).min(8_000.0))),
        title,
        &description,
        look.theme.background,
        |canvas| {
            header.draw(canvas, look);
            let step = arrangement.step;
            let top = header.bottom + arrangement.inner.1;
            for (i, panel) in panels.iter().enumerate() {
                let (column, row) = (i % arrangement.columns, i / arrangement.columns);
                let at = (
                    MARGIN + column as f64 * step.0 + arrangement.inner.0,
                    top + row as f64 * step.1,
                );
                panel.draw(canvas, at, arrangement.cell, &scale, look);
            }
            let bar = Bar {
                scale: &scale,
                sides: sides.as_ref().map(|[a, b]| [a.as_str(), b.as_str()]),
                faded: panels.iter().any(|panel| panel.faded.is_some()),
            };
            let left = MARGIN + arrangement.columns as f64 * step.0 + look.scaled(8.0);
            bar.draw(canvas, (left, top), look);
        },
    )
}

/// The largest absolute value, which the scale ends with. That of a degenerate layer counts only if
/// there is no other.
fn largest(panels: &[Panel<'_>]) -> f64 {
    let over = |skip_degenerate: bool| {
        panels
            .iter()
            .filter(|p| !(skip_degenerate && p.points.degenerate))
            .flat_map(|p| p.values.iter().flatten())
            .fold(0.0_f64, |m, v| m.max(v.abs()))
    };
    match over(true) {
        0.0 => over(false).max(1.0),
        end => end,
    }
}

fn values(
    grid: &Grid,
    labels: &Labels,
    quantity: Quantity,
) -> Result<Array2<Option<f64>>, RenderError> {
    let counts = grid.counts(labels);
    let sizes = labels.counts();
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
    let name = |category: usize| shown_name(labels.names(), category);
    let sizes = labels.counts();
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

/// A title with the layer that is drawn, or saying that there are several.
fn over_layers(title: &str, panels: &[Panel<'_>]) -> String {
    match panels {
        [one] => format!("{title}: {}", layer_name(one.layer)),
        _ => format!("{title}, layer by layer"),
    }
}

/// The picture in words, for those who cannot see it: the strongest cell of each layer.
fn in_words(panels: &[Panel<'_>], diverging: bool) -> String {
    let unit = if diverging {
        "percentage points"
    } else {
        "texts"
    };
    let of = |p: &Panel<'_>| {
        let name = layer_name(p.layer);
        let occupied = p.values.iter().flatten().count();
        let strongest = p
            .values
            .indexed_iter()
            .filter_map(|(at, value)| value.map(|v| (at, v)))
            .fold(
                None,
                |best: Option<((usize, usize), f64)>, (at, v)| match best {
                    Some((_, top)) if top.abs() >= v.abs() => best,
                    _ => Some((at, v)),
                },
            );
        let found = p.faded.as_ref().map_or_else(String::new, |faded| {
            let n = faded.iter().filter(|&&faded| !faded).count();
            format!(" {n} of them differ by more than chance.")
        });
        match strongest {
            Some(((x, y), v)) => format!(
                "{name}: {occupied} cells with texts, the strongest at x {x}, y {y} with {v:.0} {unit}.{found}"
            ),
            None => format!("{name}: no texts."),
        }
    };
    panels.iter().map(of).collect::<Vec<_>>().join(" ")
}
