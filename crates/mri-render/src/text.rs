//! Fitting text into a given width, and the spelling of names and numbers.

use crate::font::advance;

/// Letters of a category's name that figures show or say; what is longer is no name, and no figure
/// has room for it.
const MAX_NAME: usize = 200;

/// A line that grows by letters, with its width known after each of them: measuring it anew would
/// take time that grows with the square of its length.
struct Line {
    text: String,
    size: f64,
    bold: bool,
    /// The advances of all letters in ems, of those before the white space at the end, and of the
    /// white space at the beginning.
    sum: f64,
    trimmed: f64,
    leading: f64,
    /// The length in bytes without the white space at the end.
    end: usize,
}

impl Line {
    fn new(size: f64, bold: bool) -> Self {
        Self {
            text: String::new(),
            size,
            bold,
            sum: 0.0,
            trimmed: 0.0,
            leading: 0.0,
            end: 0,
        }
    }

    fn push(&mut self, c: char) {
        self.text.push(c);
        self.sum += advance(c, self.bold);
        if !c.is_whitespace() {
            self.trimmed = self.sum;
            self.end = self.text.len();
        } else if self.end == 0 {
            self.leading = self.sum;
        }
    }

    /// The width without the white space at the end, of the line or with `piece` after it.
    fn width_with(&self, piece: &str) -> f64 {
        let (mut sum, mut trimmed) = (self.sum, self.trimmed);
        for c in piece.chars() {
            sum += advance(c, self.bold);
            if !c.is_whitespace() {
                trimmed = sum;
            }
        }
        self.size * trimmed
    }

    /// Whether what is between the white space at both ends is wider than twice `width`, whatever
    /// rounding does.
    fn overflows(&self, width: f64) -> bool {
        self.size * (self.trimmed - self.leading) > 2.0 * width + self.size
    }
}

/// The text, truncated with an ellipsis to fit into `width` pixels; empty if not even that fits.
/// Takes time by the width, whatever the length of the text.
pub(crate) fn fit_text(text: &str, size: f64, bold: bool, width: f64) -> String {
    let ellipsis = advance('…', bold);
    let mut fits = (size * ellipsis <= width).then_some(0);
    let mut line = Line::new(size, bold);
    for c in text.chars() {
        line.push(c);
        if size * line.sum > width {
            let shortened = fits.map(|end| line.text[..end].to_owned() + "…");
            return shortened.unwrap_or_default();
        }
        if size * (line.trimmed + ellipsis) <= width {
            fits = fits.map(|_| line.end);
        }
    }
    text.to_owned()
}

/// The text in at most `max_lines` lines of at most `width` pixels, broken at spaces, and inside
/// words wider than a line. The last line is truncated with an ellipsis.
pub(crate) fn wrap_text(
    text: &str,
    size: f64,
    bold: bool,
    width: f64,
    max_lines: usize,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = Line::new(size, bold);
    // Words with the space that follows, and the pieces of words wider than a line.
    for piece in text.split_inclusive(' ').flat_map(|word| Pieces {
        rest: word,
        size,
        bold,
        width,
    }) {
        let last = lines.len() + 1 >= max_lines;
        if last && line.overflows(width) {
            break;
        }
        if !line.text.is_empty() && !last && line.width_with(piece) > width {
            lines.push(fit_text(line.text.trim(), size, bold, width));
            line = Line::new(size, bold);
        }
        piece.chars().for_each(|c| line.push(c));
    }
    lines.push(fit_text(line.text.trim(), size, bold, width));
    lines
}

/// The pieces of a word that are no wider than a line; a single letter may be.
struct Pieces<'a> {
    rest: &'a str,
    size: f64,
    bold: bool,
    width: f64,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let mut line = Line::new(self.size, self.bold);
        let mut end = self.rest.len();
        for (at, c) in self.rest.char_indices() {
            line.push(c);
            if at > 0 && line.size * line.trimmed > self.width {
                end = at;
                break;
            }
        }
        let (piece, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(piece)
    }
}

/// The text with control characters, which XML does not allow, replaced by spaces.
pub(crate) fn clean(text: &str) -> String {
    let replace = |c: char| {
        if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') {
            ' '
        } else {
            c
        }
    };
    text.chars().map(replace).collect()
}

/// The name of a category as figures show it; `?` if there is no such category.
pub(crate) fn display_name(names: &[String], category: usize) -> String {
    let name = names.get(category).map_or("?", String::as_str);
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => clean(&name[..end]) + "…",
        None => clean(name),
    }
}

/// A number with commas between thousands.
pub(crate) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::font::text_width;
    use proptest::prelude::*;

    /// The longest beginning that fits with an ellipsis, found by trying all.
    fn fitted_by_trying(text: &str, width: f64) -> String {
        if text_width(text, 12.0, true) <= width {
            return text.to_owned();
        }
        let ends = text.char_indices().map(|(at, _)| at).rev();
        let shortened = ends.map(|end| text[..end].trim_end().to_owned() + "…");
        let mut fitting = shortened.filter(|text| text_width(text, 12.0, true) <= width);
        fitting.next().unwrap_or_default()
    }

    proptest! {
        #[test]
        fn the_longest_beginning_that_fits_is_kept(
            text in "[a-cW \u{65e5}\u{301}\t]{0,30}", width in 0.0_f64..150.0,
        ) {
            prop_assert_eq!(fit_text(&text, 12.0, true, width), fitted_by_trying(&text, width));
        }

        #[test]
        fn what_is_beyond_the_last_line_changes_nothing(
            text in "[a-cW \u{65e5}]{1,40}", more in "[a-z ]{0,400}", lines in 1_usize..4,
        ) {
            // As much text as certainly does not fit, and then more of it.
            let long = format!("{text}{}", "filling words ".repeat(40));
            prop_assert_eq!(
                wrap_text(&long, 12.0, false, 60.0, lines),
                wrap_text(&format!("{long}{more}"), 12.0, false, 60.0, lines)
            );
        }
    }

    #[test]
    fn a_text_without_end_takes_no_longer_than_its_beginning() {
        // Twenty million letters: quadratic work would never end.
        let long = "word ".repeat(4_000_000);
        let short = &long[..2_000];
        assert_eq!(
            fit_text(&long, 12.0, true, 200.0),
            fit_text(short, 12.0, true, 200.0)
        );
        assert_eq!(
            wrap_text(&long, 12.0, true, 200.0, 3),
            wrap_text(short, 12.0, true, 200.0, 3)
        );
        let name = display_name(&["n".repeat(10_000)], 0);
        assert_eq!(name.chars().count(), MAX_NAME + 1);
    }

    #[test]
    fn fitted_and_wrapped_texts_keep_to_the_width() {
        let text = "a line of words that is much too long for its place";
        for width in [0.0, 10.0, 60.0, 200.0, 1_000.0] {
            assert!(text_width(&fit_text(text, 12.0, false, width), 12.0, false) <= width);
            let lines = wrap_text(text, 12.0, false, width, 2);
            assert!(lines.len() <= 2);
            for line in &lines {
                assert!(text_width(line, 12.0, false) <= width);
            }
        }
        let whole = wrap_text(text, 12.0, false, 200.0, 9);
        assert_eq!(whole.join(" "), text);
        // Neither Japanese nor long German words have spaces to break them at.
        for word in [
            "日本語の分類の名前",
            "Rechtsschutzversicherungsgesellschaft",
        ] {
            let lines = wrap_text(word, 12.0, true, 60.0, 9);
            assert!(lines.len() > 1 && lines.concat() == word, "{lines:?}");
        }
    }

    #[test]
    fn thousands_are_separated_by_commas() {
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(123), "123");
    }
}
