use std::io::Write;
use std::path::Path;

use crate::RenderError;

/// [`mri_core::write_atomic`] for bytes, with the path in its error.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RenderError> {
    mri_core::write_atomic(path, |file| file.write_all(bytes)).map_err(|source| RenderError::Io {
        path: path.to_owned(),
        source,
    })
}
