use super::axis::{Ticks, draw_names};
use super::{LineChart, LinePanel, SeriesStyle};
use crate::Look;
use crate::canvas::{Anchor, At, Canvas, TextLook};
use crate::text::{fit_text, text_width, wrap_text};

/// The rectangle of a panel, its names included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What a panel holds.
pub(super) enum PanelKind<'a> {
    /// A line per series.
    Lines(&'a LinePanel),
    /// A dot per series, each in a row of its own.
    Dots {
        name: String,
        values: Vec<Option<f64>>,
    },
}

impl PanelKind<'_> {
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        chart: &LineChart,
        names: &[String],
        styles: &[SeriesStyle],
        place: Place,
        look: &Look,
    ) {
        let (name, theme) = (self.name(), look.theme);
        let size = look.scaled(13.0);
        let title = fit_text(name, size, true, place.width);
        let at = (place.left, place.top + size / 2.0);
        canvas.text(&title, at, TextLook::new(size, theme.text).bold());
        match self {
            Self::Lines(panel) => draw_lines(canvas, chart, panel, styles, place, look),
            Self::Dots { values, .. } => draw_dots(canvas, names, values, styles, place, look),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Lines(panel) => &panel.name,
            Self::Dots { name, .. } => name,
        }
    }

    /// First and last values of each series, for those who cannot see them.
    pub(super) fn in_words(&self, chart: &LineChart) -> String {
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
    styles: &[SeriesStyle],
    place: Place,
    look: &Look,
) {
    let values = panel.lines.iter().flatten().flatten().copied();
    let ends = panel
        .intervals
        .iter()
        .flatten()
        .flatten()
        .flatten()
        .copied();
    let reach = panel.range.into_iter().flatten();
    let all: Vec<f64> = values
        .chain(ends)
        .chain(reach)
        .filter(|v| v.is_finite())
        .collect();
    let low = all.iter().copied().fold(f64::INFINITY, f64::min);
    let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let ticks = Ticks::spanning(low, high, 5);
    let left = place.left + ticks.room(look);
    let top = place.top + look.scaled(24.0);
    let width = place.left + place.width - left;
    let height = place.top + place.height - look.scaled(36.0) - top;
    ticks.draw_rows(canvas, (left, top), (width, height), look);
    let x = draw_names(canvas, &chart.x, (left, top + height), width, look);
    let middle = (left + width / 2.0, top + height + look.scaled(27.0));
    let small = TextLook::new(look.scaled(10.5), look.theme.muted).anchor(Anchor::Middle);
    canvas.text(&chart.x_name, middle, small);
    let defined = |v: &f64| v.is_finite();
    if !panel.lines.iter().flatten().flatten().any(defined) {
        let middle = (left + width / 2.0, top + height / 2.0);
        canvas.text("not defined", middle, small);
        return;
    }
    let y = |value: f64| top + height * (1.0 - ticks.place(value));
    let step = width / chart.x.len() as f64;
    // Series with intervals stand a little beside each other, so that none hides another.
    let beside = |i: usize| {
        let room = (step * 0.1).min(look.scaled(14.0));
        if panel.intervals.is_empty() || styles[i].baseline {
            0.0
        } else {
            room * (i as f64 - (styles.len() as f64 - 1.0) / 2.0)
        }
    };
    for (i, (intervals, style)) in panel.intervals.iter().zip(styles).enumerate() {
        for (&x, interval) in x.iter().zip(intervals) {
            let x = x + beside(i);
            let Some([low, high]) = *interval else {
                continue;
            };
            let half = (step * 0.14).clamp(1.0, 4.0);
            canvas.path(vec![(x, y(low)), (x, y(high))], style.color, 0.75, 1.2);
            for end in [low, high] {
                let ends = vec![(x - half, y(end)), (x + half, y(end))];
                canvas.path(ends, style.color, 0.75, 1.2);
            }
        }
    }
    for (i, (line, style)) in panel.lines.iter().zip(styles).enumerate() {
        let places: Vec<Option<At>> = x
            .iter()
            .zip(line)
            .map(|(&x, value)| {
                value
                    .filter(|v| v.is_finite())
                    .map(|v| (x + beside(i), y(v)))
            })
            .collect();
        for run in places.split(Option::is_none) {
            let points: Vec<At> = run.iter().flatten().copied().collect();
            if points.len() < 2 {
                // Of a single place a baseline is still a line.
                if let ([(_, y)], true, [_]) = (&points[..], style.baseline, &x[..]) {
                    dashed(canvas, &[(left, *y), (left + width, *y)], style);
                }
                continue;
            }
            if style.baseline {
                dashed(canvas, &points, style);
            } else {
                canvas.path(points, style.color, 1.0, 2.0);
            }
        }
        // With many places close together the marks would hide the line.
        let radius = (width / chart.x.len() as f64 * 0.2).clamp(1.6, look.scaled(3.6));
        for at in places.into_iter().flatten() {
            if style.baseline {
                continue;
            }
            style.marker.draw(canvas, at, radius, style.color, 1.0);
        }
    }
}

fn dashed(canvas: &mut Canvas, points: &[At], style: &SeriesStyle) {
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
            canvas.path(vec![at(along), at(along + DASH)], style.color, 1.0, 1.4);
            along += DASH + 4.0;
        }
    }
}

fn draw_dots(
    canvas: &mut Canvas,
    names: &[String],
    values: &[Option<f64>],
    styles: &[SeriesStyle],
    place: Place,
    look: &Look,
) {
    let known = || values.iter().flatten().copied().filter(|v| v.is_finite());
    let ticks = Ticks::spanning(
        known().fold(f64::INFINITY, f64::min),
        known().fold(f64::NEG_INFINITY, f64::max),
        3,
    );
    let font = look.scaled(11.0);
    let widest = names.iter().map(|name| text_width(name, font, false));
    let room = widest.fold(0.0, f64::max).min(place.width * 0.4);
    let left = place.left + room + look.scaled(12.0);
    let top = place.top + look.scaled(24.0);
    let width = place.left + place.width - look.scaled(10.0) - left;
    let height = place.top + place.height - look.scaled(22.0) - top;
    // Where nothing is defined, an axis would only be made up.
    if known().next().is_some() {
        ticks.draw_columns(canvas, (left, top), (width, height), look);
    }
    let step = height / values.len().max(1) as f64;
    let line = look.scaled(13.0);
    let most = ((step / line) as usize).clamp(1, 3);
    for (i, (value, style)) in values.iter().zip(styles).enumerate() {
        let y = top + (i as f64 + 0.5) * step;
        let text = TextLook::new(font, look.theme.text);
        let lines = wrap_text(&names[i], font, false, room, most);
        let first = y - line * (lines.len() as f64 - 1.0) / 2.0;
        for (row, words) in lines.iter().enumerate() {
            canvas.text(words, (place.left, first + line * row as f64), text);
        }
        match value.filter(|v| v.is_finite()) {
            Some(value) => {
                let x = left + width * ticks.place(value);
                canvas.line((left, y), (left + width, y), look.theme.line, 0.6);
                style
                    .marker
                    .draw(canvas, (x, y), look.scaled(4.6), style.color, 1.0);
            }
            None => {
                let text = TextLook::new(font, look.theme.muted);
                canvas.text("not defined", (left + 4.0, y), text);
            }
        }
    }
}
