//! Letters that the embedded font lacks, in pictures of pixels.
//!
//! A figure whose letters are all in the embedded font never comes here: its pixels do not depend on the
//! system. For other letters the fonts that are installed are asked, and where none has them a
//! stand-in is drawn that says which they are.

mod installed;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use installed::Face;
use resvg::usvg::fontdb::Database;

use crate::text::{FAMILY, is_lacking, is_mark, text_width};

/// Letters of a stand-in that are named; more would not fit where a label is.
const MOST_NAMED: usize = 3;

/// The fonts of this system.
pub(crate) struct Fallback {
    faces: Vec<Face>,
    /// The embedded fonts, and the files that were needed so far.
    loaded: Mutex<Loaded>,
}

struct Loaded {
    fonts: Arc<Database>,
    files: BTreeSet<PathBuf>,
}

/// Which letter is drawn in which family.
type Families<'a> = BTreeMap<char, &'a Face>;

impl Fallback {
    /// The fonts in the system's usual folders, which are looked through once.
    pub(crate) fn of_system(embedded: &Arc<Database>) -> &'static Self {
        static SYSTEM: OnceLock<Fallback> = OnceLock::new();
        SYSTEM.get_or_init(|| Self::in_folders(&installed::usual_folders(), embedded))
    }

    pub(crate) fn in_folders(folders: &[PathBuf], embedded: &Arc<Database>) -> Self {
        // A font of the embedded one's name would take its place.
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

    /// The letters of a text that neither the embedded font nor one of these has.
    pub(crate) fn undrawable(&self, text: &str) -> BTreeSet<char> {
        let lacking: BTreeSet<char> = text.chars().filter(|&c| is_lacking(c)).collect();
        let found = self.families(&lacking);
        let unknown = lacking.into_iter().filter(|c| !found.contains_key(c));
        unknown.filter(|&c| !is_mark(c)).collect()
    }

    /// The SVG with the fonts named that its letters need, and those fonts. What no font has is
    /// replaced by its code points.
    pub(crate) fn prepare<'a>(&self, svg: &'a str) -> (Cow<'a, str>, Arc<Database>) {
        let lacking: BTreeSet<char> = svg.chars().filter(|&c| is_lacking(c)).collect();
        let families = self.families(&lacking);
        let fonts = self.load(families.values().map(|face| &face.file));
        (Cow::Owned(named_runs(svg, &families)), fonts)
    }

    /// A font for every letter that has one: as few fonts as a greedy choice needs, so that a word is
    /// drawn in one.
    fn families(&self, lacking: &BTreeSet<char>) -> Families<'_> {
        let mut found = Families::new();
        let mut left: BTreeSet<char> = lacking.clone();
        let tongue = tongue(lacking);
        while !left.is_empty() {
            let covered = |face: &Face| left.iter().filter(|&&c| face.has(c)).count();
            let foreign = |face: &Face| !tongue.is_some_and(|end| face.family.ends_with(end));
            // Of equally good ones the first.
            let best = self.faces.iter().min_by_key(|face| {
                let most = usize::MAX - covered(face);
                (most, foreign(face), face.oddity())
            });
            let Some(best) = best.filter(|face| covered(face) > 0) else {
                break;
            };
            left.retain(|&c| {
                let has = best.has(c);
                if has {
                    found.insert(c, best);
                }
                !has
            });
        }
        found
    }

    /// The embedded fonts with those of some files, and the bold ones that lie beside them.
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
                // A file that cannot be read leaves its letters to the empty box of the font.
                if let Ok(bytes) = fs::read(&file) {
                    Arc::make_mut(&mut loaded.fonts).load_font_data(bytes);
                }
            }
        }
        loaded.fonts.clone()
    }
}

/// The letters of a text that pictures of pixels cannot show on this system: neither the embedded font
/// (Latin, Greek and Cyrillic letters) nor one that is installed has them.
///
/// PNG and GIF name such letters by their numbers, as in `[U+65E5…]`. SVG and the HTML report hold
/// them as they are, for the fonts of whoever looks at them.
#[must_use]
pub fn undrawable_letters(text: &str) -> Vec<char> {
    if text.chars().any(is_lacking) {
        let system = Fallback::of_system(&crate::figure::fonts());
        system.undrawable(text).into_iter().collect()
    } else {
        Vec::new()
    }
}

/// How the family for these letters ends in collections that have one per language: Chinese
/// characters are written differently in each.
fn tongue(letters: &BTreeSet<char>) -> Option<&'static str> {
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

/// The SVG with every run of lacking letters in an element that names its font, or replaced.
fn named_runs(svg: &str, families: &Families<'_>) -> String {
    let mut out = String::with_capacity(svg.len());
    let mut rest = svg;
    while let Some(start) = rest.find(is_lacking) {
        out.push_str(&rest[..start]);
        let first = rest[start..].chars().next().unwrap_or_default();
        let face = families.get(&first);
        let run = run(&rest[start..], families);
        match face {
            Some(face) => {
                let family = quick_xml::escape::escape(&face.family);
                out.push_str(&format!("<tspan font-family=\"'{family}'\">{run}</tspan>"));
            }
            // A mark that nothing has was not to be seen anyway.
            None if run.chars().all(is_mark) => {}
            None => out.push_str(&stand_in(run)),
        }
        rest = &rest[start + run.len()..];
    }
    out.push_str(rest);
    out
}

/// The longest beginning of a text that belongs together: letters of one font, with the spaces
/// between them, or letters of none.
fn run<'a>(text: &'a str, families: &Families<'_>) -> &'a str {
    let family = |c: char| families.get(&c).map(|face| &face.family);
    let first = text.chars().next().and_then(family);
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if is_lacking(c) && family(c) == first {
            end = at + c.len_utf8();
        } else if c != ' ' {
            break;
        }
    }
    &text[..end]
}

/// What is drawn for letters that no font has, about as wide as they were taken to be.
fn stand_in(run: &str) -> String {
    let letters: Vec<char> = run.chars().filter(|&c| c != ' ' && !is_mark(c)).collect();
    let named = |n: usize| {
        let codes = letters[..n]
            .iter()
            .map(|&c| format!("U+{:04X}", u32::from(c)));
        let more = if n < letters.len() { "…" } else { "" };
        format!("[{}{more}]", codes.collect::<Vec<_>>().join(" "))
    };
    let room = text_width(run, 1.0, false);
    let most = letters.len().min(MOST_NAMED);
    let fits = (1..=most).rev().map(named);
    fits.into_iter()
        .find(|words| text_width(words, 1.0, false) <= room)
        .unwrap_or_else(|| named(1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::figure::{fonts, rasterise};

    /// The folder of a font that has 日 and 本, copied below another one with files that are no fonts.
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

    fn squares() -> Fallback {
        let home = folder();
        let fallback = Fallback::in_folders(&[home.path().to_owned()], &fonts());
        // What is needed is read only when it is needed.
        fallback.prepare("日");
        fallback
    }

    #[test]
    fn fonts_are_found_below_a_folder_and_what_is_none_is_passed_over() {
        let home = folder();
        let faces = installed::scan(&[home.path().to_owned(), home.path().join("not-there")]);
        assert_eq!(faces.len(), 1);
        assert_eq!(faces[0].family, "Squares & Co");
        let has = ['日', '本', ' ', '語', 'a'].map(|c| faces[0].has(c));
        assert_eq!(has, [true, true, true, false, false]);
    }

    #[test]
    fn runs_name_their_font_and_unknown_letters_their_numbers() {
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
        // A mark that no font has is not seen either way.
        assert_eq!(of("a\u{200d}b"), "ab");
        assert_eq!(of("Право café"), "Право café");
        let unknown: String = squares
            .undrawable("日本語 café العربية 語\u{64b}")
            .into_iter()
            .collect();
        assert_eq!(unknown, "ابةرعلي語");
    }

    #[test]
    fn letters_of_an_installed_font_are_drawn_in_it() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"40\">\
                   <text x=\"10\" y=\"30\" font-family=\"Inter\" font-size=\"20\">日本</text></svg>";
        let (svg, fonts) = squares().prepare(svg);
        let pixels = rasterise(&svg, fonts, (100, 40), 1.0).unwrap();
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
    fn letters_of_this_system_are_drawn_where_it_has_them() {
        let names = ["日本語のラベル", "العربية", "ไทย"];
        for name in names {
            let system = Fallback::of_system(&fonts());
            let (drawn, _) = system.prepare(name);
            let unknown = undrawable_letters(name);
            assert_eq!(drawn.contains("[U+"), !unknown.is_empty(), "{drawn}");
            if !unknown.is_empty() {
                eprintln!("skipped: no font of this system has {unknown:?}");
            }
        }
    }
}
