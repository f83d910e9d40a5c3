use std::cmp::Reverse;

use crate::canvas::{Canvas, Point, TextStyle};
use crate::color::Color;
use crate::figure_style::FigureStyle;
use crate::font::text_width;
use crate::header::MARGIN;
use crate::marker::Marker;
use crate::text::{fit_text, thousands};

/// Entries of a legend at most. Nobody tells more colors apart, and thousands would be taller than
/// the figure.
const MAX_ENTRIES: usize = 60;

/// The categories with their colors, markers and sizes, in as many lines as they need; of very many
/// the largest.
pub(crate) struct Legend {
    entries: Vec<PlacedItem>,
    /// The height of all lines together.
    pub(crate) height: f64,
}

/// A category or series in a legend.
pub(crate) struct LegendItem<'a> {
    pub(crate) name: &'a str,
    /// The number of texts, if the legend is to state it.
    pub(crate) n: Option<usize>,
    pub(crate) color: Color,
    pub(crate) marker: Marker,
}

struct PlacedItem {
    text: String,
    /// `None` for a note.
    marker: Option<Marker>,
    color: Color,
    at: Point,
}

impl Legend {
    pub(crate) fn new(items: &[LegendItem<'_>], width: f64, style: &FigureStyle) -> Self {
        let size = style.scaled(12.0);
        let (line, indent, gap) = (style.scaled(20.0), style.scaled(16.0), style.scaled(18.0));
        let mut at = (MARGIN, line / 2.0);
        let mut entries = Vec::new();
        for item in largest(items) {
            let number = item
                .n
                .map_or_else(String::new, |n| format!(" (n = {})", thousands(n)));
            let room = (width - 2.0 * MARGIN - indent) * 0.8 - text_width(&number, size, false);
            let text = fit_text(item.name, size, false, room) + &number;
            let needed = indent + text_width(&text, size, false);
            if at.0 > MARGIN && at.0 + needed > width - MARGIN {
                at = (MARGIN, at.1 + line);
            }
            entries.push(PlacedItem {
                text,
                marker: Some(item.marker),
                color: item.color,
                at,
            });
            at.0 += needed + gap;
        }
        if items.len() > MAX_ENTRIES {
            at = (MARGIN, at.1 + line);
            entries.push(PlacedItem {
                text: format!("and {} smaller ones", thousands(items.len() - MAX_ENTRIES)),
                marker: None,
                color: style.theme.text,
                at,
            });
        }
        let height = if entries.is_empty() {
            0.0
        } else {
            at.1 + line / 2.0
        };
        Self { entries, height }
    }

    /// Draws the legend with its upper edge at `top`.
    pub(crate) fn draw(&self, canvas: &mut Canvas, top: f64, style: &FigureStyle) {
        let text = TextStyle::new(style.scaled(12.0), style.theme.text);
        for entry in &self.entries {
            let (x, y) = (entry.at.0, entry.at.1 + top);
            let radius = style.scaled(5.0);
            let center = (x + style.scaled(6.0), y);
            if let Some(marker) = entry.marker {
                marker.draw(canvas, center, radius, entry.color, 1.0);
            }
            canvas.text(&entry.text, (x + style.scaled(16.0), y), text);
        }
    }
}

/// The items that are shown, in their order.
fn largest<'a>(items: &'a [LegendItem<'a>]) -> Vec<&'a LegendItem<'a>> {
    let mut places: Vec<usize> = (0..items.len()).collect();
    if items.len() > MAX_ENTRIES {
        places.sort_by_key(|&place| Reverse(items[place].n));
        places.truncate(MAX_ENTRIES);
        places.sort_unstable();
    }
    places.into_iter().map(|place| &items[place]).collect()
}
