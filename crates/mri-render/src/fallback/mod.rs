//! Font fallback of raster images, for characters that the embedded font lacks.
//!
//! A figure within the coverage of the embedded font never gets here, so its pixels do not depend
//! on the system. Other characters are drawn in installed fonts; a character that no installed font
//! has is replaced by its code point.

mod installed;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use installed::Face;
use resvg::usvg::fontdb::Database;

use crate::font::{FAMILY, embedded_fonts, is_mark, is_missing, text_width};

/// The maximum number of code points in a placeholder; more would not fit into the place of a
/// label.
const MAX_CODE_POINTS: usize = 3;

/// The fonts installed on this system.
pub(crate) struct FallbackFonts {
    faces: Vec<Face>,
    /// The embedded fonts and those loaded so far.
    loaded: Mutex<Loaded>,
}

struct Loaded {
    fonts: Arc<Database>,
    files: BTreeSet<PathBuf>,
}

/// The font of every missing character that has one.
type Families<'a> = BTreeMap<char, &'a Face>;

impl FallbackFonts {
    /// The fonts in the font folders of the system, which are scanned once per process.
    pub(crate) fn of_system(embedded: &Arc<Database>) -> &'static Self {
        static SYSTEM: OnceLock<FallbackFonts> = OnceLock::new();
        SYSTEM.get_or_init(|| Self::in_folders(&installed::system_font_folders(), embedded))
    }

    pub(crate) fn in_folders(folders: &[PathBuf], embedded: &Arc<Database>) -> Self {
        // An installed font of the same name would replace the embedded one.
        let mut faces = installed::scan(folders);
        faces.retain(|face| face.family != FAMILY);
        let loaded = Loaded {
            fonts: embedded.clone(),
            files: BTreeSet::new(),
        };
        Self {
            faces,
            loaded: Mutex::new(loaded),
        }
    }

    /// The characters of a text that neither the embedded font nor an installed one has.
    pub(crate) fn undrawable(&self, text: &str) -> BTreeSet<char> {
        let missing: BTreeSet<char> = text.chars().filter(|&c| is_missing(c)).collect();
        let found = self.families(&missing);
        let unknown = missing.into_iter().filter(|c| !found.contains_key(c));
        unknown.filter(|&c| !is_mark(c)).collect()
    }

    /// The SVG with the font of every missing character named, and a database with these fonts.
    /// Characters without a font are replaced by their code points.
    pub(crate) fn prepare<'a>(&self, svg: &'a str) -> (Cow<'a, str>, Arc<Database>) {
        let missing: BTreeSet<char> = svg.chars().filter(|&c| is_missing(c)).collect();
        let families = self.families(&missing);
        let fonts = self.load(families.values().map(|face| &face.file));
        (Cow::Owned(annotate_runs(svg, &families)), fonts)
    }

    /// A font for every character that has one, by greedy set cover: few fonts, so that a word is
    /// drawn in a single one.
    fn families(&self, missing: &BTreeSet<char>) -> Families<'_> {
        let mut found = Families::new();
        let mut uncovered: BTreeSet<char> = missing.clone();
        let suffix = cjk_suffix(missing);
        while !uncovered.is_empty() {
            let covered = |face: &Face| uncovered.iter().filter(|&&c| face.has(c)).count();
            let other_language =
                |face: &Face| !suffix.is_some_and(|end| face.family.ends_with(end));
            let best = self.faces.iter().min_by_key(|face| {
                let uncovered = usize::MAX - covered(face);
                (uncovered, other_language(face), face.style_penalty())
            });
            let Some(best) = best.filter(|face| covered(face) > 0) else {
                break;
            };
            uncovered.retain(|&c| {
                let has = best.has(c);
                if has {
                    found.insert(c, best);
                }
                !has
            });
        }
        found
    }

    /// The embedded fonts and those of some files, each with its bold version if there is one.
    fn load<'a>(&self, files: impl Iterator<Item = &'a PathBuf>) -> Arc<Database> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        for file in files {
            if !loaded.files.insert(file.clone()) {
                continue;
            }
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let end = file.extension().unwrap_or_default().to_string_lossy();
            let bold = match stem.strip_suffix("-Regular") {
                Some(stem) => format!("{stem}-Bold.{end}"),
                None => format!("{stem}-Bold.{end}"),
            };
            for file in [file.clone(), file.with_file_name(bold)] {
                // Without the file, its characters are drawn as the missing-glyph box.
                if let Ok(bytes) = fs::read(&file) {
                    Arc::make_mut(&mut loaded.fonts).load_font_data(bytes);
                }
            }
        }
        loaded.fonts.clone()
    }
}

/// The characters of a text that raster images cannot show on this system: neither the embedded
/// font (Latin, Greek and Cyrillic) nor an installed one has them. In ascending order.
///
/// PNG and GIF show the code points of such characters, such as `[U+65E5…]`. SVG and the HTML
/// report keep the characters, and the viewer draws them in a font of its own.
#[must_use]
pub fn undrawable_letters(text: &str) -> Vec<char> {
    if text.chars().any(is_missing) {
        let system = FallbackFonts::of_system(&embedded_fonts());
        system.undrawable(text).into_iter().collect()
    } else {
        Vec::new()
    }
}

/// The suffix of the family name in font collections with one family per language, whose glyphs of
/// Han characters differ.
fn cjk_suffix(letters: &BTreeSet<char>) -> Option<&'static str> {
    let any = |low: char, high: char| letters.range(low..=high).next().is_some();
    if any('\u{3040}', '\u{30ff}') {
        Some(" JP")
    } else if any('\u{ac00}', '\u{d7af}') {
        Some(" KR")
    } else if any('\u{4e00}', '\u{9fff}') {
        Some(" SC")
    } else {
        None
    }
}

/// The SVG with every run of missing characters in an element that names its font, or replaced by
/// code points.
fn annotate_runs(svg: &str, families: &Families<'_>) -> String {
    let mut out = String::with_capacity(svg.len());
    let mut rest = svg;
    while let Some(start) = rest.find(is_missing) {
        out.push_str(&rest[..start]);
        let first = rest[start..].chars().next().unwrap_or_default();
        let face = families.get(&first);
        let run = run(&rest[start..], families);
        match face {
            Some(face) => {
                let family = quick_xml::escape::escape(&face.family);
                out.push_str(&format!("<tspan font-family=\"'{family}'\">{run}</tspan>"));
            }
            // Marks without a font are dropped.
            None if run.chars().all(is_mark) => {}
            None => out.push_str(&code_points(run)),
        }
        rest = &rest[start + run.len()..];
    }
    out.push_str(rest);
    out
}

/// The longest prefix of missing characters with the same font, or all without one, including the
/// spaces between them.
fn run<'a>(text: &'a str, families: &Families<'_>) -> &'a str {
    let family = |c: char| families.get(&c).map(|face| &face.family);
    let first = text.chars().next().and_then(family);
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if is_missing(c) && family(c) == first {
            end = at + c.len_utf8();
        } else if c != ' ' {
            break;
        }
    }
    &text[..end]
}

/// The placeholder of characters without a font: as many code points as fit into their assumed
/// width.
fn code_points(run: &str) -> String {
    let letters: Vec<char> = run.chars().filter(|&c| c != ' ' && !is_mark(c)).collect();
    let named = |n: usize| {
        let codes = letters[..n]
            .iter()
            .map(|&c| format!("U+{:04X}", u32::from(c)));
        let more = if n < letters.len() { "…" } else { "" };
        format!("[{}{more}]", codes.collect::<Vec<_>>().join(" "))
    };
    let room = text_width(run, 1.0, false);
    let most = letters.len().min(MAX_CODE_POINTS);
    let fits = (1..=most).rev().map(named);
    fits.into_iter()
        .find(|words| text_width(words, 1.0, false) <= room)
        .unwrap_or_else(|| named(1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::raster::rasterize;

    /// A folder with a font that has 日 and 本 in a subfolder, and with files that are not fonts.
    fn folder() -> tempfile::TempDir {
        let font = include_bytes!("../../tests/golden/fonts/squares.ttf");
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("truetype/squares");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("squares.TTF"), font).unwrap();
        fs::write(home.path().join("a-broken.ttf"), &font[..200]).unwrap();
        fs::write(
            home.path().join("b-claims-much.ttc"),
            b"ttcf\0\x01\0\0\xff\xff\xff\xff",
        )
        .unwrap();
        fs::write(home.path().join("c-empty.otf"), b"").unwrap();
        fs::write(home.path().join("readme.txt"), "no font").unwrap();
        home
    }

    fn squares() -> FallbackFonts {
        let home = folder();
        let fallback = FallbackFonts::in_folders(&[home.path().to_owned()], &embedded_fonts());
        // Files are loaded on first use.
        fallback.prepare("日");
        fallback
    }

    #[test]
    fn fonts_are_found_in_subfolders_and_other_files_are_skipped() {
        let home = folder();
        let faces = installed::scan(&[home.path().to_owned(), home.path().join("not-there")]);
        assert_eq!(faces.len(), 1);
        assert_eq!(faces[0].family, "Squares & Co");
        let has = ['日', '本', ' ', '語', 'a'].map(|c| faces[0].has(c));
        assert_eq!(has, [true, true, true, false, false]);
    }

    #[test]
    fn runs_name_their_font_and_characters_without_one_their_code_points() {
        let squares = squares();
        let of = |text: &str| squares.prepare(text).0.into_owned();
        assert_eq!(
            of("<text>a 日本 本 (n = 3)</text>"),
            "<text>a <tspan font-family=\"'Squares &amp; Co'\">日本 本</tspan> (n = 3)</text>"
        );
        assert_eq!(
            of("日語"),
            "<tspan font-family=\"'Squares &amp; Co'\">日</tspan>[U+8A9E]"
        );
        assert_eq!(
            of("語学の教室と図書館の本棚"),
            "[U+8A9E U+5B66…]<tspan font-family=\"'Squares &amp; Co'\">本</tspan>[U+68DA]"
        );
        // Marks without a font are dropped.
        assert_eq!(of("a\u{200d}b"), "ab");
        assert_eq!(of("Право café"), "Право café");
        let unknown: String = squares
            .undrawable("日本語 café العربية 語\u{64b}")
            .into_iter()
            .collect();
        assert_eq!(unknown, "ابةرعلي語");
    }

    #[test]
    fn characters_of_an_installed_font_are_drawn_in_it() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"40\">\
                   <text x=\"10\" y=\"30\" font-family=\"Inter\" font-size=\"20\">日本</text></svg>";
        let (svg, fonts) = squares().prepare(svg);
        let pixels = rasterize(&svg, fonts, (100, 40), 1.0).unwrap();
        let ink = |x: u32, y: u32| pixels.pixel(x, y).unwrap().alpha();
        // 日 is full from 0.8 em above the line to the line, 本 its lower half.
        for (x, y, full) in [
            (11, 15, true),
            (29, 29, true),
            (31, 15, false),
            (31, 23, true),
            (49, 29, true),
            (51, 25, false),
            (20, 12, false),
            (20, 32, false),
        ] {
            assert_eq!(ink(x, y), if full { 255 } else { 0 }, "{x}, {y}");
        }
    }

    #[test]
    fn code_points_are_shown_exactly_for_undrawable_letters() {
        let names = ["日本語のラベル", "العربية", "ไทย"];
        for name in names {
            let system = FallbackFonts::of_system(&embedded_fonts());
            let (drawn, _) = system.prepare(name);
            let unknown = undrawable_letters(name);
            assert_eq!(drawn.contains("[U+"), !unknown.is_empty(), "{drawn}");
            if !unknown.is_empty() {
                eprintln!("skipped: no font of this system has {unknown:?}");
            }
        }
    }
}
