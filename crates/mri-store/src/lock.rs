use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::error::StoreError;
use crate::files;
use crate::holder::LockHolder;

/// The lock's file in the folder that it keeps.
const LOCK: &str = "llm-mri.lock";

/// Attempts to take a lock before its holder is named: a reader that looks whether the lock is free
/// holds it for an instant.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// Keeps all other processes from writing into a folder, for as long as it or a clone of it lives.
///
/// The lock is the operating system's, on the file `llm-mri.lock` in the folder, which names the
/// holder; it ends with the process, however that ends. The file goes with the last clone, so that
/// a finished folder holds only results, and so does the folder if nothing was written into it. A
/// killed process leaves the file, which the next one takes over. On a file system without locks
/// everything goes on without.
///
/// ```
/// use mri_store::{FolderLock, StoreError};
///
/// let folder = tempfile::tempdir()?;
/// let lock = FolderLock::acquire(folder.path())?;
/// assert!(matches!(FolderLock::acquire(folder.path()), Err(StoreError::Busy { .. })));
/// assert!(FolderLock::check(folder.path()).is_err());
/// drop(lock);
/// assert!(FolderLock::check(folder.path()).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FolderLock(Arc<Held>);

#[derive(Debug)]
struct Held {
    folder: PathBuf,
    /// Locked for as long as it is open.
    _file: File,
    /// Whether the folder was made for the lock.
    made: bool,
}

/// Equal locks are clones of one.
impl PartialEq for FolderLock {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for FolderLock {}

impl FolderLock {
    /// Takes the lock of a folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Busy`] with the holder while another process, or another part of this one,
    /// has it; [`StoreError::Io`].
    pub fn acquire(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(LOCK);
        let (mut attempt, mut made) = (0, false);
        loop {
            made |= !folder.exists();
            fs::create_dir_all(folder).map_err(StoreError::io(folder))?;
            let mut options = OpenOptions::new();
            let opened = options.create(true).append(true).read(true).open(&path);
            let file = match opened {
                // The holder before removed the folder that it had made.
                Err(e) if e.kind() == io::ErrorKind::NotFound && attempt < ATTEMPTS => {
                    attempt += 1;
                    continue;
                }
                opened => opened.map_err(StoreError::io(&path))?,
            };
            match try_lock(file.try_lock()).map_err(StoreError::io(&path))? {
                Taken::Yes if !is_at(&file, &path) => continue,
                Taken::Yes | Taken::NoLocks => {
                    // On a full disk the holder has no name, and the lock still holds.
                    let _ = sign(&file);
                    return Ok(Self(Arc::new(Held {
                        folder: folder.to_owned(),
                        _file: file,
                        made,
                    })));
                }
                Taken::No if attempt < ATTEMPTS => thread::sleep(PAUSE),
                Taken::No => return Err(busy(folder, &path)),
            }
            attempt += 1;
        }
    }

    /// Refuses a folder that another process writes into, and changes nothing, so that it serves
    /// readers of folders that cannot be written.
    ///
    /// # Errors
    /// [`StoreError::Busy`] with the holder; [`StoreError::Io`].
    pub fn check(folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(LOCK);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            // The folder is a file, which is no place to write into either.
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => return Ok(()),
            Err(e) => return Err(StoreError::io(&path)(e)),
        };
        match try_lock(file.try_lock_shared()).map_err(StoreError::io(&path))? {
            Taken::No if is_at(&file, &path) => Err(busy(folder, &path)),
            _ => Ok(()),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Whether a file of this name in a folder is that of a lock.
    #[must_use]
    pub fn is_file_name(name: &str) -> bool {
        name == LOCK
    }

    /// Removes what killed processes left in the folder under the temporary names
    /// ([`mri_core::temporary_path`]) of files and folders that `is_ours` names. While the lock is
    /// held nobody writes under them.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remove_leftovers(&self, is_ours: impl Fn(&str) -> bool) -> Result<(), StoreError> {
        remove_leftovers(self.folder(), is_ours)
    }
}

/// [`FolderLock::remove_leftovers`] of a folder within the locked one, if it is there.
pub(crate) fn remove_leftovers(
    folder: &Path,
    is_ours: impl Fn(&str) -> bool,
) -> Result<(), StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(StoreError::io(folder))?,
    };
    for entry in entries {
        let entry = entry.map_err(StoreError::io(folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if mri_core::temporary_target(&name).is_some_and(&is_ours) {
            let path = entry.path();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder {
                fs::remove_dir_all(&path).map_err(StoreError::io(&path))?;
            } else {
                files::remove_if_exists(&path)?;
            }
        }
    }
    Ok(())
}

impl Drop for Held {
    fn drop(&mut self) {
        // The file goes before the lock ends: whoever opened it meanwhile sees that it is no
        // longer the one at its path. Should it stay, the next process takes it over.
        let _ = fs::remove_file(self.folder.join(LOCK));
        if self.made {
            // Only an empty folder goes.
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

/// Writes the holder into the lock's file.
fn sign(file: &File) -> io::Result<()> {
    file.set_len(0)?;
    let mut file = file;
    file.write_all(LockHolder::this().to_bytes().as_slice())
}

fn busy(folder: &Path, path: &Path) -> StoreError {
    StoreError::Busy {
        folder: folder.to_owned(),
        holder: LockHolder::read(path),
    }
}

/// The outcome of an attempt to lock a file.
enum Taken {
    Yes,
    No,
    /// The file system has no locks.
    NoLocks,
}

fn try_lock(outcome: Result<(), TryLockError>) -> io::Result<Taken> {
    match outcome {
        Ok(()) => Ok(Taken::Yes),
        Err(TryLockError::WouldBlock) => Ok(Taken::No),
        Err(TryLockError::Error(e)) if has_no_locks(&e) => Ok(Taken::NoLocks),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// Whether the error says that the file system knows no locks.
fn has_no_locks(error: &io::Error) -> bool {
    #[cfg(target_os = "linux")]
    {
        // What network file systems answer whose server keeps no locks.
        let none = rustix::io::Errno::NOLCK.raw_os_error();
        if error.raw_os_error() == Some(none) {
            return true;
        }
    }
    error.kind() == io::ErrorKind::Unsupported
}

/// Whether an open file is still the one at a path: its holder may have removed it between the
/// opening and the locking.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(open), Ok(there)) = (file.metadata(), fs::metadata(path)) else {
        return false;
    };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
