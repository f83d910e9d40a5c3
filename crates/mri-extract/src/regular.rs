//! Files that are read whole or mapped: a pipe or device instead of one would block, or never end.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// The most bytes of a file that is read whole: the largest tokenizers have some 40 MB.
const MAX_BYTES: u64 = 1 << 30;

/// Opens a file, and nothing else.
///
/// # Errors
/// Those of the file system; [`ErrorKind::InvalidInput`] for a folder, pipe, socket or device.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    // Asked before it is opened: opening a pipe waits for its other end.
    if !fs::metadata(path)?.is_file() {
        let problem = "not a regular file, but a folder, pipe or device";
        return Err(io::Error::new(ErrorKind::InvalidInput, problem));
    }
    File::open(path)
}

/// Reads a file of bounded size.
///
/// # Errors
/// As [`open_regular`]; [`ErrorKind::FileTooLarge`] beyond 1 GB.
pub(crate) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        let problem = "more than 1 GB, which no file of this kind has";
        return Err(io::Error::new(ErrorKind::FileTooLarge, problem));
    }
    Ok(bytes)
}
