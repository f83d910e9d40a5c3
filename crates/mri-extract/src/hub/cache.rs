//! The cache of models, in the layout of the Python client, so that both share it:
//!
//! ```text
//! models--ORG--NAME/refs/REVISION        the commit of a branch or tag
//! models--ORG--NAME/blobs/ETAG           contents, under the names that the hub gives them
//! models--ORG--NAME/snapshots/COMMIT/    links to them by file name
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of one model in the cache.
pub(super) struct ModelCache {
    folder: PathBuf,
}

impl ModelCache {
    pub(super) fn new(cache: &Path, id: &str) -> Self {
        let name = format!("models--{}", id.replace('/', "--"));
        Self {
            folder: cache.join(name),
        }
    }

    /// The files of a commit.
    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// The contents with this name.
    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    /// The commit of a branch or tag, as far as it is known here.
    pub(super) fn commit(&self, revision: &str) -> Option<String> {
        let text = fs::read_to_string(self.folder.join("refs").join(revision)).ok()?;
        Some(text.trim().to_owned())
    }

    /// Notes the commit of a branch or tag.
    pub(super) fn set_commit(&self, revision: &str, commit: &str) -> io::Result<()> {
        // A branch may have slashes in its name.
        let path = self.folder.join("refs").join(revision);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        mri_core::write_atomic(&path, |file| io::Write::write_all(file, commit.as_bytes()))
    }

    /// Gives contents that are there a name in a commit.
    pub(super) fn link(&self, commit: &str, name: &str, etag: &str) -> io::Result<()> {
        let place = self.snapshot(commit).join(name);
        fs::create_dir_all(place.parent().unwrap_or(Path::new("")))?;
        if place.exists() {
            return Ok(());
        }
        #[cfg(unix)]
        {
            // From the folder of a commit; the cache can be moved as a whole.
            let up = "../".repeat(2 + name.matches('/').count());
            let target = Path::new(&up).join("blobs").join(etag);
            match std::os::unix::fs::symlink(target, &place) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                done => done,
            }
        }
        #[cfg(not(unix))]
        {
            // Links need a privilege there.
            fs::rename(self.blob(etag), place)
        }
    }
}
