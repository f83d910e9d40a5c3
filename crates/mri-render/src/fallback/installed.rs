use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ttf_parser::{cmap, name, name_id};

/// A font of this system and the letters that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Face {
    pub(super) file: PathBuf,
    pub(super) family: String,
    /// First and last letter of every stretch, ascending.
    letters: Vec<(u32, u32)>,
}

impl Face {
    pub(super) fn has(&self, letter: char) -> bool {
        let code = u32::from(letter);
        let after = self.letters.partition_point(|&(first, _)| first <= code);
        after > 0 && self.letters[after - 1].1 >= code
    }

    /// How little the font is made for plain text in a figure, whose own font is a plain sans.
    pub(super) fn oddity(&self) -> usize {
        const PLAIN: [&str; 2] = ["sans", "gothic"];
        const ODD: [&str; 8] = [
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
        let odd = ODD.iter().filter(|word| name.contains(*word)).count();
        let plain = PLAIN.iter().any(|word| name.contains(word));
        2 * odd + usize::from(!plain)
    }
}

/// Files and folders below this depth are not looked at, so that a link to a folder above ends.
const DEEPEST: usize = 6;

/// More than any font has; what claims more is broken.
const MOST_BYTES: u32 = 8 << 20;
const MOST_TABLES: u16 = 256;
const MOST_FACES: u32 = 64;

/// Fonts that have a glyph for every letter, but always the same one.
const BLANK: [&str; 3] = ["lastresort", "adobeblank", "notdef"];

/// Where the systems keep their fonts.
pub(super) fn usual_folders() -> Vec<PathBuf> {
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

/// All fonts with outlines in some folders and those below, in the order of their files' names. Only the
/// few tables that say what a font has are read. What is no font, or a broken one, is passed over.
pub(super) fn scan(folders: &[PathBuf]) -> Vec<Face> {
    let mut files = BTreeSet::new();
    for folder in folders {
        find(folder, DEEPEST, &mut files);
    }
    let faces = files.into_iter().filter_map(|file| faces(&file).ok());
    faces.flatten().collect()
}

fn find(folder: &Path, depth: usize, files: &mut BTreeSet<PathBuf>) {
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
            find(&path, depth - 1, files);
        }
    }
}

/// The fonts of a file, of which a collection holds several.
fn faces(path: &Path) -> io::Result<Vec<Face>> {
    let mut file = File::open(path)?;
    let starts = if &bytes::<4>(&mut file, 0)? == b"ttcf" {
        let n = u32::from_be_bytes(bytes(&mut file, 8)?).min(MOST_FACES);
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
    let n = u16::from_be_bytes(bytes(file, start + 4)?).min(MOST_TABLES);
    let (mut names, mut map, mut outlined) = (None, None, false);
    for i in 0..u64::from(n) {
        let record: [u8; 16] = bytes(file, start + 12 + 16 * i)?;
        let number = |at: usize| {
            let four = [record[at], record[at + 1], record[at + 2], record[at + 3]];
            u32::from_be_bytes(four)
        };
        let place = (number(8), number(12));
        match &record[..4] {
            b"name" => names = Some(place),
            b"cmap" => map = Some(place),
            // Pictures of letters, as in fonts of emoji, are not drawn.
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
        !BLANK.iter().any(|blank| plain.contains(blank))
    });
    Ok(family.map(|family| Face {
        file: path.to_owned(),
        family,
        letters: letters(&map),
    }))
}

fn bytes<const N: usize>(file: &mut File, at: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn table(file: &mut File, (at, length): (u32, u32)) -> io::Result<Vec<u8>> {
    if length > MOST_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length as usize];
    file.seek(SeekFrom::Start(u64::from(at)))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The name that a font is asked for by.
fn family(table: &[u8]) -> Option<String> {
    let names = name::Table::parse(table)?.names;
    let named = |id: u16| {
        let of_id = names.into_iter().filter(|name| name.name_id == id);
        of_id.filter_map(|name| name.to_string()).next()
    };
    named(name_id::TYPOGRAPHIC_FAMILY).or_else(|| named(name_id::FAMILY))
}

fn letters(table: &[u8]) -> Vec<(u32, u32)> {
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
    let mut stretches: Vec<(u32, u32)> = Vec::new();
    for code in codes {
        match stretches.last_mut() {
            Some((_, last)) if *last + 1 == code => *last = code,
            _ => stretches.push((code, code)),
        }
    }
    stretches
}
