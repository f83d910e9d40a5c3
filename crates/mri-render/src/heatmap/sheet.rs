use mri_core::Embedding;
use mri_grid::{Grid, GridStack};
use ndarray::Array2;

use super::panel::Panel;
use super::scale::{BAR_ROOM, Bar, Scale};
use super::{HeatmapStyle, points_of};
use crate::figure::draw_figure;
use crate::header::{Header, MARGIN};
use crate::{Figure, Look, RenderError};

type Content = (Array2<Option<f64>>, Option<Array2<bool>>, Vec<String>);

/// A panel for every layer that is wanted; `content` gives values, fading and note.
pub(super) fn panels<'a>(
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

/// The unit of a difference.
pub(super) const DIFFERENCE: &str = "percentage points of a side’s texts";

/// What values mean.
pub(super) struct Meaning {
    pub(super) unit: &'static str,
    /// What a cell without a value is.
    pub(super) empty: &'static str,
    /// The sides of a difference, that of positive values first.
    pub(super) sides: Option<[String; 2]>,
}

pub(super) fn draw_sheet(
    panels: &[Panel<'_>],
    title: &str,
    subtitle: &str,
    meaning: Meaning,
    style: &HeatmapStyle,
) -> Result<Figure, RenderError> {
    let look = &style.look;
    let Meaning { unit, empty, sides } = meaning;
    let diverging = sides.is_some();
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
    let bar = Bar {
        scale: &scale,
        sides: sides.as_ref().map(|[a, b]| [a.as_str(), b.as_str()]),
        faded: panels.iter().any(|panel| panel.faded.is_some()),
        empty,
    };
    let beside = arrangement.inner.1 + bar.height(look);
    let content = (rows as f64 * arrangement.step.1).max(beside);
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

/// A title with the layer that is drawn, or saying that there are several.
pub(super) fn over_layers(title: &str, panels: &[Panel<'_>]) -> String {
    match panels {
        [one] => format!("{title}: {}", one.layer.title()),
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
        let name = p.layer.title();
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
