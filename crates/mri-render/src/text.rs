//! Fitting text into a given width, and the spelling of names and numbers.

use crate::font::text_width;

/// The text, truncated with an ellipsis to fit into `width` pixels; empty if not even that fits.
pub(crate) fn fit_text(text: &str, size: f64, bold: bool, width: f64) -> String {
    if text_width(text, size, bold) <= width {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let shortened: String = kept.iter().collect::<String>().trim_end().to_owned() + "…";
        if text_width(&shortened, size, bold) <= width {
            return shortened;
        }
    }
    String::new()
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
    let fits = |text: &str| text_width(text, size, bold) <= width;
    // Words with the space that follows, and the pieces of words wider than a line.
    let mut pieces: Vec<String> = Vec::new();
    for word in text.split_inclusive(' ') {
        let mut piece = String::new();
        for c in word.chars() {
            piece.push(c);
            if !fits(piece.trim_end()) {
                piece.pop();
                pieces.push(std::mem::replace(&mut piece, c.to_string()));
            }
        }
        pieces.push(piece);
    }
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for piece in pieces {
        let longer = format!("{line}{piece}");
        if line.is_empty() || lines.len() + 1 >= max_lines || fits(longer.trim_end()) {
            line = longer;
        } else {
            lines.push(fit_text(line.trim(), size, bold, width));
            line = piece;
        }
    }
    lines.push(fit_text(line.trim(), size, bold, width));
    lines
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
    clean(names.get(category).map_or("?", String::as_str))
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
