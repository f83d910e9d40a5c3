use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ttf_parser::{cmap, name, name_id};

/// An installed font and the characters that it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Face {
    pub(super) file: PathBuf,
    pub(super) family: String,
    /// First and last code point of every covered range, ascending.
    ranges: Vec<(u32, u32)>,
}

impl Face {
    pub(super) fn has(&self, letter: char) -> bool {
        let code = u32::from(letter);
        let after = self.ranges.partition_point(|&(first, _)| first <= code);
        after > 0 && self.ranges[after - 1].1 >= code
    }

    /// How much the style differs from the embedded font, a regular sans-serif; judged by the
    /// names.
    pub(super) fn style_penalty(&self) -> usize {
        const PLAIN: [&str; 2] = ["sans", "gothic"];
        const OTHER: [&str; 8] = [
            "mono",
            "serif",
            "bold",
            "italic",
            "oblique",
            "condensed",
            "light",
            "thin",
        ];
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let name = format!("{} {stem}", self.family).to_lowercase();
        let other = OTHER.iter().filter(|word| name.contains(*word)).count();
        let plain = PLAIN.iter().any(|word| name.contains(word));
        2 * other + usize::from(!plain)
    }
}

/// The maximum folder depth, which bounds the recursion through symbolic links to a parent.
const MAX_DEPTH: usize = 6;

/// Limits above those of any real font; a file that exceeds them is malformed.
const MAX_TABLE_BYTES: u32 = 8 << 20;
const MAX_TABLES: u16 = 256;
const MAX_FACES: u32 = 64;

/// Fonts that map every character to the same placeholder glyph.
const PLACEHOLDER_FONTS: [&str; 3] = ["lastresort", "adobeblank", "notdef"];

/// The font folders of Linux, macOS and Windows.
pub(super) fn system_font_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = [
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        "/System/Library/Fonts",
        "/Library/Fonts",
    ]
    .map(PathBuf::from)
    .to_vec();
    if let Some(home) = env::var_os("HOME") {
        let home = Path::new(&home);
        folders.extend([".fonts", ".local/share/fonts", "Library/Fonts"].map(|f| home.join(f)));
    }
    if let Some(windows) = env::var_os("WINDIR") {
        folders.push(Path::new(&windows).join("Fonts"));
    }
    if let Some(local) = env::var_os("LOCALAPPDATA") {
        folders.push(Path::new(&local).join("Microsoft/Windows/Fonts"));
    }
    folders
}

/// All outline fonts in some folders and their subfolders, ordered by path. Reads only the tables
/// that hold name and coverage. Files that are not fonts, or malformed, are skipped.
pub(super) fn scan(folders: &[PathBuf]) -> Vec<Face> {
    let mut files = BTreeSet::new();
    for folder in folders {
        collect_files(folder, MAX_DEPTH, &mut files);
    }
    let faces = files.into_iter().filter_map(|file| faces(&file).ok());
    faces.flatten().collect()
}

fn collect_files(folder: &Path, depth: usize, files: &mut BTreeSet<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let end = path.extension().unwrap_or_default().to_ascii_lowercase();
        if ["ttf", "otf", "ttc", "otc"]
            .iter()
            .any(|known| end == *known)
        {
            files.insert(path);
        } else if depth > 0 && path.is_dir() {
            collect_files(&path, depth - 1, files);
        }
    }
}

/// The fonts of a file; a collection holds several.
fn faces(path: &Path) -> io::Result<Vec<Face>> {
    let mut file = File::open(path)?;
    let starts = if &bytes::<4>(&mut file, 0)? == b"ttcf" {
        let n = u32::from_be_bytes(bytes(&mut file, 8)?).min(MAX_FACES);
        (0..n)
            .map(|i| Ok(u32::from_be_bytes(bytes(&mut file, 12 + 4 * u64::from(i))?)))
            .collect::<io::Result<Vec<u32>>>()?
    } else {
        vec![0]
    };
    let mut faces = Vec::new();
    for start in starts {
        faces.extend(face(path, &mut file, u64::from(start))?);
    }
    Ok(faces)
}

fn face(path: &Path, file: &mut File, start: u64) -> io::Result<Option<Face>> {
    let n = u16::from_be_bytes(bytes(file, start + 4)?).min(MAX_TABLES);
    let (mut names, mut map, mut outlined) = (None, None, false);
    for i in 0..u64::from(n) {
        let record: [u8; 16] = bytes(file, start + 12 + 16 * i)?;
        let number = |at: usize| {
            let four = [record[at], record[at + 1], record[at + 2], record[at + 3]];
            u32::from_be_bytes(four)
        };
        let range = (number(8), number(12));
        match &record[..4] {
            b"name" => names = Some(range),
            b"cmap" => map = Some(range),
            // Fonts of bitmap glyphs only, such as emoji, are not supported.
            b"glyf" | b"CFF " | b"CFF2" => outlined = true,
            _ => {}
        }
    }
    let (Some(names), Some(map), true) = (names, map, outlined) else {
        return Ok(None);
    };
    let (names, map) = (table(file, names)?, table(file, map)?);
    let family = family(&names).filter(|family| {
        let plain: String = family.to_lowercase().split_whitespace().collect();
        !PLACEHOLDER_FONTS.iter().any(|name| plain.contains(name))
    });
    Ok(family.map(|family| Face {
        file: path.to_owned(),
        family,
        ranges: covered_ranges(&map),
    }))
}

fn bytes<const N: usize>(file: &mut File, at: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn table(file: &mut File, (at, length): (u32, u32)) -> io::Result<Vec<u8>> {
    if length > MAX_TABLE_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length as usize];
    file.seek(SeekFrom::Start(u64::from(at)))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The family name.
fn family(table: &[u8]) -> Option<String> {
    let names = name::Table::parse(table)?.names;
    let named = |id: u16| {
        let of_id = names.into_iter().filter(|name| name.name_id == id);
        of_id.filter_map(|name| name.to_string()).next()
    };
    named(name_id::TYPOGRAPHIC_FAMILY).or_else(|| named(name_id::FAMILY))
}

fn covered_ranges(table: &[u8]) -> Vec<(u32, u32)> {
    let mut codes = BTreeSet::new();
    for subtable in cmap::Table::parse(table)
        .into_iter()
        .flat_map(|table| table.subtables)
        .filter(cmap::Subtable::is_unicode)
    {
        subtable.codepoints(|code| {
            if subtable.glyph_index(code).is_some_and(|glyph| glyph.0 > 0) {
                codes.insert(code);
            }
        });
    }
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for code in codes {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == code => *last = code,
            _ => ranges.push((code, code)),
        }
    }
    ranges
}
