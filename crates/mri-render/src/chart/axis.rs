use crate::canvas::{Anchor, Canvas, Point, TextStyle};
use crate::figure_style::FigureStyle;
use crate::font::text_width;

/// A linear axis with ticks at round numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ticks {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) at: Vec<f64>,
    digits: usize,
}

impl Ticks {
    /// About `n` ticks at multiples of 1, 2 or 5 times a power of ten, that enclose `low` and
    /// `high`.
    pub(crate) fn spanning(low: f64, high: f64, n: usize) -> Self {
        let (low, high) = match (low.is_finite() && high.is_finite(), high > low) {
            (false, _) => (0.0, 1.0),
            (true, true) => (low, high),
            // A single value: a range around it.
            (true, false) if low == 0.0 => (0.0, 1.0),
            (true, false) => (low - low.abs() / 2.0, low + low.abs() / 2.0),
        };
        let raw = (high - low) / n.max(1) as f64;
        let power = 10_f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|m| m * power)
            .find(|step| *step >= raw * 0.999)
            .unwrap_or(10.0 * power);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let count = (last - first).round() as usize;
        Self {
            low: first * step,
            high: last * step,
            at: (0..=count).map(|i| (first + i as f64) * step).collect(),
            digits: (-step.log10().floor()).clamp(0.0, 9.0) as usize,
        }
    }

    /// The position of a value from 0 (the lowest tick) to 1 (the highest).
    pub(crate) fn position(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    pub(crate) fn label(&self, value: f64) -> String {
        let digits = self.digits;
        let size = format!("{:.digits$}", value.abs());
        let zero = size.chars().all(|c| matches!(c, '0' | '.'));
        let sign = if value < 0.0 && !zero { "−" } else { "" };
        format!("{sign}{size}")
    }

    /// The width of the labels of a vertical axis.
    pub(crate) fn room(&self, style: &FigureStyle) -> f64 {
        let width = |value: &f64| text_width(&self.label(*value), style.scaled(10.5), false);
        self.at.iter().map(width).fold(0.0, f64::max) + style.scaled(8.0)
    }

    /// Horizontal grid lines at every tick, with labels to the left.
    pub(crate) fn draw_rows(
        &self,
        canvas: &mut Canvas,
        (left, top): Point,
        size: Point,
        style: &FigureStyle,
    ) {
        for &value in &self.at {
            let y = top + size.1 * (1.0 - self.position(value));
            let strong = value.abs() < 1e-12;
            let stroke = if strong { 1.0 } else { 0.6 };
            let color = if strong {
                style.theme.muted
            } else {
                style.theme.line
            };
            canvas.line((left, y), (left + size.0, y), color, stroke);
            let text = TextStyle::new(style.scaled(10.5), style.theme.muted).anchor(Anchor::End);
            canvas.text(&self.label(value), (left - style.scaled(6.0), y), text);
        }
    }

    /// Vertical grid lines at every tick, with labels below; labels that would touch are omitted.
    pub(crate) fn draw_columns(
        &self,
        canvas: &mut Canvas,
        (left, top): Point,
        size: Point,
        style: &FigureStyle,
    ) {
        let font = style.scaled(10.5);
        let mut free = f64::NEG_INFINITY;
        for &value in &self.at {
            let x = left + size.0 * self.position(value);
            canvas.line((x, top), (x, top + size.1), style.theme.line, 0.6);
            let label = self.label(value);
            let half = text_width(&label, font, false) / 2.0;
            if x - half > free {
                let text = TextStyle::new(font, style.theme.muted).anchor(Anchor::Middle);
                canvas.text(&label, (x, top + size.1 + style.scaled(10.0)), text);
                free = x + half + style.scaled(6.0);
            }
        }
    }
}

/// Names at equal distances below a plot; where they would touch, only every second, third … one.
/// Returns the x of each.
pub(crate) fn draw_names(
    canvas: &mut Canvas,
    names: &[String],
    (left, bottom): Point,
    width: f64,
    style: &FigureStyle,
) -> Vec<f64> {
    let font = style.scaled(10.5);
    let step = width / names.len().max(1) as f64;
    let widest = names
        .iter()
        .map(|name| text_width(name, font, false))
        .fold(0.0, f64::max);
    let every = ((widest + style.scaled(6.0)) / step).ceil().max(1.0) as usize;
    let mut positions = Vec::with_capacity(names.len());
    for (i, name) in names.iter().enumerate() {
        let x = left + (i as f64 + 0.5) * step;
        if i % every == 0 {
            let text = TextStyle::new(font, style.theme.muted).anchor(Anchor::Middle);
            canvas.text(name, (x, bottom + style.scaled(11.0)), text);
        }
        positions.push(x);
    }
    positions
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ticks_enclose_all_values_at_round_numbers(low in -1e6_f64..1e6, more in 0.0_f64..1e6) {
            let ticks = Ticks::spanning(low, low + more, 5);
            prop_assert!(ticks.low <= low && low + more <= ticks.high + 1e-9);
            prop_assert!((2..=9).contains(&ticks.at.len()), "{:?}", ticks);
            for pair in ticks.at.windows(2) {
                prop_assert_ne!(ticks.label(pair[0]), ticks.label(pair[1]));
            }
        }
    }

    #[test]
    fn an_empty_range_still_gives_an_axis() {
        for ticks in [
            Ticks::spanning(f64::INFINITY, f64::NEG_INFINITY, 4),
            Ticks::spanning(0.0, 0.0, 4),
            Ticks::spanning(f64::NAN, 1.0, 4),
        ] {
            assert_eq!((ticks.low, ticks.high), (0.0, 1.0));
        }
        assert_eq!(Ticks::spanning(-0.1, 0.1, 2).label(-0.1), "−0.1");
    }
}
