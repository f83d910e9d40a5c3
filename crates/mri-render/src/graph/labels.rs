use crate::canvas::{Anchor, Canvas, Point, TextStyle};
use crate::figure_style::FigureStyle;
use crate::font::text_width;

/// Places labels beside the nodes of a path where they do not cover its line.
pub(super) struct LabelPlacer<'a> {
    line: &'a [Point],
    /// Upper left and lower right corner of the area for labels.
    bounds: [Point; 2],
    size: f64,
    style: &'a FigureStyle,
    /// Upper left and lower right corner of every label placed.
    placed: Vec<[Point; 2]>,
}

impl<'a> LabelPlacer<'a> {
    /// Labels beside a line, given by densely spaced points.
    pub(super) fn new(
        line: &'a [Point],
        bounds: [Point; 2],
        size: f64,
        style: &'a FigureStyle,
    ) -> Self {
        Self {
            line,
            bounds,
            size,
            style,
            placed: Vec::new(),
        }
    }

    /// Draws two lines of text beside a node, the first bold, unless they would cover another label
    /// everywhere.
    pub(super) fn draw(&mut self, canvas: &mut Canvas, at: Point, radius: f64, words: [&str; 2]) {
        let line = self.size * 1.15;
        let wide = [true, false].into_iter().zip(words);
        let wide = wide.map(|(bold, word)| text_width(word, self.size, bold));
        let (width, height) = (wide.fold(0.0, f64::max) + 4.0, 2.0 * line);
        let away = radius + 3.0 + height / 2.0;
        let aside = radius + 3.0 + width / 2.0;
        let slope = width * 0.42;
        // In order of preference.
        let offsets = [
            (0.0, -away),
            (0.0, away),
            (-slope, -away),
            (slope, -away),
            (slope, away),
            (-slope, away),
            (aside, 0.0),
            (-aside, 0.0),
            (0.0, -away - line),
            (0.0, away + line),
        ];
        let corners = |&(x, y): &(f64, f64)| {
            let middle = (at.0 + x, at.1 + y);
            [
                (middle.0 - width / 2.0, middle.1 - height / 2.0),
                (middle.0 + width / 2.0, middle.1 + height / 2.0),
            ]
        };
        let boxes = offsets.iter().map(corners);
        // The first of equally good ones.
        let best = boxes.min_by_key(|label| self.cost(label));
        let Some(best) = best.filter(|label| self.overlaps(label) == 0) else {
            return;
        };
        self.placed.push(best);
        let theme = self.style.theme;
        // A background makes labels over edges readable.
        canvas.rect(best[0], (width, height), theme.background, 0.8);
        let middle = f64::midpoint(best[0].0, best[1].0);
        for (i, (word, bold)) in words.into_iter().zip([true, false]).enumerate() {
            let mut text = TextStyle::new(self.size, theme.text).anchor(Anchor::Middle);
            text.bold = bold;
            canvas.text(word, (middle, best[0].1 + line * (i as f64 + 0.5)), text);
        }
    }

    /// How much of the line and of other labels a label would cover; leaving the bounds, where
    /// other text is, costs as much as 100 points of the line.
    fn cost(&self, [low, high]: &[Point; 2]) -> usize {
        let near = 2.0;
        let of_line = self.line.iter().filter(|point| {
            (low.0 - near..=high.0 + near).contains(&point.0)
                && (low.1 - near..=high.1 + near).contains(&point.1)
        });
        let [from, to] = self.bounds;
        let beyond = low.0 < from.0 || low.1 < from.1 || high.0 > to.0 || high.1 > to.1;
        of_line.count() + 1_000 * self.overlaps(&[*low, *high]) + 100 * usize::from(beyond)
    }

    /// The number of placed labels that a label would overlap.
    fn overlaps(&self, [low, high]: &[Point; 2]) -> usize {
        let overlapping = self.placed.iter().filter(|[other_low, other_high]| {
            low.0 < other_high.0
                && other_low.0 < high.0
                && low.1 < other_high.1
                && other_low.1 < high.1
        });
        overlapping.count()
    }
}
