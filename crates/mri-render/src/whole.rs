use std::fs;
use std::io::Write;
use std::path::Path;

use crate::RenderError;

/// Writes a file whole or not at all: under another name first, which is then exchanged.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RenderError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = path.with_file_name(name);
    let write = || {
        let mut file = fs::File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().map_err(|source| {
        // What is left of the file is of no use; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&partial);
        RenderError::Io {
            path: path.to_owned(),
            source,
        }
    })
}
