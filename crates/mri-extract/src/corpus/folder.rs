//! A folder with one folder of `.txt` files per label.

use std::fs;
use std::path::{Path, PathBuf};

use super::rows::Rows;
use crate::ExtractError;

pub(super) fn read(path: &Path, rows: &mut Rows<'_>) -> Result<(), ExtractError> {
    let folders: Vec<PathBuf> = sorted(path)?.into_iter().filter(|p| p.is_dir()).collect();
    if folders.is_empty() {
        return Err(ExtractError::UnknownFormat {
            path: path.to_owned(),
        });
    }
    for folder in folders {
        let not_utf8 = |path: &Path| ExtractError::NotUtf8 {
            path: path.to_owned(),
            place: "its name".to_owned(),
        };
        let label = folder.file_name().and_then(|name| name.to_str());
        let label = label.ok_or_else(|| not_utf8(&folder))?;
        for file in sorted(&folder)? {
            if !file
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("txt"))
            {
                continue;
            }
            let bytes = fs::read(&file).map_err(ExtractError::io(&file))?;
            let text = String::from_utf8(bytes).map_err(|e| ExtractError::NotUtf8 {
                path: file.clone(),
                place: format!("byte {}", e.utf8_error().valid_up_to()),
            })?;
            rows.push(&file, || "the whole file".to_owned(), &text, label)?;
        }
    }
    Ok(())
}

/// The visible entries of a folder by name, so that the order does not depend on the file system.
fn sorted(folder: &Path) -> Result<Vec<PathBuf>, ExtractError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(ExtractError::io(folder))? {
        let entry = entry.map_err(ExtractError::io(folder))?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}
