use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use crate::error::StoreError;
use crate::files;
use crate::manifest::Manifest;
use crate::paths::{Paths, belongs_to_store};

/// The name of the lock file in the folder of matrices.
pub(crate) const LOCK: &str = "lock";

/// Keeps other processes from writing the same store. The operating system releases it when the
/// process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Locked for as long as it is open.
    _file: File,
}

impl Lock {
    pub(crate) fn acquire(paths: &Paths) -> Result<Self, StoreError> {
        fs::create_dir_all(&paths.activations).map_err(StoreError::io(&paths.activations))?;
        let path = paths.activations.join(LOCK);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(StoreError::io(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Busy {
                    folder: paths.folder.clone(),
                });
            }
            // A file system without locks.
            Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(e)) => return Err(StoreError::io(&path)(e)),
        }
        Ok(Self { _file: file })
    }

    /// Removes the files that only an unfinished recording needs, the lock last.
    pub(crate) fn remove_temporary(self, paths: &Paths) -> Result<(), StoreError> {
        files::remove_if_exists(&paths.journal)?;
        files::remove_if_exists(&paths.recording)?;
        remove_leftovers(&paths.folder, |path| {
            path.file_name()
                .is_some_and(|name| name == Manifest::FILE_NAME)
        })?;
        remove_leftovers(&paths.activations, belongs_to_store)?;
        files::remove_if_exists(&paths.activations.join(LOCK))
    }
}

/// Removes temporary files that killed processes left of the files that `is_ours` names.
fn remove_leftovers(folder: &Path, is_ours: impl Fn(&Path) -> bool) -> Result<(), StoreError> {
    for entry in fs::read_dir(folder).map_err(StoreError::io(folder))? {
        let path = entry.map_err(StoreError::io(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if mri_core::temporary_target(&name).is_some_and(|target| is_ours(Path::new(target))) {
            files::remove_if_exists(&path)?;
        }
    }
    Ok(())
}
