use std::io::Write;
use std::path::Path;

use mri_core::write_atomic;

use crate::error::RenderError;

/// Writes bytes to a file atomically. The error names the file.
pub(crate) fn save_bytes(path: &Path, bytes: &[u8]) -> Result<(), RenderError> {
    write_atomic(path, |file| file.write_all(bytes)).map_err(|source| RenderError::Io {
        path: path.to_owned(),
        source,
    })
}
