//! The checksums of a scan's files, as `manifest.json` has them.

use std::fs;
use std::path::Path;

use mri_store::{FileSum, FileSums};

use crate::error::ScanError;

/// Adds the checksums of what was just written under a name of the scan's folder, a file or a
/// folder of files that `is_ours` names by their path, as it is read back; of nothing if it is not
/// there.
pub(crate) fn add(
    files: &mut FileSums,
    scan: &Path,
    name: &str,
    is_ours: fn(&str) -> bool,
) -> Result<(), ScanError> {
    let path = scan.join(name);
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        |source| ScanError::Write { path, source }
    };
    if path.is_file() && is_ours(name) {
        let sum = FileSum::of(&path).map_err(unreadable(&path))?;
        files.insert(name.to_owned(), sum);
    } else if path.is_dir() {
        for entry in fs::read_dir(&path).map_err(unreadable(&path))? {
            let file = entry.map_err(unreadable(&path))?.file_name();
            let name = format!("{name}/{}", file.to_string_lossy());
            add(files, scan, &name, is_ours)?;
        }
    }
    Ok(())
}

/// Whether a file, by its path in the folder, is `name` or lies in it.
pub(crate) fn is_in(file: &str, name: &str) -> bool {
    file.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
