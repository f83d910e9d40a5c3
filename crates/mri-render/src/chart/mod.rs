//! Charts: lines over layers, and values of several things side by side.

mod axis;
mod metrics;
mod panel;
mod scree;

pub use metrics::metrics_chart;
pub use scree::scree;

use panel::{PanelKind, Place};

use crate::category::shown_color;
use crate::figure::draw_figure;
use crate::header::{Header, MARGIN};
use crate::legend::{Legend, Named};
use crate::marker::Marker;
use crate::text::shown_name;
use crate::{Caption, Color, Figure, Look, RenderError};

/// Lines over layers (or whatever `x` names), in one or several panels that share series, colours
/// and `x`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LineChart {
    /// What is shown.
    pub title: String,
    /// What else the subtitle says, such as how intervals were made.
    pub notes: Vec<String>,
    /// The name of the horizontal axis, such as `layer`.
    pub x_name: String,
    /// A name for every place along it.
    pub x: Vec<String>,
    /// The things that lines are drawn of, in the order of every panel's lines.
    pub series: Vec<Series>,
    /// One below or beside the other.
    pub panels: Vec<LinePanel>,
}

/// Something that has a line in every panel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// How many texts it is about, where that is to be said.
    pub n: Option<usize>,
    /// A baseline to compare with: dashed, grey and without marks.
    pub baseline: bool,
}

/// The lines of one quantity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinePanel {
    /// The quantity, with its unit.
    pub name: String,
    /// Per series its values along `x`. Where there is none the line is broken.
    pub lines: Vec<Vec<Option<f64>>>,
    /// Per series the lower and upper end of an interval about each value; may be empty.
    pub intervals: Vec<Vec<Option<[f64; 2]>>>,
    /// Values that the axis must reach, such as `[0.0, 1.0]` of a score; `None` for those of the
    /// lines.
    pub range: Option<[f64; 2]>,
}

/// Draws lines with their intervals. Series are told apart by colour and by the shape of their marks.
///
/// # Errors
/// [`RenderError::Mismatch`] if a panel does not have a line per series and a value per `x`, or if
/// there is nothing to draw.
pub fn line_chart(
    chart: &LineChart,
    caption: &Caption,
    look: &Look,
) -> Result<Figure, RenderError> {
    for panel in &chart.panels {
        let fits = panel.lines.len() == chart.series.len()
            && panel.lines.iter().all(|line| line.len() == chart.x.len())
            && (panel.intervals.is_empty() || panel.intervals.len() == chart.series.len())
            && (panel.intervals.iter()).all(|line| line.len() == chart.x.len());
        if !fits {
            return Err(RenderError::Mismatch(format!(
                "the panel “{}” does not have a line per series and a value per place",
                panel.name
            )));
        }
    }
    if chart.x.is_empty() || chart.series.is_empty() {
        return Err(RenderError::Mismatch(
            "there is nothing to draw in the chart".to_owned(),
        ));
    }
    let panels = chart.panels.iter().map(PanelKind::Lines).collect();
    draw_chart(chart, panels, caption, look)
}

/// Draws a chart's legend and panels, as many beside each other as fit.
fn draw_chart(
    chart: &LineChart,
    panels: Vec<PanelKind<'_>>,
    caption: &Caption,
    look: &Look,
) -> Result<Figure, RenderError> {
    if panels.is_empty() {
        return Err(RenderError::Mismatch(
            "there is no panel to draw".to_owned(),
        ));
    }
    let columns = match panels.len() {
        1 => 1,
        2 | 4 => 2,
        _ => 3,
    };
    let suits = match columns {
        1 => 720.0,
        2 => 900.0,
        _ => 1_080.0,
    };
    let width = look.width_or(look.scaled(suits), 280.0);
    let gap = look.scaled(26.0);
    let columns = columns
        .min(((width - 2.0 * MARGIN + gap) / look.scaled(220.0)) as usize)
        .max(1);
    let each = (width - 2.0 * MARGIN + gap) / columns as f64 - gap;
    let styles = styles(&chart.series, look);
    let subtitle = caption.line(&chart.notes);
    let header = Header::new(&chart.title, &subtitle, width, look);
    let given: Vec<String> = chart.series.iter().map(|s| s.name.clone()).collect();
    let names: Vec<String> = (0..given.len()).map(|i| shown_name(&given, i)).collect();
    let entries = chart.series.iter().zip(&names).zip(&styles);
    let named: Vec<Named<'_>> = entries
        .map(|((series, name), style)| Named {
            name,
            n: series.n,
            color: style.color,
            marker: style.marker,
        })
        .collect();
    let legend = Legend::new(&named, width, look);
    let rows = panels.len().div_ceil(columns);
    let high = if columns == 1 { 300.0 } else { 210.0 };
    let top = header.bottom + legend.height + look.scaled(10.0);
    let each_high = look.height.map_or(look.scaled(high), |height| {
        ((height - top - MARGIN / 2.0) / rows as f64 - gap).max(look.scaled(90.0))
    });
    let height = top + rows as f64 * (each_high + gap) + MARGIN / 2.0;
    let said: Vec<String> = panels.iter().map(|panel| panel.in_words(chart)).collect();
    let description = format!("{}. {subtitle}. {}", chart.title, said.join(" "));
    draw_figure(
        (width, height),
        &chart.title,
        &description,
        look.theme.background,
        |canvas| {
            header.draw(canvas, look);
            legend.draw(canvas, header.bottom, look);
            for (i, panel) in panels.iter().enumerate() {
                let (column, row) = (i % columns, i / columns);
                let place = Place {
                    left: MARGIN + column as f64 * (each + gap),
                    top: top + row as f64 * (each_high + gap),
                    width: each,
                    height: each_high,
                };
                panel.draw(canvas, chart, &names, &styles, place, look);
            }
        },
    )
}

/// How a series looks.
#[derive(Debug, Clone, Copy)]
struct SeriesStyle {
    color: Color,
    marker: Marker,
    baseline: bool,
}

fn styles(series: &[Series], look: &Look) -> Vec<SeriesStyle> {
    let total = series.iter().filter(|s| !s.baseline).count();
    let mut used = 0;
    series
        .iter()
        .map(|s| {
            if s.baseline {
                return SeriesStyle {
                    color: look.theme.muted,
                    marker: Marker::Dash,
                    baseline: true,
                };
            }
            let i = used;
            used += 1;
            SeriesStyle {
                color: shown_color(i, total, look),
                marker: Marker::of(i),
                baseline: false,
            }
        })
        .collect()
}
