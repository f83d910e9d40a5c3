//! Files of the hub's cache, which are named by the hashes of their contents.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha1::{Digest as _, Sha1};
use sha2::{Digest as _, Sha256};

/// Bytes per read.
const BLOCK: usize = 1 << 20;

/// A file of the cache that is being read, to be compared with its name.
pub(crate) struct Blob {
    path: PathBuf,
    name: Vec<u8>,
    hash: BlobHash,
}

enum BlobHash {
    /// That of large files.
    Sha256(Sha256),
    /// That of the others, as git names them: over a header and the contents. Mirrors of the hub
    /// may name them by the contents alone.
    Sha1 { git: Sha1, plain: Sha1 },
}

impl Blob {
    /// The file that a path leads to; `None` if it is not one of the cache whose name is a hash.
    pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
        // The files of a model are links to those that are named by hashes.
        let path = fs::canonicalize(path)?;
        let folder = path.parent().and_then(Path::file_name);
        let name = path.file_name().and_then(|name| bytes_of(name.to_str()?));
        let (true, Some(name)) = (folder == Some("blobs".as_ref()), name) else {
            return Ok(None);
        };
        let hash = match name.len() {
            32 => BlobHash::Sha256(Sha256::new()),
            20 => {
                let mut git = Sha1::new();
                git.update(format!("blob {}\0", fs::metadata(&path)?.len()));
                let plain = Sha1::new();
                BlobHash::Sha1 { git, plain }
            }
            _ => return Ok(None),
        };
        Ok(Some(Self { path, name, hash }))
    }

    /// Adds the next bytes of the file.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.hash {
            BlobHash::Sha256(hash) => hash.update(bytes),
            BlobHash::Sha1 { git, plain } => {
                git.update(bytes);
                plain.update(bytes);
            }
        }
    }

    /// The file's own path, if its contents, all of which were added, are not those that it is
    /// named by.
    pub(crate) fn damaged(self) -> Option<PathBuf> {
        let whole = match self.hash {
            BlobHash::Sha256(hash) => hash.finalize()[..] == self.name,
            BlobHash::Sha1 { git, plain } => {
                git.finalize()[..] == self.name || plain.finalize()[..] == self.name
            }
        };
        (!whole).then_some(self.path)
    }
}

/// The path of the file that a path leads to, if it is one of the cache and is damaged.
pub(crate) fn damaged(path: &Path) -> io::Result<Option<PathBuf>> {
    let Some(mut blob) = Blob::of(path)? else {
        return Ok(None);
    };
    let mut file = File::open(path)?;
    let mut block = vec![0; BLOCK];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(blob.damaged()),
            Ok(n) => blob.update(&block[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The bytes that hexadecimal digits stand for.
fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            let is_pair = pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
            is_pair.then(|| u8::from_str_radix(pair, 16).ok())?
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_git_and_the_hub_give() {
        let home = tempfile::tempdir().unwrap();
        let blobs = home.path().join("blobs");
        fs::create_dir(&blobs).unwrap();
        // `git hash-object`, `sha1sum` and `sha256sum` of "hello\n".
        for name in [
            "ce013625030ba8dba906f756967f9e9ca394464a",
            "f572d396fae9206628714fb2ce00f72e94f2258f",
            "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
        ] {
            let path = blobs.join(name);
            fs::write(&path, "hello\n").unwrap();
            assert_eq!(damaged(&path).unwrap(), None, "{name}");
            fs::write(&path, "hellO\n").unwrap();
            let found = damaged(&path).unwrap();
            assert_eq!(found, Some(path.canonicalize().unwrap()), "{name}");
        }
        // Other names, and other folders, say nothing of the contents.
        for path in [blobs.join("model"), home.path().join("ce".repeat(20))] {
            fs::write(&path, "hello").unwrap();
            assert_eq!(damaged(&path).unwrap(), None);
        }
    }
}
