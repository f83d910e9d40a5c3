use super::line_chart::LineChart;
use super::line_style::line_styles;
use super::panel::{Panel, PanelRect};
use crate::caption::Caption;
use crate::error::RenderError;
use crate::figure::{Figure, draw_figure};
use crate::figure_style::FigureStyle;
use crate::header::{Header, MARGIN};
use crate::legend::{Legend, LegendItem};
use crate::text::display_name;

/// Draws lines with their intervals. Series are distinguished by color and by marker.
///
/// # Errors
/// [`RenderError::Mismatch`] if a panel does not have a line per series and a value per `x`, or if
/// there is nothing to draw.
pub fn line_chart(
    chart: &LineChart,
    caption: &Caption,
    style: &FigureStyle,
) -> Result<Figure, RenderError> {
    for panel in &chart.panels {
        let fits = panel.lines.len() == chart.series.len()
            && panel.lines.iter().all(|line| line.len() == chart.x.len())
            && (panel.intervals.is_empty() || panel.intervals.len() == chart.series.len())
            && (panel.intervals.iter()).all(|line| line.len() == chart.x.len());
        if !fits {
            return Err(RenderError::mismatch(format!(
                "the panel “{}” does not have {} lines of {} values",
                panel.name,
                chart.series.len(),
                chart.x.len()
            )));
        }
    }
    if chart.x.is_empty() || chart.series.is_empty() {
        return Err(RenderError::mismatch("the chart has no series or no x"));
    }
    let panels = chart.panels.iter().map(Panel::Lines).collect();
    draw_chart(chart, panels, caption, style)
}

/// Draws the legend and the panels of a chart in as many columns as fit.
pub(super) fn draw_chart(
    chart: &LineChart,
    panels: Vec<Panel<'_>>,
    caption: &Caption,
    style: &FigureStyle,
) -> Result<Figure, RenderError> {
    if panels.is_empty() {
        return Err(RenderError::mismatch("the chart has no panel"));
    }
    let columns = match panels.len() {
        1 => 1,
        2 | 4 => 2,
        _ => 3,
    };
    let default_width = match columns {
        1 => 720.0,
        2 => 900.0,
        _ => 1_080.0,
    };
    let width = style.width_or(style.scaled(default_width), 280.0);
    let gap = style.scaled(26.0);
    let columns = columns
        .min(((width - 2.0 * MARGIN + gap) / style.scaled(220.0)) as usize)
        .max(1);
    let panel_width = (width - 2.0 * MARGIN + gap) / columns as f64 - gap;
    let line_styles = line_styles(&chart.series, style);
    let subtitle = caption.line(&chart.notes);
    let header = Header::new(&chart.title, &subtitle, width, style);
    let given: Vec<String> = chart.series.iter().map(|s| s.name.clone()).collect();
    let names: Vec<String> = (0..given.len()).map(|i| display_name(&given, i)).collect();
    let series = chart.series.iter().zip(&names).zip(&line_styles);
    let items: Vec<LegendItem<'_>> = series
        .map(|((series, name), line_style)| LegendItem {
            name,
            n: series.n,
            color: line_style.color,
            marker: line_style.marker,
        })
        .collect();
    let legend = Legend::new(&items, width, style);
    let rows = panels.len().div_ceil(columns);
    let default_height = if columns == 1 { 300.0 } else { 210.0 };
    let top = header.bottom + legend.height + style.scaled(10.0);
    let panel_height = style.height.map_or(style.scaled(default_height), |height| {
        ((height - top - MARGIN / 2.0) / rows as f64 - gap).max(style.scaled(90.0))
    });
    let height = top + rows as f64 * (panel_height + gap) + MARGIN / 2.0;
    let panels_in_words: Vec<String> = panels.iter().map(|panel| panel.describe(chart)).collect();
    let description = format!("{}. {subtitle}. {}", chart.title, panels_in_words.join(" "));
    draw_figure(
        (width, height),
        &chart.title,
        &description,
        style.theme.background,
        |canvas| {
            header.draw(canvas, style);
            legend.draw(canvas, header.bottom, style);
            for (i, panel) in panels.iter().enumerate() {
                let (column, row) = (i % columns, i / columns);
                let rect = PanelRect {
                    left: MARGIN + column as f64 * (panel_width + gap),
                    top: top + row as f64 * (panel_height + gap),
                    width: panel_width,
                    height: panel_height,
                };
                panel.draw(canvas, chart, &names, &line_styles, rect, style);
            }
        },
    )
}
