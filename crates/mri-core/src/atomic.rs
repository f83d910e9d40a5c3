use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufWriter, IntoInnerError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What the name of every temporary file ends with.
const SUFFIX: &str = ".partial";

/// Bytes per write to the file: matrices of a hundred megabytes are written value by value.
const BUFFER: usize = 1 << 16;

/// Writes a file so that it is there whole or not at all, even after a loss of power.
///
/// `write` fills a temporary file beside `path` (see [`temporary_target`] for its name), which is
/// synced and then renamed to `path`, replacing any file there; then the folder is synced. The
/// temporary name is private to the call: several processes and threads may write the same path,
/// and the last rename counts.
///
/// # Errors
/// What `write`, or creating, syncing or renaming the file gave. The temporary file is removed
/// then, and `path` is as it was, unless only the folder could not be synced.
///
/// ```
/// # use std::io::Write;
/// # let folder = std::env::temp_dir().join(format!("mri-core-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("counts.csv");
/// mri_core::write_atomic(&path, |file| writeln!(file, "category,rows"))?;
/// assert_eq!(std::fs::read_to_string(&path)?, "category,rows\n");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_atomic(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let Some(temporary) = temporary_path(path) else {
        let message = format!("{} has no file name", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    };
    let written = File::create_new(&temporary)
        .and_then(|file| {
            let mut out = BufWriter::with_capacity(BUFFER, file);
            write(&mut out)?;
            out.into_inner()
                .map_err(IntoInnerError::into_error)?
                .sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // That the rest cannot be removed either would hide why; its name says that it is a rest.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    path.parent().map_or(Ok(()), sync_folder)
}

/// A path beside `path` for a file or folder that is to become it, or `None` if `path` has no name.
///
/// It is private to the call, as in [`write_atomic`], and [`temporary_target`] recognizes it.
///
/// ```
/// # use mri_core::{temporary_path, temporary_target};
/// let beside = temporary_path("out/graph".as_ref()).unwrap();
/// assert_eq!(beside.parent(), Some("out".as_ref()));
/// let name = beside.file_name().unwrap().to_string_lossy();
/// assert_eq!(temporary_target(&name), Some("graph"));
/// ```
#[must_use]
pub fn temporary_path(path: &Path) -> Option<PathBuf> {
    Some(path.with_file_name(temporary_name(path.file_name()?)))
}

/// The name of the file that a temporary file of [`write_atomic`] was to become, or `None` for any
/// other name. What a killed process left behind is recognised by it.
///
/// ```
/// # use mri_core::temporary_target;
/// assert_eq!(temporary_target("manifest.json.4711-0.partial"), Some("manifest.json"));
/// assert_eq!(temporary_target("manifest.json"), None);
/// ```
#[must_use]
pub fn temporary_target(file_name: &str) -> Option<&str> {
    let (target, call) = file_name.strip_suffix(SUFFIX)?.rsplit_once('.')?;
    let (process, number) = call.split_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (!target.is_empty() && is_number(process) && is_number(number)).then_some(target)
}

/// `NAME.PROCESS-NUMBER.partial`, where the number counts the calls of this process.
fn temporary_name(name: &OsStr) -> OsString {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let number = CALLS.fetch_add(1, Ordering::Relaxed);
    let mut temporary = name.to_owned();
    temporary.push(format!(".{}-{number}{SUFFIX}", std::process::id()));
    temporary
}

/// Syncs a folder, so that files created, renamed and removed in it survive a loss of power. Does
/// nothing where the system cannot open folders (Windows).
///
/// # Errors
/// What opening or syncing the folder gave.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // The parent of a bare file name is the empty path, which cannot be opened.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let broken = write_atomic(&path, |file| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(broken.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(names(folder.path()).is_empty());
        write_atomic(&path, |file| file.write_all(b"old")).unwrap();
        let broken = write_atomic(&path, |_| Err(io::ErrorKind::StorageFull.into()));
        assert!(broken.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        write_atomic(&path, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn until_it_is_whole_the_file_has_a_name_that_is_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resid.03.npy");
        write_atomic(&path, |_| {
            let during = names(folder.path());
            assert_eq!(during.len(), 1);
            assert_eq!(temporary_target(&during[0]), Some("resid.03.npy"));
            // A second writer of the same path is not in the way.
            write_atomic(&path, |_| Ok(()))
        })
        .unwrap();
        for other in [
            "resid.03.npy",
            "a.partial",
            ".1-1.partial",
            "a.1-.partial",
            "a.x-1.partial",
        ] {
            assert_eq!(temporary_target(other), None, "{other}");
        }
    }

    #[test]
    fn a_path_without_a_name_is_an_error() {
        assert!(write_atomic(Path::new("/"), |_| Ok(())).is_err());
    }
}
