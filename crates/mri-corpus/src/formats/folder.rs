//! A folder with one folder of `.txt` files per label.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::Path;

use super::input::{Source, open_text};
use crate::error::{CorpusError, RowProblem};
use crate::options::CorpusOptions;
use crate::row_filter::RowFilter;

/// Whether a folder in this one has a text.
pub(crate) fn is_texts(path: &Path) -> Result<bool, CorpusError> {
    for name in sorted(path)? {
        let folder = path.join(&name);
        if folder.is_dir() && sorted(&folder)?.iter().any(|name| is_text(Path::new(name))) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_text(file: &Path) -> bool {
    file.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("txt"))
}

pub(crate) fn read(
    path: &Path,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    for name in sorted(path)? {
        let folder = path.join(&name);
        if !folder.is_dir() {
            continue;
        }
        let label = name
            .to_str()
            .ok_or_else(|| CorpusError::row(&folder, "its name", RowProblem::NotUtf8))?;
        for name in sorted(&folder)? {
            let file = folder.join(name);
            if is_text(&file) {
                let text = text(&file, options)?;
                rows.push(&file, || "the whole file".to_owned(), &text, label)?;
            }
        }
    }
    Ok(())
}

/// The text of a file, without the line break that ends its last line.
fn text(file: &Path, options: &CorpusOptions) -> Result<String, CorpusError> {
    let mut bytes = Vec::new();
    open_text(Source::file(file), options)?
        .read_to_end(&mut bytes)
        .map_err(CorpusError::io(file))?;
    let mut text = String::from_utf8(bytes)
        .map_err(|e| CorpusError::not_utf8(file, 1, e.as_bytes(), &e.utf8_error()))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// The names of a folder's visible entries, sorted, since file systems list them in any order.
pub(crate) fn sorted(folder: &Path) -> Result<Vec<OsString>, CorpusError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(CorpusError::io(folder))? {
        let name = entry.map_err(CorpusError::io(folder))?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
