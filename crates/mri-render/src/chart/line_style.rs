use super::line_chart::Series;
use crate::category::themed_color;
use crate::color::Color;
use crate::figure_style::FigureStyle;
use crate::marker::Marker;

/// Color and marker of a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineStyle {
    pub(super) color: Color,
    pub(super) marker: Marker,
    pub(super) baseline: bool,
}

/// The styles of all series: those of categories, in order, and a muted one for baselines.
pub(super) fn line_styles(series: &[Series], style: &FigureStyle) -> Vec<LineStyle> {
    let total = series.iter().filter(|s| !s.baseline).count();
    let mut used = 0;
    series
        .iter()
        .map(|s| {
            if s.baseline {
                return LineStyle {
                    color: style.theme.muted,
                    marker: Marker::Dash,
                    baseline: true,
                };
            }
            let i = used;
            used += 1;
            LineStyle {
                color: themed_color(i, total, style),
                marker: Marker::of(i),
                baseline: false,
            }
        })
        .collect()
}
