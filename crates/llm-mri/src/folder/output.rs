//! An output folder that is there whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::error::ScanError;

/// A folder being written: it grows under a temporary name beside its own, which it takes when
/// [`finish`](OutFolder::finish) is called. Dropped before, by an error or a panic, it is removed.
#[derive(Debug)]
pub struct OutFolder {
    target: PathBuf,
    partial: PathBuf,
    replace: bool,
    finished: bool,
}

impl OutFolder {
    /// Starts a folder. With `replace` an existing one is exchanged when the new one is whole.
    ///
    /// # Errors
    /// [`ScanError::OutExists`] without `replace` if there is something at `target` other than an
    /// empty folder; [`ScanError::Write`] if nothing can be written beside it.
    pub fn create(target: &Path, replace: bool) -> Result<Self, ScanError> {
        Self::check(target, replace)?;
        let partial = beside(target, ".partial");
        let start = || {
            remove_all(&partial)?;
            fs::create_dir_all(&partial)
        };
        start().map_err(|source| ScanError::Write {
            path: partial.clone(),
            source,
        })?;
        Ok(Self {
            target: target.to_owned(),
            partial,
            replace,
            finished: false,
        })
    }

    /// Refuses a target that [`OutFolder::create`] would refuse, without writing anything: to be
    /// asked before long work.
    ///
    /// # Errors
    /// [`ScanError::OutExists`].
    pub fn check(target: &Path, replace: bool) -> Result<(), ScanError> {
        let empty = fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none());
        if replace || empty || !target.exists() {
            Ok(())
        } else {
            Err(ScanError::OutExists {
                path: target.to_owned(),
            })
        }
    }

    /// Where the folder grows, for files that are written by path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.partial
    }

    /// Writes one file.
    ///
    /// # Errors
    /// [`ScanError::Write`].
    pub fn file(
        &self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), ScanError> {
        write_synced(&self.partial.join(name), write).map_err(|source| ScanError::Write {
            path: self.target.join(name),
            source,
        })
    }

    /// Writes one file outside of any such folder: it is there whole or not at all.
    ///
    /// # Errors
    /// [`ScanError::Write`].
    pub fn whole_file(
        path: &Path,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), ScanError> {
        mri_core::write_atomic(path, write).map_err(|source| ScanError::Write {
            path: path.to_owned(),
            source,
        })
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// [`ScanError::Write`]; what was there before is then still there.
    pub fn finish(mut self) -> Result<(), ScanError> {
        let exchange = || {
            let old = beside(&self.target, ".old");
            remove_all(&old)?;
            let existed = self.target.exists();
            if existed && self.replace {
                fs::rename(&self.target, &old)?;
            } else if existed {
                // Only an empty folder can be there, and only as such is it removed.
                fs::remove_dir(&self.target)?;
            }
            if let Err(error) = fs::rename(&self.partial, &self.target) {
                if existed && self.replace {
                    fs::rename(&old, &self.target)?;
                }
                return Err(error);
            }
            remove_all(&old)
        };
        exchange().map_err(|source| ScanError::Write {
            path: self.target.clone(),
            source,
        })?;
        self.finished = true;
        Ok(())
    }
}

fn write_synced(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    write(&mut out)?;
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

impl Drop for OutFolder {
    fn drop(&mut self) {
        if !self.finished {
            // Should it not go, its name says that it is not whole.
            let _ = remove_all(&self.partial);
        }
    }
}

/// The path with something after its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    // `out/` and `out` are the same folder; `.` has a name only when it is spelt out.
    let path = match path.file_name() {
        Some(_) => path.to_owned(),
        None => path.canonicalize().unwrap_or_else(|_| path.to_owned()),
    };
    let mut name = path
        .file_name()
        .map_or_else(|| OsString::from("out"), OsString::from);
    name.push(suffix);
    path.with_file_name(name)
}

/// Removes a file or a folder with everything in it, if it exists.
pub(crate) fn remove(path: &Path) -> Result<(), ScanError> {
    remove_all(path).map_err(|source| ScanError::Write {
        path: path.to_owned(),
        source,
    })
}

fn remove_all(path: &Path) -> io::Result<()> {
    let gone = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match gone {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_is_whole_or_not_there() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        {
            let out = OutFolder::create(&target, false).unwrap();
            out.file("a", |f| f.write_all(b"1")).unwrap();
            // An error on the way: the folder is dropped.
        }
        assert!(names(home.path()).is_empty());
        let out = OutFolder::create(&target, false).unwrap();
        out.file("a", |f| f.write_all(b"1")).unwrap();
        assert!(!target.exists());
        out.finish().unwrap();
        assert_eq!(names(home.path()), ["out"]);
        assert_eq!(names(&target), ["a"]);
    }

    #[test]
    fn what_is_there_is_replaced_only_when_asked_and_only_by_a_whole_one() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        fs::create_dir(&target).unwrap();
        assert!(
            OutFolder::check(&target, false).is_ok(),
            "an empty folder may be filled"
        );
        fs::write(target.join("old"), "x").unwrap();
        let refused = OutFolder::create(&target, false);
        assert!(matches!(refused, Err(ScanError::OutExists { .. })));
        drop(OutFolder::create(&target, true).unwrap());
        assert_eq!(
            names(&target),
            ["old"],
            "an unfinished one replaces nothing"
        );
        let out = OutFolder::create(&target, true).unwrap();
        let failed = out.file("b", |_| Err(io::Error::from(io::ErrorKind::StorageFull)));
        assert!(matches!(failed, Err(ScanError::Write { .. })));
        out.file("new", |f| f.write_all(b"y")).unwrap();
        out.finish().unwrap();
        assert_eq!(names(home.path()), ["out"]);
        assert!(names(&target).contains(&"new".to_owned()));
        assert!(!names(&target).contains(&"old".to_owned()));
    }
}
