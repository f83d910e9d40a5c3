//! Measuring and fitting text in the embedded font.

use std::borrow::Cow;
use std::sync::OnceLock;

use ttf_parser::Face;

pub(crate) const FAMILY: &str = "Inter";
pub(crate) const REGULAR: &[u8] = include_bytes!("../fonts/Inter-Regular.subset.otf");
pub(crate) const BOLD: &[u8] = include_bytes!("../fonts/Inter-Bold.subset.otf");

fn face(bold: bool) -> Option<&'static Face<'static>> {
    static FACES: [OnceLock<Option<Face<'static>>>; 2] = [OnceLock::new(), OnceLock::new()];
    let bytes = if bold { BOLD } else { REGULAR };
    FACES[usize::from(bold)]
        .get_or_init(|| Face::parse(bytes, 0).ok())
        .as_ref()
}

/// The width of a text in pixels, without kerning, which could only make it a little narrower.
pub(crate) fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    let Some(face) = face(bold) else {
        return text.chars().count() as f64 * size * 0.6;
    };
    let em = f64::from(face.units_per_em());
    let advance = |c: char| {
        let known = face
            .glyph_index(c)
            .and_then(|id| face.glyph_hor_advance(id));
        // Other fonts, which viewers take for what is lacking, are as wide as this at most.
        known.map_or(1.0, |width| f64::from(width) / em)
    };
    size * text.chars().map(advance).sum::<f64>()
}

/// Whether the embedded font cannot draw a letter.
fn is_lacking(c: char) -> bool {
    !c.is_control() && face(false).is_some_and(|face| face.glyph_index(c).is_none())
}

/// The text with an empty square for every letter that the embedded font lacks.
pub(crate) fn with_boxes(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_lacking) {
        let shown = |c| if is_lacking(c) { '□' } else { c };
        Cow::Owned(text.chars().map(shown).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// The text, shortened with an ellipsis to fit into `width` pixels.
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

/// The text in lines of at most `width` pixels, broken at spaces; what more than `most` lines would
/// need is cut with an ellipsis, as is a word wider than a line.
pub(crate) fn wrap_text(text: &str, size: f64, bold: bool, width: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let words: Vec<&str> = text.split(' ').collect();
    let mut line = String::new();
    for (i, word) in words.iter().enumerate() {
        let longer = if line.is_empty() {
            (*word).to_owned()
        } else {
            format!("{line} {word}")
        };
        if line.is_empty() || text_width(&longer, size, bold) <= width {
            line = longer;
        } else if lines.len() + 1 < most {
            lines.push(fit_text(line.trim(), size, bold, width));
            line = (*word).to_owned();
        } else {
            line = format!("{line} {}", words[i..].join(" "));
            break;
        }
    }
    lines.push(fit_text(line.trim(), size, bold, width));
    lines
}

/// Labels are the user's: control characters, which XML does not allow, are shown as spaces.
pub(crate) fn clean(text: &str) -> String {
    let shown = |c: char| {
        if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') {
            ' '
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
}

/// The name of a category as pictures show it: after its number where the embedded font lacks some
/// of it, so that boxes for different names can be told apart.
pub(crate) fn shown_name(names: &[String], category: usize) -> String {
    let name = clean(names.get(category).map_or("?", String::as_str));
    if name.chars().any(is_lacking) {
        format!("{} · {name}", category + 1)
    } else {
        name
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

    #[test]
    fn texts_fit_where_they_are_put() {
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
    }

    #[test]
    fn names_that_the_font_lacks_are_numbered() {
        let names = ["Право", "日本語", "café"].map(str::to_owned);
        let shown: Vec<String> = (0..3).map(|i| shown_name(&names, i)).collect();
        assert_eq!(shown, ["Право", "2 · 日本語", "café"]);
        assert_eq!(with_boxes("<a>2 · 日本</a>"), "<a>2 · □□</a>");
        assert!(
            !is_lacking('□'),
            "what stands for others must be there itself"
        );
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
