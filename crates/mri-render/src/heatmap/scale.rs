use crate::canvas::{Canvas, Point, TextStyle};
use crate::color::Color;
use crate::colormap::Colormap;
use crate::figure_style::FigureStyle;
use crate::text::wrap_text;

/// The mapping from values to colors, shared by all panels of a figure.
#[derive(Clone)]
pub(crate) struct Scale {
    /// The value at the upper end; the lower end is 0, or `-end` if diverging.
    pub(crate) end: f64,
    pub(crate) diverging: bool,
    pub(crate) dark: bool,
    pub(crate) unit: String,
}

/// The width of a color bar with its ticks, for text of 12 pixels.
pub(crate) const COLOR_BAR_WIDTH: f64 = 112.0;

impl Scale {
    /// The number of a cell: with a sign (U+2212 for minus) if diverging, and an integer unless the
    /// scale is so short that different colors would get the same number.
    pub(crate) fn number(&self, value: f64) -> String {
        let digits = usize::from(self.diverging && self.end < 4.95);
        let size = format!("{:.digits$}", value.abs());
        let zero = size.chars().all(|c| matches!(c, '0' | '.'));
        match (self.diverging, zero) {
            (true, true) => "0".to_owned(),
            (true, false) if value > 0.0 => format!("+{size}"),
            (true, false) => format!("−{size}"),
            // Small, but not an empty cell.
            (false, true) if value > 0.0 => "<1".to_owned(),
            (false, _) => size,
        }
    }

    pub(crate) fn color(&self, value: f64) -> Color {
        let share = (value / self.end).clamp(-1.0, 1.0);
        match (self.diverging, self.dark) {
            // Positive values, of the first category, are blue here as in graphs.
            (true, false) => Colormap::Coolwarm.at(0.5 - share / 2.0),
            (true, true) => Colormap::Managua.at(0.5 + share / 2.0),
            // A single text must differ from none, so the scale starts above the lightest color.
            (false, false) => Colormap::Blues.at(0.12 + 0.88 * share),
            (false, true) => Colormap::Viridis.at(0.12 + 0.88 * share),
        }
    }
}

/// A color bar with its ticks and legend.
pub(crate) struct ColorBar<'a> {
    pub(crate) scale: &'a Scale,
    /// Names of the two sides of a difference, shown above and below the bar.
    pub(crate) sides: Option<[&'a str; 2]>,
    /// Whether the figure fades cells that are not significant.
    pub(crate) faded: bool,
    /// The meaning of a cell without a value.
    pub(crate) empty: &'a str,
}

/// The height of the colored bar, for text of 12 pixels.
const BAR_HEIGHT: f64 = 150.0;

/// The line height of small text, for text of 12 pixels.
pub(crate) const LINE_HEIGHT: f64 = 14.0;

/// The wrapped texts above and below the bar.
struct BarText {
    above: Vec<String>,
    below: Vec<String>,
    unit: Vec<String>,
}

impl ColorBar<'_> {
    fn text(&self, style: &FigureStyle) -> BarText {
        let (size, room) = (style.scaled(11.0), style.scaled(COLOR_BAR_WIDTH - 22.0));
        let side = |i: usize| {
            let name = self.sides.map(|sides| sides[i]);
            name.map_or_else(Vec::new, |name| wrap_text(name, size, true, room, 4))
        };
        BarText {
            above: side(0),
            below: side(1),
            unit: wrap_text(&self.scale.unit, size, false, room, 3),
        }
    }

    /// The height that [`ColorBar::draw`] takes.
    pub(crate) fn height(&self, style: &FigureStyle) -> f64 {
        let words = self.text(style);
        let lines = words.above.len() + words.below.len() + words.unit.len();
        // The gaps and the swatch of empty cells.
        let sides = if words.above.is_empty() { 0.0 } else { 12.0 };
        let faded = if self.faded { 20.0 } else { 0.0 };
        style.scaled(BAR_HEIGHT + LINE_HEIGHT * lines as f64 + 50.0 + sides + faded)
    }

    /// Draws the bar with its upper left corner at a point.
    pub(crate) fn draw(&self, canvas: &mut Canvas, (left, top): Point, style: &FigureStyle) {
        const STEPS: usize = 64;
        let (height, width) = (style.scaled(BAR_HEIGHT), style.scaled(14.0));
        let theme = style.theme;
        let scale = self.scale;
        let size = style.scaled(11.0);
        let text = TextStyle::new(size, theme.muted);
        let strong = TextStyle::new(size, theme.text).bold();
        let line = style.scaled(LINE_HEIGHT);
        let words = self.text(style);
        let mut y = canvas.lines(&words.above, (left, top + size / 2.0), line, strong);
        if !words.above.is_empty() {
            y += style.scaled(6.0);
        }
        let low = if scale.diverging { -scale.end } else { 0.0 };
        let step = height / STEPS as f64;
        for i in 0..STEPS {
            let t = (i as f64 + 0.5) / STEPS as f64;
            let color = scale.color(low + (scale.end - low) * t);
            // Half a pixel of overlap, so that no gap shows between the steps.
            let more = if i == 0 { 0.0 } else { 0.5 };
            let from = (left, y + height - (i + 1) as f64 * step);
            canvas.rect(from, (width, step + more), color, 1.0);
        }
        canvas.frame((left, y), (width, height), theme.line, 0.8);
        let middle = f64::midpoint(low, scale.end);
        for (t, value) in [(0.0, low), (0.5, middle), (1.0, scale.end)] {
            let at = (left + width + style.scaled(6.0), y + height * (1.0 - t));
            canvas.text(&self.tick(value), at, text);
        }
        y += height + style.scaled(20.0);
        y = canvas.lines(&words.below, (left, y), line, strong);
        if !words.below.is_empty() {
            y += style.scaled(6.0);
        }
        y = canvas.lines(&words.unit, (left, y), line, text) + style.scaled(10.0);
        let swatch = (width, width);
        let beside = left + width + style.scaled(6.0);
        if self.faded {
            let color = scale.color(scale.end * 0.7);
            faded_cell(canvas, (left, y), width, color, style);
            canvas.text("may be chance", (beside, y + width / 2.0), text);
            y += style.scaled(20.0);
        }
        canvas.rect((left, y), swatch, theme.empty, 1.0);
        canvas.frame((left, y), swatch, theme.line, 0.8);
        canvas.text(self.empty, (beside, y + width / 2.0), text);
    }

    fn tick(&self, value: f64) -> String {
        // The middle tick of a scale of counts may be half an integer.
        let short = if self.scale.end.fract() == 0.0 {
            100.0
        } else {
            10.0
        };
        let digits = usize::from(self.scale.end < short && value.fract() != 0.0);
        let size = format!("{:.digits$}", value.abs());
        match (self.scale.diverging, value) {
            (true, v) if v > 0.0 => format!("+{size}"),
            (true, v) if v < 0.0 => format!("−{size}"),
            _ => size,
        }
    }
}

/// Draws a cell that is not significant: nearly in the background color, outlined in its own color
/// to differ from an empty cell.
pub(crate) fn faded_cell(
    canvas: &mut Canvas,
    at: Point,
    cell: f64,
    color: Color,
    style: &FigureStyle,
) {
    let background = style.theme.background;
    canvas.rect(at, (cell, cell), color.mix(background, 0.74), 1.0);
    let inset = (cell * 0.08).clamp(0.4, 1.2);
    canvas.frame(
        (at.0 + inset, at.1 + inset),
        (cell - 2.0 * inset, cell - 2.0 * inset),
        // Near 0 the colors of differences are close to the background.
        color.mix(style.theme.muted, 0.35).mix(background, 0.35),
        (cell * 0.05).clamp(0.5, 1.0),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_colors_have_different_numbers() {
        let scale = |end, diverging| Scale {
            end,
            diverging,
            dark: false,
            unit: String::new(),
        };
        let short = scale(1.7, true);
        let all = [0.0, 0.04, 0.4, -0.4, 1.7].map(|value| short.number(value));
        assert_eq!(all, ["0", "0", "+0.4", "−0.4", "+1.7"]);
        let long = scale(14.2, true);
        assert_eq!([-13.6, 0.3].map(|value| long.number(value)), ["−14", "0"]);
        let counts = scale(428.0, false);
        assert_eq!([428.0, 1.0].map(|value| counts.number(value)), ["428", "1"]);
        let ticks = |scale: &Scale| {
            let bar = ColorBar {
                scale,
                sides: None,
                faded: false,
                empty: "",
            };
            [scale.end / 2.0, scale.end].map(|value| bar.tick(value))
        };
        assert_eq!(ticks(&scale(15.0, false)), ["7.5", "15"]);
        assert_eq!(ticks(&scale(2.0, false)), ["1", "2"]);
        assert_eq!(ticks(&scale(100.0 / 3.0, false)), ["17", "33"]);
        // A share that rounds to 0 is not 0.
        assert_eq!(scale(9.6, false).number(0.3), "<1");
    }
}
