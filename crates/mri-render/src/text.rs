//! Measuring and fitting text in the embedded font.

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
        known.map_or_else(|| foreign_width(c), |width| f64::from(width) / em)
    };
    size * text.chars().map(advance).sum::<f64>()
}

/// The width of a letter that the embedded font lacks, in ems: what fonts that have it give it at most
/// or nearly. Which font a viewer takes is not known, and a figure must not depend on it.
fn foreign_width(c: char) -> f64 {
    match u32::from(c) {
        _ if is_mark(c) => 0.0,
        // Chinese, Japanese and Korean, and full-width forms: a square each.
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xa960..=0xa97f | 0xac00..=0xd7ff => 1.0,
        0xf900..=0xfaff | 0xfe30..=0xfe4f | 0xff00..=0xff60 | 0xffe0..=0xffe6 => 1.0,
        0x20000..=0x3ffff => 1.0,
        // Pictures.
        0x2600..=0x27bf | 0x1f000..=0x1faff => 1.3,
        // Hebrew, and Arabic, whose letters are narrow where they are joined.
        0x590..=0x5ff | 0xfb1d..=0xfb4f => 0.65,
        0x600..=0x8ff | 0xfb50..=0xfdff | 0xfe70..=0xfeff => 0.55,
        // The scripts of India and their neighbours, with wide and narrow letters.
        0x900..=0x109f | 0x1780..=0x17ff => 0.8,
        _ => 0.75,
    }
}

/// Whether a character takes no room of its own: a mark on another letter, or one that only says how
/// letters are joined. The marks are those of the scripts that the embedded font lacks.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(u32::from(c),
        0xad | 0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x5bf..=0x5c7 | 0x610..=0x61a
        | 0x64b..=0x65f | 0x670 | 0x6d6..=0x6ed | 0x900..=0x902 | 0x93c | 0x941..=0x948 | 0x94d
        | 0x981 | 0x9bc | 0x9c1..=0x9c4 | 0x9cd | 0xbcd | 0xe31 | 0xe34..=0xe3a | 0xe47..=0xe4e
        | 0xeb1 | 0xeb4..=0xebc | 0xec8..=0xece | 0x200b..=0x200f | 0x202a..=0x202e
        | 0x2060..=0x2064 | 0x2066..=0x206f | 0x3099 | 0x309a | 0xfe00..=0xfe0f | 0xfeff
        | 0xe0100..=0xe01ef)
}

/// Whether the embedded font cannot draw a letter.
pub(crate) fn is_lacking(c: char) -> bool {
    // Most letters by far are these, and every figure is asked for each of its letters.
    !c.is_ascii()
        && !c.is_control()
        && face(false).is_some_and(|face| face.glyph_index(c).is_none())
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

/// The text in lines of at most `width` pixels, broken at spaces, and within words that are wider than
/// a line; what more than `most` lines would need is cut with an ellipsis.
pub(crate) fn wrap_text(text: &str, size: f64, bold: bool, width: f64, most: usize) -> Vec<String> {
    let fits = |text: &str| text_width(text, size, bold) <= width;
    // Words with the space after them, and the pieces of long ones without.
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
        if line.is_empty() || lines.len() + 1 >= most || fits(longer.trim_end()) {
            line = longer;
        } else {
            lines.push(fit_text(line.trim(), size, bold, width));
            line = piece;
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

/// The name of a category as pictures show it.
pub(crate) fn shown_name(names: &[String], category: usize) -> String {
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
    fn what_the_font_lacks_is_known_and_given_room() {
        assert!(!"Право café Μουσική [U+65E5…] – × −".chars().any(is_lacking));
        assert!("日本語العربية".chars().all(is_lacking));
        assert_eq!(text_width("日本語", 12.0, false), 36.0);
        // A vowel sign stands above its letter.
        assert_eq!(
            text_width("ก\u{e34}", 10.0, false),
            text_width("ก", 10.0, false)
        );
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
