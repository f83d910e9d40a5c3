use crate::canvas::{Canvas, TextLook};
use crate::header::MARGIN;
use crate::marker::Marker;
use crate::text::{fit_text, text_width, thousands};
use crate::{Color, Look};

/// The categories with their colours, shapes and numbers of texts, in as many lines as they need.
pub(crate) struct Legend {
    entries: Vec<Entry>,
    /// The height of all lines together.
    pub(crate) height: f64,
}

struct Entry {
    words: String,
    marker: Marker,
    color: Color,
    at: (f64, f64),
}

/// A category in a legend.
pub(crate) struct Named<'a> {
    pub(crate) name: &'a str,
    /// How many texts, where that is to be said.
    pub(crate) n: Option<usize>,
    pub(crate) color: Color,
    pub(crate) marker: Marker,
}

impl Legend {
    pub(crate) fn new(named: &[Named<'_>], width: f64, look: &Look) -> Self {
        let size = look.scaled(12.0);
        let (line, indent, gap) = (look.scaled(20.0), look.scaled(16.0), look.scaled(18.0));
        let mut at = (MARGIN, line / 2.0);
        let mut entries = Vec::new();
        for category in named {
            let number = category
                .n
                .map_or_else(String::new, |n| format!(" (n = {})", thousands(n)));
            let room = (width - 2.0 * MARGIN - indent) * 0.8 - text_width(&number, size, false);
            let words = fit_text(category.name, size, false, room) + &number;
            let needed = indent + text_width(&words, size, false);
            if at.0 > MARGIN && at.0 + needed > width - MARGIN {
                at = (MARGIN, at.1 + line);
            }
            entries.push(Entry {
                words,
                marker: category.marker,
                color: category.color,
                at,
            });
            at.0 += needed + gap;
        }
        let height = if entries.is_empty() {
            0.0
        } else {
            at.1 + line / 2.0
        };
        Self { entries, height }
    }

    /// Draws the legend with its upper edge at `top`.
    pub(crate) fn draw(&self, canvas: &mut Canvas, top: f64, look: &Look) {
        let text = TextLook::new(look.scaled(12.0), look.theme.text);
        for entry in &self.entries {
            let (x, y) = (entry.at.0, entry.at.1 + top);
            let radius = look.scaled(5.0);
            let middle = (x + look.scaled(6.0), y);
            entry.marker.draw(canvas, middle, radius, entry.color, 1.0);
            canvas.text(&entry.words, (x + look.scaled(16.0), y), text);
        }
    }
}
