//! An output folder that is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::error::ScanError;

/// Attempts to make a temporary folder that no other process takes for one that was left behind.
const ATTEMPTS: usize = 10;

/// A folder being written: it grows under a temporary name beside its own, which it takes when
/// [`finish`](OutFolder::finish) is called. Dropped before, by an error or a panic, it is removed.
///
/// The temporary name is private to the call ([`mri_core::temporary_path`]), and the folder under
/// it is locked. One that is not was left by a killed process: the next folder of the same name
/// removes it.
#[derive(Debug)]
pub struct OutFolder {
    target: PathBuf,
    partial: PathBuf,
    /// The files that an existing folder is replaced for; `None` for a folder that is new.
    is_ours: Option<fn(&str) -> bool>,
    finished: bool,
    /// Locked for as long as it is open; `None` where folders cannot be locked.
    _lock: Option<File>,
}

impl OutFolder {
    /// Starts a new folder.
    ///
    /// # Errors
    /// [`ScanError::OutExists`] if there is something at `target` other than an empty folder;
    /// [`ScanError::Write`] if nothing can be written beside it.
    pub fn create(target: &Path) -> Result<Self, ScanError> {
        let empty = fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none());
        if empty || fs::symlink_metadata(target).is_err() {
            Self::start(target, None)
        } else {
            Err(ScanError::OutExists {
                path: target.to_owned(),
            })
        }
    }

    /// Starts a folder that replaces the files of an existing one which `is_ours` names, once it is
    /// whole. All other files stay.
    ///
    /// # Errors
    /// [`ScanError::NotOurs`] if there is something at `target` other than a folder;
    /// [`ScanError::Write`] if nothing can be written beside it.
    pub fn replacing(target: &Path, is_ours: fn(&str) -> bool) -> Result<Self, ScanError> {
        if target.is_dir() || fs::symlink_metadata(target).is_err() {
            Self::start(target, Some(is_ours))
        } else {
            Err(ScanError::NotOurs {
                path: target.to_owned(),
            })
        }
    }

    fn start(target: &Path, is_ours: Option<fn(&str) -> bool>) -> Result<Self, ScanError> {
        let failed = |source| ScanError::Write {
            path: target.to_owned(),
            source,
        };
        // `.` has a name only when it is spelt out.
        let target = match target.file_name() {
            Some(_) => target.to_owned(),
            None => target.canonicalize().map_err(failed)?,
        };
        remove_left(&target);
        let (partial, lock) = make_partial(&target).map_err(failed)?;
        Ok(Self {
            target,
            partial,
            is_ours,
            finished: false,
            _lock: lock,
        })
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
        let put = match self.is_ours {
            Some(is_ours) if self.target.exists() => self.exchange(is_ours),
            // Only an empty folder can be there, and only as such is it removed.
            _ if self.target.exists() => {
                fs::remove_dir(&self.target).and_then(|()| fs::rename(&self.partial, &self.target))
            }
            _ => fs::rename(&self.partial, &self.target),
        };
        put.map_err(|source| ScanError::Write {
            path: self.target.clone(),
            source,
        })?;
        self.finished = true;
        Ok(())
    }

    /// Puts the folder in the place of an existing one.
    fn exchange(&self, is_ours: fn(&str) -> bool) -> io::Result<()> {
        if self.target.is_symlink() || holds_others(&self.target, is_ours)? {
            // The folder is somebody else's too: only our files in it are exchanged.
            remove_named(&self.target, is_ours)?;
            for entry in fs::read_dir(&self.partial)? {
                let entry = entry?;
                fs::rename(entry.path(), self.target.join(entry.file_name()))?;
            }
            return remove_all(&self.partial);
        }
        let old = temporary_path(&self.target)?;
        let _lock = lock(&self.target);
        fs::rename(&self.target, &old)?;
        if let Err(error) = fs::rename(&self.partial, &self.target) {
            fs::rename(&old, &self.target)?;
            return Err(error);
        }
        remove_all(&old)
    }
}

/// Makes the folder that is to become `target`, and locks it.
fn make_partial(target: &Path) -> io::Result<(PathBuf, Option<File>)> {
    for _ in 0..ATTEMPTS {
        let partial = temporary_path(target)?;
        fs::create_dir_all(&partial)?;
        let lock = lock(&partial);
        // Before it was locked another process may have taken it for a leftover.
        if partial.is_dir() {
            return Ok((partial, lock));
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

fn temporary_path(target: &Path) -> io::Result<PathBuf> {
    mri_core::temporary_path(target).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// Locks a folder where the system can.
fn lock(folder: &Path) -> Option<File> {
    let file = File::open(folder).ok()?;
    file.try_lock().ok().map(|()| file)
}

/// Removes the temporary folders that killed processes left of a target. Those that cannot be
/// locked are of processes that run.
fn remove_left(target: &Path) {
    let folder = match target.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return,
    };
    let name = target.file_name().unwrap_or_default();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let found = found.to_string_lossy();
        let of_target = mri_core::temporary_target(&found).is_some_and(|of| name == of);
        if of_target && let Some(_lock) = lock(&entry.path()) {
            // What cannot be removed is in nobody's way.
            let _ = remove_all(&entry.path());
        }
    }
}

/// Whether a folder holds an entry that `is_ours` does not name.
fn holds_others(folder: &Path, is_ours: fn(&str) -> bool) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        if !is_ours(&entry?.file_name().to_string_lossy()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes the entries of a folder that `is_ours` names.
fn remove_named(folder: &Path, is_ours: fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if is_ours(&entry.file_name().to_string_lossy()) {
            remove_all(&entry.path())?;
        }
    }
    Ok(())
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

/// Removes the files of a folder that `is_ours` names, and the folder if nothing else is in it.
pub(crate) fn remove_files(folder: &Path, is_ours: fn(&str) -> bool) -> Result<(), ScanError> {
    if !folder.is_dir() {
        return Ok(());
    }
    remove_named(folder, is_ours).map_err(|source| ScanError::Write {
        path: folder.to_owned(),
        source,
    })?;
    // Fails for a folder that holds more.
    let _ = fs::remove_dir(folder);
    Ok(())
}

/// Removes a file if it exists.
pub(crate) fn remove_file(path: &Path) -> Result<(), ScanError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ScanError::Write {
            path: path.to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
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
            let out = OutFolder::create(&target).unwrap();
            out.file("a", |f| f.write_all(b"1")).unwrap();
            // An error on the way: the folder is dropped.
        }
        assert!(names(home.path()).is_empty());
        let out = OutFolder::create(&target).unwrap();
        out.file("a", |f| f.write_all(b"1")).unwrap();
        assert!(!target.exists());
        out.finish().unwrap();
        assert_eq!(names(home.path()), ["out"]);
        assert_eq!(names(&target), ["a"]);
    }

    fn is_ours(name: &str) -> bool {
        ["old", "new"].contains(&name)
    }

    #[test]
    fn only_our_files_are_replaced_when_asked_and_only_by_whole_ones() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        fs::create_dir(&target).unwrap();
        drop(OutFolder::create(&target).expect("an empty folder may be filled"));
        fs::write(target.join("old"), "x").unwrap();
        let refused = OutFolder::create(&target);
        assert!(matches!(refused, Err(ScanError::OutExists { .. })));
        drop(OutFolder::replacing(&target, is_ours).unwrap());
        assert_eq!(
            names(&target),
            ["old"],
            "an unfinished one replaces nothing"
        );
        let replace = || {
            let out = OutFolder::replacing(&target, is_ours).unwrap();
            let failed = out.file("b", |_| Err(io::Error::from(io::ErrorKind::StorageFull)));
            assert!(matches!(failed, Err(ScanError::Write { .. })));
            fs::remove_file(out.path().join("b")).unwrap();
            out.file("new", |f| f.write_all(b"y")).unwrap();
            out.finish().unwrap();
            assert_eq!(names(home.path()), ["out"]);
        };
        replace();
        assert_eq!(names(&target), ["new"]);
        fs::write(target.join("old"), "x").unwrap();
        fs::write(target.join("thesis"), "mine").unwrap();
        fs::create_dir(target.join("notes")).unwrap();
        replace();
        assert_eq!(names(&target), ["new", "notes", "thesis"]);
        assert_eq!(fs::read(target.join("thesis")).unwrap(), b"mine");
        let refused = OutFolder::replacing(&target.join("thesis"), is_ours);
        assert!(matches!(refused, Err(ScanError::NotOurs { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn what_a_killed_process_left_goes_and_what_a_running_one_writes_stays() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        let running = OutFolder::create(&target).unwrap();
        let left = home.path().join("out.4000000-0.partial");
        let of_another = home.path().join("other.4000000-0.partial");
        for folder in [&left, &of_another] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("a"), "half").unwrap();
        }
        OutFolder::create(&target).unwrap().finish().unwrap();
        assert!(running.path().is_dir() && !left.exists() && of_another.exists());
        drop(running);
        assert_eq!(names(home.path()), ["other.4000000-0.partial", "out"]);
    }
}
