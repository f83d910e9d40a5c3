//! Checksums of the files of a store.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

use crate::damage::Damage;
use crate::error::StoreError;

/// Bytes per read.
const BLOCK: usize = 1 << 20;

/// Checksums by path in a store's folder, with `/` between names on every system.
pub type FileSums = BTreeMap<String, FileSum>;

/// The length and checksum of a file as it was written.
///
/// XXH3 tells damage, not forgery: somebody who changes a file can change its checksum too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSum {
    /// The length.
    pub bytes: u64,
    /// The 128 bits of XXH3 as 32 hexadecimal digits, as `xxhsum -H2` prints them.
    pub xxh3: String,
}

impl FileSum {
    /// The checksum of a file, which is read as a whole.
    ///
    /// # Errors
    /// What reading the file gave.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("a.csv");
    /// std::fs::write(&path, "text,label\n")?;
    /// let sum = mri_store::FileSum::of(&path)?;
    /// assert_eq!(sum.bytes, 11);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn of(path: &Path) -> io::Result<Self> {
        Self::of_open(&File::open(path)?)
    }

    /// The checksum of an open file, whose position moves.
    pub(crate) fn of_open(mut file: &File) -> io::Result<Self> {
        file.seek(SeekFrom::Start(0))?;
        let mut hash = XxHash3_128::new();
        let mut block = vec![0; BLOCK];
        let mut bytes = 0;
        loop {
            match file.read(&mut block) {
                Ok(0) => break,
                Ok(n) => {
                    hash.write(&block[..n]);
                    bytes += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self {
            bytes,
            xxh3: hex(hash.finish_128()),
        })
    }

    /// Compares a file with what was written, as a whole.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Io`].
    pub fn check(&self, path: &Path) -> Result<(), StoreError> {
        self.check_length(path)?;
        let found = Self::of(path).map_err(StoreError::io(path))?;
        match self.damage(&found) {
            Some(damage) => Err(StoreError::damaged(path, damage)),
            None => Ok(()),
        }
    }

    /// Compares only the length, without reading the file.
    pub(crate) fn check_length(&self, path: &Path) -> Result<(), StoreError> {
        let found = length(path)?;
        if found == self.bytes {
            return Ok(());
        }
        let written = self.bytes;
        Err(StoreError::damaged(path, Damage::Length { found, written }))
    }

    /// How a file with the checksum `found` is damaged.
    pub(crate) fn damage(&self, found: &Self) -> Option<Damage> {
        if found.bytes != self.bytes {
            let (found, written) = (found.bytes, self.bytes);
            return Some(Damage::Length { found, written });
        }
        (found != self).then_some(Damage::Contents)
    }
}

/// The length of a file that has to be there.
pub(crate) fn length(path: &Path) -> Result<u64, StoreError> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(StoreError::damaged(path, Damage::Missing))
        }
        Err(error) => Err(StoreError::io(path)(error)),
    }
}

/// A hash as `xxhsum` prints it.
pub(crate) fn hex(hash: u128) -> String {
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `xxhash.xxh3_128_hexdigest` of Python's package xxhash.
    const GOLDEN: [(usize, &str); 6] = [
        (0, "99aa06d3014798d86001c324468d497f"),
        (16, "78e8ab538d3acaab37286a19cf622308"),
        (100, "b268b5b7684b0badc02ce6bb06aa387f"),
        (241, "e817e20e53e42a8c2d431e984c441f15"),
        (1_048_577, "3e76d00e6aef565f516b4472ef1d03b3"),
        (3_000_000, "9ffb424482e1f0f07e84b5a03c4d75fd"),
    ];

    #[test]
    fn checksums_are_those_of_the_reference() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for (n, expected) in GOLDEN {
            let byte = |i: u64| (i.wrapping_mul(2_654_435_761) >> 24) as u8;
            let bytes: Vec<u8> = (0..n as u64).map(byte).collect();
            std::fs::write(&path, bytes).unwrap();
            let sum = FileSum::of(&path).unwrap();
            assert_eq!((sum.bytes, sum.xxh3.as_str()), (n as u64, expected));
            assert!(sum.check(&path).is_ok());
        }
    }

    #[test]
    fn every_kind_of_damage_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "abc").unwrap();
        let sum = FileSum::of(&path).unwrap();
        let damage = || match sum.check(&path) {
            Err(StoreError::Damaged { damage, .. }) => damage,
            other => panic!("{other:?}"),
        };
        std::fs::write(&path, "abd").unwrap();
        assert_eq!(damage(), Damage::Contents);
        std::fs::write(&path, "ab").unwrap();
        assert!(matches!(
            damage(),
            Damage::Length {
                found: 2,
                written: 3
            }
        ));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(damage(), Damage::Missing);
    }
}
