use crate::canvas::{At, Canvas, TextLook};
use crate::text::wrap_text;
use crate::{Color, Colormap, Look};

/// How values become colours, the same for all panels of a figure.
pub(crate) struct Scale {
    /// The value at the end of the scale; the other end is 0, or its negative if diverging.
    pub(crate) end: f64,
    pub(crate) diverging: bool,
    pub(crate) dark: bool,
    pub(crate) unit: String,
}

/// The room at the right edge that a colour bar needs, at letters of 12 pixels.
pub(crate) const BAR_ROOM: f64 = 112.0;

impl Scale {
    /// A value as it stands in a cell: with a sign (and a true minus) where there are two sides, and
    /// whole, unless the scale is so short that different colours would have the same number.
    pub(crate) fn number(&self, value: f64) -> String {
        let digits = usize::from(self.diverging && self.end < 4.95);
        let size = format!("{:.digits$}", value.abs());
        let zero = size.chars().all(|c| matches!(c, '0' | '.'));
        match (self.diverging, zero) {
            (true, true) => "0".to_owned(),
            (true, false) if value > 0.0 => format!("+{size}"),
            (true, false) => format!("−{size}"),
            // There is something in the cell, though it is little.
            (false, true) if value > 0.0 => "<1".to_owned(),
            (false, _) => size,
        }
    }

    pub(crate) fn color(&self, value: f64) -> Color {
        let share = (value / self.end).clamp(-1.0, 1.0);
        match (self.diverging, self.dark) {
            // The first category, that of positive values, has the blue end here as in graphs.
            (true, false) => Colormap::Coolwarm.at(0.5 - share / 2.0),
            (true, true) => Colormap::Managua.at(0.5 + share / 2.0),
            // A single text must differ from none, so the scale starts above the lightest tone.
            (false, false) => Colormap::Blues.at(0.12 + 0.88 * share),
            (false, true) => Colormap::Viridis.at(0.12 + 0.88 * share),
        }
    }
}

/// What stands beside a colour bar.
pub(crate) struct Bar<'a> {
    pub(crate) scale: &'a Scale,
    /// The two sides of a difference, above and below.
    pub(crate) sides: Option<[&'a str; 2]>,
    /// Whether cells without significance are faded.
    pub(crate) faded: bool,
    /// What a cell without colour means.
    pub(crate) empty: &'a str,
}

/// The height of the colours themselves, and of a line of words, at letters of 12 pixels.
const HEIGHT: f64 = 150.0;
pub(crate) const LINE: f64 = 14.0;

/// The lines of a bar's words.
struct Words {
    above: Vec<String>,
    below: Vec<String>,
    unit: Vec<String>,
}

impl Bar<'_> {
    fn words(&self, look: &Look) -> Words {
        let (size, room) = (look.scaled(11.0), look.scaled(BAR_ROOM - 22.0));
        let side = |i: usize| {
            let name = self.sides.map(|sides| sides[i]);
            name.map_or_else(Vec::new, |name| wrap_text(name, size, true, room, 4))
        };
        Words {
            above: side(0),
            below: side(1),
            unit: wrap_text(&self.scale.unit, size, false, room, 3),
        }
    }

    /// The height that [`Bar::draw`] takes.
    pub(crate) fn height(&self, look: &Look) -> f64 {
        let words = self.words(look);
        let lines = words.above.len() + words.below.len() + words.unit.len();
        // Around the colours, between the words, and the swatches.
        let sides = if words.above.is_empty() { 0.0 } else { 12.0 };
        let faded = if self.faded { 20.0 } else { 0.0 };
        look.scaled(HEIGHT + LINE * lines as f64 + 50.0 + sides + faded)
    }

    /// Draws the bar with its upper left corner at a point.
    pub(crate) fn draw(&self, canvas: &mut Canvas, (left, top): At, look: &Look) {
        const STEPS: usize = 64;
        let (height, width) = (look.scaled(HEIGHT), look.scaled(14.0));
        let theme = look.theme;
        let scale = self.scale;
        let size = look.scaled(11.0);
        let text = TextLook::new(size, theme.muted);
        let strong = TextLook::new(size, theme.text).bold();
        let line = look.scaled(LINE);
        let words = self.words(look);
        let mut y = top + size / 2.0;
        for word in &words.above {
            canvas.text(word, (left, y), strong);
            y += line;
        }
        if !words.above.is_empty() {
            y += look.scaled(6.0);
        }
        let low = if scale.diverging { -scale.end } else { 0.0 };
        let step = height / STEPS as f64;
        for i in 0..STEPS {
            let t = (i as f64 + 0.5) / STEPS as f64;
            let color = scale.color(low + (scale.end - low) * t);
            // Half a pixel more than the step, so that no line shows between the steps.
            let more = if i == 0 { 0.0 } else { 0.5 };
            let from = (left, y + height - (i + 1) as f64 * step);
            canvas.rect(from, (width, step + more), color, 1.0);
        }
        canvas.frame((left, y), (width, height), theme.line, 0.8);
        let middle = f64::midpoint(low, scale.end);
        for (t, value) in [(0.0, low), (0.5, middle), (1.0, scale.end)] {
            let at = (left + width + look.scaled(6.0), y + height * (1.0 - t));
            canvas.text(&self.tick(value), at, text);
        }
        y += height + look.scaled(20.0);
        for word in &words.below {
            canvas.text(word, (left, y), strong);
            y += line;
        }
        if !words.below.is_empty() {
            y += look.scaled(6.0);
        }
        for word in &words.unit {
            canvas.text(word, (left, y), text);
            y += line;
        }
        y += look.scaled(10.0);
        let swatch = (width, width);
        let beside = left + width + look.scaled(6.0);
        if self.faded {
            let color = scale.color(scale.end * 0.7);
            faded_cell(canvas, (left, y), width, color, look);
            canvas.text("may be chance", (beside, y + width / 2.0), text);
            y += look.scaled(20.0);
        }
        canvas.rect((left, y), swatch, theme.empty, 1.0);
        canvas.frame((left, y), swatch, theme.line, 0.8);
        canvas.text(self.empty, (beside, y + width / 2.0), text);
    }

    fn tick(&self, value: f64) -> String {
        // The middle of a scale of counts may lie between two of them.
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

/// A cell that is no finding: nearly the ground, with an outline in its colour, so that it differs
/// from one without texts.
pub(crate) fn faded_cell(canvas: &mut Canvas, at: At, cell: f64, color: Color, look: &Look) {
    let ground = look.theme.background;
    canvas.rect(at, (cell, cell), color.mix(ground, 0.74), 1.0);
    let inset = (cell * 0.08).clamp(0.4, 1.2);
    canvas.frame(
        (at.0 + inset, at.1 + inset),
        (cell - 2.0 * inset, cell - 2.0 * inset),
        // Near 0 the colours of differences are nearly the ground's.
        color.mix(look.theme.muted, 0.35).mix(ground, 0.35),
        (cell * 0.05).clamp(0.5, 1.0),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_colours_have_different_numbers() {
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
            let bar = Bar {
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
        // A share that rounds to nothing is something.
        assert_eq!(scale(9.6, false).number(0.3), "<1");
    }
}
