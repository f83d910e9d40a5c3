use super::axis::{Ticks, draw_names};
use super::line_chart::{LineChart, LinePanel};
use super::line_style::LineStyle;
use crate::canvas::{Anchor, Canvas, Point, TextStyle};
use crate::color::Color;
use crate::figure_style::FigureStyle;
use crate::font::text_width;
use crate::text::{fit_text, wrap_text};

/// The rectangle of a panel, including its title and axis labels.
#[derive(Debug, Clone, Copy)]
pub(super) struct PanelRect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A panel of a chart.
pub(super) enum Panel<'a> {
    /// A line per series.
    Lines(&'a LinePanel),
    /// A dot per series, each in a row of its own.
    Dots {
        name: String,
        values: Vec<Option<f64>>,
    },
}

impl Panel<'_> {
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        chart: &LineChart,
        names: &[String],
        line_styles: &[LineStyle],
        rect: PanelRect,
        style: &FigureStyle,
    ) {
        let (name, theme) = (self.name(), style.theme);
        let size = style.scaled(13.0);
        let title = fit_text(name, size, true, rect.width);
        let at = (rect.left, rect.top + size / 2.0);
        canvas.text(&title, at, TextStyle::new(size, theme.text).bold());
        match self {
            Self::Lines(panel) => draw_lines(canvas, chart, panel, line_styles, rect, style),
            Self::Dots { values, .. } => draw_dots(canvas, names, values, line_styles, rect, style),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Lines(panel) => &panel.name,
            Self::Dots { name, .. } => name,
        }
    }

    /// The first and last value of each series in words, for screen readers.
    pub(super) fn describe(&self, chart: &LineChart) -> String {
        let number = |value: Option<f64>| value.map_or("none".to_owned(), |v| format!("{v:.3}"));
        let series = chart.series.iter().map(|s| s.name.as_str());
        let all: Vec<String> = match self {
            Self::Lines(panel) => series
                .zip(&panel.lines)
                .map(|(name, line)| {
                    let (first, last) = (line.first().copied(), line.last().copied());
                    format!(
                        "{name} from {} to {}",
                        number(first.flatten()),
                        number(last.flatten())
                    )
                })
                .collect(),
            Self::Dots { values, .. } => series
                .zip(values)
                .map(|(name, &value)| format!("{name} {}", number(value)))
                .collect(),
        };
        format!("{}: {}.", self.name(), all.join(", "))
    }
}

fn draw_lines(
    canvas: &mut Canvas,
    chart: &LineChart,
    panel: &LinePanel,
    line_styles: &[LineStyle],
    rect: PanelRect,
    style: &FigureStyle,
) {
    let ticks = ticks_of(panel);
    let left = rect.left + ticks.room(style);
    let top = rect.top + style.scaled(24.0);
    let width = rect.left + rect.width - left;
    let height = rect.top + rect.height - style.scaled(36.0) - top;
    ticks.draw_rows(canvas, (left, top), (width, height), style);
    let x = draw_names(canvas, &chart.x, (left, top + height), width, style);
    let middle = (left + width / 2.0, top + height + style.scaled(27.0));
    let small = TextStyle::new(style.scaled(10.5), style.theme.muted).anchor(Anchor::Middle);
    // An axis cut off above or below 0 is stated.
    let x_name = if ticks.low > 0.0 || ticks.high < 0.0 {
        let cut = if ticks.low > 0.0 {
            ticks.low
        } else {
            ticks.high
        };
        format!(
            "{}  ·  vertical axis from {}",
            chart.x_name,
            ticks.label(cut)
        )
    } else {
        chart.x_name.clone()
    };
    let x_name = fit_text(&x_name, style.scaled(10.5), false, width);
    canvas.text(&x_name, middle, small);
    let defined = |v: &f64| v.is_finite();
    if !panel.lines.iter().flatten().flatten().any(defined) {
        let middle = (left + width / 2.0, top + height / 2.0);
        canvas.text("not defined", middle, small);
        return;
    }
    let y = |value: f64| top + height * (1.0 - ticks.position(value));
    let step = width / chart.x.len() as f64;
    // Series with intervals are shifted against each other, so that intervals do not overlap.
    let shift = |i: usize| {
        let room = (step * 0.1).min(style.scaled(14.0));
        if panel.intervals.is_empty() || line_styles[i].baseline {
            0.0
        } else {
            room * (i as f64 - (line_styles.len() as f64 - 1.0) / 2.0)
        }
    };
    let half = (step * 0.14).clamp(1.0, 4.0);
    for (i, (intervals, line_style)) in panel.intervals.iter().zip(line_styles).enumerate() {
        for (&x, interval) in x.iter().zip(intervals) {
            if let Some(ends) = interval {
                draw_interval(canvas, x + shift(i), ends.map(y), half, line_style.color);
            }
        }
    }
    // Dense markers would hide the line.
    let radius = (step * 0.2).clamp(1.6, style.scaled(3.6));
    for (i, (line, line_style)) in panel.lines.iter().zip(line_styles).enumerate() {
        let points: Vec<Option<Point>> = x
            .iter()
            .zip(line)
            .map(|(&x, value)| {
                value
                    .filter(|v| v.is_finite())
                    .map(|v| (x + shift(i), y(v)))
            })
            .collect();
        draw_line(canvas, &points, line_style, (left, left + width));
        if !line_style.baseline {
            for at in points.into_iter().flatten() {
                let marker = line_style.marker;
                marker.draw(canvas, at, radius, line_style.color, 1.0);
            }
        }
    }
}

/// The vertical axis of a panel, which encloses all values, intervals and the panel's range.
fn ticks_of(panel: &LinePanel) -> Ticks {
    let values = panel.lines.iter().flatten().flatten().copied();
    let ends = panel
        .intervals
        .iter()
        .flatten()
        .flatten()
        .flatten()
        .copied();
    let range = panel.range.into_iter().flatten();
    let all = values.chain(ends).chain(range).filter(|v| v.is_finite());
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    Ticks::spanning(low, high, 5)
}

/// An interval with a cap at each end.
fn draw_interval(canvas: &mut Canvas, x: f64, [from, to]: [f64; 2], half_cap: f64, color: Color) {
    canvas.path(vec![(x, from), (x, to)], color, 0.75, 1.2);
    for end in [from, to] {
        let cap = vec![(x - half_cap, end), (x + half_cap, end)];
        canvas.path(cap, color, 0.75, 1.2);
    }
}

/// A line through points, interrupted at `None`. A baseline over a single x goes from `ends.0` to
/// `ends.1`.
fn draw_line(
    canvas: &mut Canvas,
    points: &[Option<Point>],
    line_style: &LineStyle,
    ends: (f64, f64),
) {
    for run in points.split(Option::is_none) {
        let run: Vec<Point> = run.iter().flatten().copied().collect();
        if run.len() < 2 {
            if let ([(_, y)], true, [_]) = (&run[..], line_style.baseline, points) {
                dashed(canvas, &[(ends.0, *y), (ends.1, *y)], line_style);
            }
        } else if line_style.baseline {
            dashed(canvas, &run, line_style);
        } else {
            canvas.path(run, line_style.color, 1.0, 2.0);
        }
    }
}

fn dashed(canvas: &mut Canvas, points: &[Point], line_style: &LineStyle) {
    const DASH: f64 = 6.0;
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let at = |along: f64| {
            let t = (along / length).min(1.0);
            (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t)
        };
        let mut along = 0.0;
        while along < length {
            canvas.path(
                vec![at(along), at(along + DASH)],
                line_style.color,
                1.0,
                1.4,
            );
            along += DASH + 4.0;
        }
    }
}

fn draw_dots(
    canvas: &mut Canvas,
    names: &[String],
    values: &[Option<f64>],
    line_styles: &[LineStyle],
    rect: PanelRect,
    style: &FigureStyle,
) {
    let known = || values.iter().flatten().copied().filter(|v| v.is_finite());
    // The axis includes 0, so that distances from it show the ratios of the values.
    let ticks = Ticks::spanning(known().fold(0.0, f64::min), known().fold(0.0, f64::max), 3);
    let font = style.scaled(11.0);
    let widest = names.iter().map(|name| text_width(name, font, false));
    let room = widest.fold(0.0, f64::max).min(rect.width * 0.4);
    let left = rect.left + room + style.scaled(12.0);
    let top = rect.top + style.scaled(24.0);
    let width = rect.left + rect.width - style.scaled(10.0) - left;
    let height = rect.top + rect.height - style.scaled(22.0) - top;
    // Without a defined value there is no axis to draw.
    if known().next().is_some() {
        ticks.draw_columns(canvas, (left, top), (width, height), style);
    }
    let step = height / values.len().max(1) as f64;
    let line = style.scaled(13.0);
    let max_lines = ((step / line) as usize).clamp(1, 3);
    for (i, (value, line_style)) in values.iter().zip(line_styles).enumerate() {
        let y = top + (i as f64 + 0.5) * step;
        let text = TextStyle::new(font, style.theme.text);
        let lines = wrap_text(&names[i], font, false, room, max_lines);
        let first = y - line * (lines.len() as f64 - 1.0) / 2.0;
        canvas.lines(&lines, (rect.left, first), line, text);
        match value.filter(|v| v.is_finite()) {
            Some(value) => {
                let x = left + width * ticks.position(value);
                canvas.line((left, y), (left + width, y), style.theme.line, 0.6);
                line_style
                    .marker
                    .draw(canvas, (x, y), style.scaled(4.6), line_style.color, 1.0);
            }
            None => {
                let text = TextStyle::new(font, style.theme.muted);
                canvas.text("not defined", (left + 4.0, y), text);
            }
        }
    }
}
