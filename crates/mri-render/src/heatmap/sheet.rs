use mri_core::Embedding;
use mri_grid::{Cell, Grid, GridStack};

use super::panel::{Panel, PanelContent, check_side, layer_points};
use super::scale::{COLOR_BAR_WIDTH, ColorBar, Scale};
use super::style::HeatmapStyle;
use crate::error::RenderError;
use crate::figure::{Figure, draw_figure};
use crate::figure_style::FigureStyle;
use crate::header::{Header, MARGIN};

/// A panel for every layer of the style; `content` gets the position of the layer and its grid.
pub(super) fn panels<'a>(
    grids: &GridStack,
    embedding: &'a Embedding,
    style: &HeatmapStyle,
    mut content: impl FnMut(usize, &Grid) -> Result<PanelContent, RenderError>,
) -> Result<Vec<Panel<'a>>, RenderError> {
    let mut panels = Vec::new();
    for (i, (layer, grid)) in grids.iter().enumerate() {
        if !style.includes(layer) {
            continue;
        }
        check_side(grid.side())?;
        panels.push(Panel {
            layer,
            points: layer_points(embedding, layer)?,
            content: content(i, grid)?,
        });
    }
    if panels.is_empty() {
        return Err(RenderError::no_layer());
    }
    Ok(panels)
}

/// The arrangement of panels in columns, and the size of their cells.
struct PanelLayout {
    columns: usize,
    cell: f64,
    /// The distance from one panel to the next.
    step: (f64, f64),
    /// The space to the left of a grid for its axis name, and above it for the layer name.
    inner: (f64, f64),
}

impl PanelLayout {
    fn new(n: usize, side: usize, header: f64, style: &FigureStyle) -> Self {
        let gap = style.scaled(18.0);
        let inner = (style.scaled(22.0), style.scaled(24.0));
        let around = (inner.0 + gap, inner.1 + style.scaled(22.0) + gap);
        // Wider than high, as landscape screens and pages are.
        let usual = ((n as f64 * 1.7).sqrt().ceil() as usize).clamp(1, n);
        let room = |columns: usize| {
            let wide = style.width.map(|width| {
                let panels = width - 2.0 * MARGIN - style.scaled(COLOR_BAR_WIDTH);
                panels / columns as f64 - around.0
            });
            let high = style.height.map(|height| {
                (height - header - MARGIN / 2.0) / n.div_ceil(columns) as f64 - around.1
            });
            match (wide, high) {
                (None, None) => None,
                (wide, high) => Some(wide.unwrap_or(f64::MAX).min(high.unwrap_or(f64::MAX))),
            }
        };
        let best = (1..=n)
            .filter(|_| style.width.is_some() && style.height.is_some())
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
pub(super) const DIFFERENCE_UNIT: &str = "percentage points of a side’s texts";

/// The unit and meaning of the values of a sheet.
pub(super) struct ValueLegend {
    pub(super) unit: &'static str,
    /// The meaning of a cell without a value.
    pub(super) empty: &'static str,
    /// The sides of a difference, the one with positive values first.
    pub(super) sides: Option<[String; 2]>,
}

/// Draws all panels under one color scale.
pub(super) fn draw_sheet(
    panels: &[Panel<'_>],
    title: &str,
    subtitle: &str,
    legend: ValueLegend,
    style: &FigureStyle,
) -> Result<Figure, RenderError> {
    let ValueLegend { unit, empty, sides } = legend;
    let diverging = sides.is_some();
    let scale = Scale {
        end: largest(panels),
        diverging,
        dark: style.is_dark(),
        unit: unit.to_owned(),
    };
    let side = panels[0].content.cells.side;
    // The height of the header depends on the width, and the cell size on the height of the header.
    let arrange = |header: f64| PanelLayout::new(panels.len(), side, header, style);
    let width_of = |a: &PanelLayout| {
        let content = 2.0 * MARGIN + a.columns as f64 * a.step.0 + style.scaled(COLOR_BAR_WIDTH);
        content.max(style.width.unwrap_or(560.0).min(8_000.0))
    };
    let header = Header::new(title, subtitle, width_of(&arrange(80.0)), style);
    let layout = arrange(header.bottom);
    let width = width_of(&layout);
    let rows = panels.len().div_ceil(layout.columns);
    let bar = ColorBar {
        scale: &scale,
        sides: sides.as_ref().map(|[a, b]| [a.as_str(), b.as_str()]),
        faded: panels.iter().any(Panel::fades),
        empty,
    };
    let beside = layout.inner.1 + bar.height(style);
    let content = (rows as f64 * layout.step.1).max(beside);
    let height = header.bottom + content + MARGIN / 2.0;
    let description = format!("{title}. {subtitle}. {}", describe(panels, diverging));
    draw_figure(
        (width, height.max(style.height.unwrap_or(0.0).min(8_000.0))),
        title,
        &description,
        style.theme.background,
        |canvas| {
            header.draw(canvas, style);
            let step = layout.step;
            let top = header.bottom + layout.inner.1;
            for (i, panel) in panels.iter().enumerate() {
                let (column, row) = (i % layout.columns, i / layout.columns);
                let at = (
                    MARGIN + column as f64 * step.0 + layout.inner.0,
                    top + row as f64 * step.1,
                );
                panel.draw(canvas, at, layout.cell, &scale, style);
            }
            let left = MARGIN + layout.columns as f64 * step.0 + style.scaled(8.0);
            bar.draw(canvas, (left, top), style);
        },
    )
}

/// The largest absolute value, the end of the scale. Degenerate layers count only if all others are
/// 0.
fn largest(panels: &[Panel<'_>]) -> f64 {
    let over = |skip_degenerate: bool| {
        panels
            .iter()
            .filter(|p| !(skip_degenerate && p.points.degenerate))
            .flat_map(|p| p.content.cells.iter())
            .fold(0.0_f64, |m, v| m.max(v.abs()))
    };
    match over(true) {
        0.0 => over(false).max(1.0),
        end => end,
    }
}

/// The title with the name of the only layer, or stating that there are several.
pub(super) fn sheet_title(title: &str, panels: &[Panel<'_>]) -> String {
    match panels {
        [one] => format!("{title}: {}", one.layer.title()),
        _ => format!("{title}, layer by layer"),
    }
}

/// The strongest cell of each layer in words, for screen readers.
fn describe(panels: &[Panel<'_>], diverging: bool) -> String {
    let unit = if diverging {
        "percentage points"
    } else {
        "texts"
    };
    let of = |p: &Panel<'_>| {
        let name = p.layer.title();
        let values = &p.content.cells.values;
        let occupied = values.len();
        let strongest = values
            .iter()
            .map(|(&cell, value)| (cell, value.value))
            .fold(None, |best: Option<(Cell, f64)>, (cell, v)| match best {
                Some((_, top)) if top.abs() >= v.abs() => best,
                _ => Some((cell, v)),
            });
        let found = match p.fades() {
            true => {
                let n = values.values().filter(|v| v.faded == Some(false)).count();
                format!(" {n} of them differ by more than chance.")
            }
            false => String::new(),
        };
        match strongest {
            Some((Cell { x, y }, v)) => format!(
                "{name}: {occupied} cells with texts, the strongest at x {x}, y {y} with {v:.0} {unit}.{found}"
            ),
            None => format!("{name}: no texts."),
        }
    };
    panels.iter().map(of).collect::<Vec<_>>().join(" ")
}
