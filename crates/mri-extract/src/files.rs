//! Files that are whole or not there, and reads and writes at a place.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::ExtractError;

/// [`mri_core::write_atomic`] with the path in its error.
pub(crate) fn write_atomic(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), ExtractError> {
    mri_core::write_atomic(path, write).map_err(ExtractError::io(path))
}

/// Removes a file if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), ExtractError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(ExtractError::io(path)(e)),
        _ => Ok(()),
    }
}

/// Gives a new file its length and, where the system can, the room for it.
pub(crate) fn reserve(file: &File, length: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        match fallocate(file, FallocateFlags::empty(), 0, length.max(1)) {
            Ok(()) => return file.set_len(length),
            // File systems without the call (some network and layered ones) show a full disk later.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {}
            Err(e) => return Err(e.into()),
        }
    }
    file.set_len(length)
}

/// Reads at a place without moving the file's position.
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
    }
    #[cfg(windows)]
    {
        let mut done = 0;
        while done < bytes.len() {
            let rest = &mut bytes[done..];
            match std::os::windows::fs::FileExt::seek_read(file, rest, at + done as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => done += n,
            }
        }
        Ok(())
    }
}

/// Writes at a place without moving the file's position.
pub(crate) fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
    }
    #[cfg(windows)]
    {
        let mut done = 0;
        while done < bytes.len() {
            let rest = &bytes[done..];
            match std::os::windows::fs::FileExt::seek_write(file, rest, at + done as u64)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => done += n,
            }
        }
        Ok(())
    }
}

/// The SHA-256 of files in their order, with their names, as 64 hexadecimal digits.
pub(crate) fn hash_of<P: AsRef<Path>>(
    files: impl IntoIterator<Item = P>,
) -> Result<String, ExtractError> {
    let mut hash = Sha256::new();
    for path in files {
        let path = path.as_ref();
        let mut file = File::open(path).map_err(ExtractError::io(path))?;
        let length = file.metadata().map_err(ExtractError::io(path))?.len();
        // Lengths keep the end of one file apart from the start of the next.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update(length.to_le_bytes());
        io::copy(&mut file, &mut HashWriter(&mut hash)).map_err(ExtractError::io(path))?;
    }
    Ok(hex(&hash.finalize()))
}

/// The hexadecimal digits of a hash.
pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lets a file be copied into a hash.
pub(crate) struct HashWriter<'a>(pub(crate) &'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
