//! A folder with one folder of `.txt` files per label.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::error::{CorpusError, FormatProblem, RowProblem};
use crate::row_filter::RowFilter;

pub(crate) fn read(path: &Path, rows: &mut RowFilter<'_>) -> Result<(), CorpusError> {
    let mut found = false;
    for name in sorted(path)? {
        let folder = path.join(&name);
        if !folder.is_dir() {
            continue;
        }
        found = true;
        let label = name
            .to_str()
            .ok_or_else(|| CorpusError::row(&folder, "its name".to_owned(), RowProblem::NotUtf8))?;
        for name in sorted(&folder)? {
            let file = folder.join(name);
            if !file
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("txt"))
            {
                continue;
            }
            let bytes = fs::read(&file).map_err(CorpusError::io(&file))?;
            let text = String::from_utf8(bytes).map_err(|e| {
                CorpusError::row(
                    &file,
                    format!("byte {}", e.utf8_error().valid_up_to()),
                    RowProblem::NotUtf8,
                )
            })?;
            rows.push(&file, || "the whole file".to_owned(), &text, label)?;
        }
    }
    if found {
        Ok(())
    } else {
        Err(CorpusError::Format {
            path: path.to_owned(),
            problem: FormatProblem::Unknown,
        })
    }
}

/// The names of a folder's visible entries, sorted, since file systems list them in any order.
fn sorted(folder: &Path) -> Result<Vec<OsString>, CorpusError> {
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
