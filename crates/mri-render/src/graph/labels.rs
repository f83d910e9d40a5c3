use crate::Look;
use crate::canvas::{Anchor, At, Canvas, TextLook};
use crate::text::text_width;

/// Puts words beside the nodes of a path where its line does not run.
pub(super) struct Labels<'a> {
    line: &'a [At],
    /// The upper left and lower right corner of where labels may be.
    bounds: [At; 2],
    size: f64,
    look: &'a Look,
    /// What is taken: the upper left and lower right corner of every label so far.
    taken: Vec<[At; 2]>,
}

impl<'a> Labels<'a> {
    /// Labels beside a line, which is given by points that are near each other.
    pub(super) fn new(line: &'a [At], bounds: [At; 2], size: f64, look: &'a Look) -> Self {
        Self {
            line,
            bounds,
            size,
            look,
            taken: Vec::new(),
        }
    }

    /// Draws two lines of words beside a node, the first bold, unless all places for them are taken.
    pub(super) fn draw(&mut self, canvas: &mut Canvas, at: At, radius: f64, words: [&str; 2]) {
        let line = self.size * 1.15;
        let wide = [true, false].into_iter().zip(words);
        let wide = wide.map(|(bold, word)| text_width(word, self.size, bold));
        let (width, height) = (wide.fold(0.0, f64::max) + 4.0, 2.0 * line);
        let away = radius + 3.0 + height / 2.0;
        let aside = radius + 3.0 + width / 2.0;
        let slope = width * 0.42;
        // Above is where labels are looked for; nearer places come before farther ones.
        let places = [
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
        // Of equally good places the first.
        let all = places.iter().map(corners);
        let best = all.min_by_key(|place| self.covered(place));
        // Words over words can be read by nobody.
        let Some(best) = best.filter(|place| self.others(place) == 0) else {
            return;
        };
        self.taken.push(best);
        let theme = self.look.theme;
        // A ground, so that words over edges can be read.
        canvas.rect(best[0], (width, height), theme.background, 0.8);
        let middle = f64::midpoint(best[0].0, best[1].0);
        for (i, (word, bold)) in words.into_iter().zip([true, false]).enumerate() {
            let mut text = TextLook::new(self.size, theme.text).anchor(Anchor::Middle);
            text.bold = bold;
            canvas.text(word, (middle, best[0].1 + line * (i as f64 + 0.5)), text);
        }
    }

    /// How much of the line and of other labels a place would cover.
    fn covered(&self, [low, high]: &[At; 2]) -> usize {
        let near = 2.0;
        let of_line = self.line.iter().filter(|point| {
            (low.0 - near..=high.0 + near).contains(&point.0)
                && (low.1 - near..=high.1 + near).contains(&point.1)
        });
        let [from, to] = self.bounds;
        let beyond = low.0 < from.0 || low.1 < from.1 || high.0 > to.0 || high.1 > to.1;
        // Beyond the bounds are other words.
        of_line.count() + 1_000 * self.others(&[*low, *high]) + 100 * usize::from(beyond)
    }

    /// How many other labels a place would cover.
    fn others(&self, [low, high]: &[At; 2]) -> usize {
        let others = self.taken.iter().filter(|[other_low, other_high]| {
            low.0 < other_high.0
                && other_low.0 < high.0
                && low.1 < other_high.1
                && other_low.1 < high.1
        });
        others.count()
    }
}
