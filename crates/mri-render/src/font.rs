//! The embedded font: its bytes, its coverage and its advance widths.

use std::sync::{Arc, OnceLock};

use resvg::usvg::fontdb::Database;
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

/// A font database of the embedded font alone, so that rasterization does not depend on the system.
pub(crate) fn embedded_fonts() -> Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut fonts = Database::new();
            fonts.load_font_data(REGULAR.to_vec());
            fonts.load_font_data(BOLD.to_vec());
            fonts.set_sans_serif_family(FAMILY);
            Arc::new(fonts)
        })
        .clone()
}

/// The width of a text in pixels, without kerning. Kerning in this font only makes text narrower.
pub(crate) fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    size * text.chars().map(|c| advance(c, bold)).sum::<f64>()
}

/// The advance width of a character in ems.
pub(crate) fn advance(c: char, bold: bool) -> f64 {
    let Some(face) = face(bold) else {
        return 0.6;
    };
    let em = f64::from(face.units_per_em());
    let known = face
        .glyph_index(c)
        .and_then(|id| face.glyph_hor_advance(id));
    known.map_or_else(|| assumed_advance(c), |width| f64::from(width) / em)
}

/// The advance width in ems assumed for a character that the embedded font lacks: an upper estimate
/// over common fonts. The viewer's font is unknown, and the layout must not depend on it.
fn assumed_advance(c: char) -> f64 {
    match u32::from(c) {
        _ if is_mark(c) => 0.0,
        // Chinese, Japanese and Korean, and full-width forms: one em each.
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xa960..=0xa97f | 0xac00..=0xd7ff => 1.0,
        0xf900..=0xfaff | 0xfe30..=0xfe4f | 0xff00..=0xff60 | 0xffe0..=0xffe6 => 1.0,
        0x20000..=0x3ffff => 1.0,
        // Symbols and emoji.
        0x2600..=0x27bf | 0x1f000..=0x1faff => 1.3,
        // Hebrew, and Arabic, whose joined letters are narrow.
        0x590..=0x5ff | 0xfb1d..=0xfb4f => 0.65,
        0x600..=0x8ff | 0xfb50..=0xfdff | 0xfe70..=0xfeff => 0.55,
        // Indic and neighboring scripts, whose widths vary.
        0x900..=0x109f | 0x1780..=0x17ff => 0.8,
        _ => 0.75,
    }
}

/// Whether a character has no advance of its own: a combining mark, or a format character such as a
/// joiner. Marks are those of the scripts that the embedded font lacks.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(u32::from(c),
        0xad | 0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x5bf..=0x5c7 | 0x610..=0x61a
        | 0x64b..=0x65f | 0x670 | 0x6d6..=0x6ed | 0x900..=0x902 | 0x93c | 0x941..=0x948 | 0x94d
        | 0x981 | 0x9bc | 0x9c1..=0x9c4 | 0x9cd | 0xbcd | 0xe31 | 0xe34..=0xe3a | 0xe47..=0xe4e
        | 0xeb1 | 0xeb4..=0xebc | 0xec8..=0xece | 0x200b..=0x200f | 0x202a..=0x202e
        | 0x2060..=0x2064 | 0x2066..=0x206f | 0x3099 | 0x309a | 0xfe00..=0xfe0f | 0xfeff
        | 0xe0100..=0xe01ef)
}

/// Whether the embedded font has no glyph for a character.
pub(crate) fn is_missing(c: char) -> bool {
    // Called for every character of every figure, nearly all of which are ASCII.
    !c.is_ascii()
        && !c.is_control()
        && face(false).is_some_and(|face| face.glyph_index(c).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_characters_are_recognized_and_given_a_width() {
        assert!(!"Право café Μουσική [U+65E5…] – × −".chars().any(is_missing));
        assert!("日本語العربية".chars().all(is_missing));
        assert_eq!(text_width("日本語", 12.0, false), 36.0);
        // A vowel sign stands above its letter.
        assert_eq!(
            text_width("ก\u{e34}", 10.0, false),
            text_width("ก", 10.0, false)
        );
    }
}
