use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::StoreError;
use crate::files;

/// The bytes of a record: the index of a batch and a checksum, 8 bytes each.
const RECORD: usize = 16;

/// The batches of a recording that are synced to its matrices.
///
/// An append-only file of records of equal length. A truncated or damaged record ends it: batches
/// after it count as unfinished.
#[derive(Debug)]
pub(crate) struct Journal {
    /// `None` if it is kept in memory only.
    file: Option<File>,
    salt: [u8; 32],
    finished: Vec<bool>,
}

impl Journal {
    /// A journal of nothing yet that dies with its process.
    pub(crate) fn in_memory(n_batches: usize) -> Self {
        Self {
            file: None,
            salt: [0; 32],
            finished: vec![false; n_batches],
        }
    }

    /// Creates an empty journal, once all matrices have their full length.
    pub(crate) fn create(path: &Path) -> Result<(), StoreError> {
        files::write_atomic(path, |_| Ok(()))
    }

    /// Opens the journal of a recording of `n_batches` and reads it. `salt` belongs to the
    /// recording, so that records of another one count as damaged.
    pub(crate) fn open(path: &Path, salt: [u8; 32], n_batches: usize) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut finished = vec![false; n_batches];
        let mut valid = 0;
        {
            // At most one record per batch is read, however long the file is.
            let limit = (n_batches as u64).saturating_mul(RECORD as u64);
            let mut bytes = Vec::new();
            (&mut file).take(limit).read_to_end(&mut bytes)?;
            for bytes in bytes.chunks_exact(RECORD) {
                let index = u64::from_le_bytes(bytes[..8].try_into().unwrap_or_default());
                let place = usize::try_from(index).unwrap_or(usize::MAX);
                let (Some(done), true) = (finished.get_mut(place), bytes == record(&salt, index))
                else {
                    break;
                };
                *done = true;
                valid += RECORD as u64;
            }
        }
        file.set_len(valid)?;
        file.seek(SeekFrom::Start(valid))?;
        Ok(Self {
            file: Some(file),
            salt,
            finished,
        })
    }

    pub(crate) fn is_finished(&self, batch: usize) -> bool {
        self.finished.get(batch).copied().unwrap_or(false)
    }

    /// Records batches whose rows are synced.
    pub(crate) fn append(&mut self, batches: &[usize]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            let mut bytes = Vec::with_capacity(batches.len() * RECORD);
            for &batch in batches {
                bytes.extend(record(&self.salt, batch as u64));
            }
            file.write_all(&bytes)?;
            file.sync_data()?;
        }
        for &batch in batches {
            if let Some(done) = self.finished.get_mut(batch) {
                *done = true;
            }
        }
        Ok(())
    }
}

fn record(salt: &[u8; 32], index: u64) -> [u8; RECORD] {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(index.to_le_bytes());
    let mut record = [0; RECORD];
    record[..8].copy_from_slice(&index.to_le_bytes());
    record[8..].copy_from_slice(&hash.finalize()[..8]);
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finished(path: &Path, salt: u8, n: usize) -> Vec<usize> {
        let journal = Journal::open(path, [salt; 32], n).unwrap();
        (0..n).filter(|&i| journal.is_finished(i)).collect()
    }

    proptest! {
        #[test]
        fn damage_ends_the_journal_and_never_adds_a_batch(
            order in Just((0..20_usize).collect::<Vec<_>>()).prop_shuffle(),
            cut in 0_usize..340,
            flip in 0_usize..320,
            noise in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal");
            Journal::create(&path).unwrap();
            let mut journal = Journal::open(&path, [7; 32], 20).unwrap();
            journal.append(&order[..9]).unwrap();
            journal.append(&order[9..]).unwrap();
            drop(journal);
            prop_assert_eq!(finished(&path, 7, 20).len(), 20);
            let whole = std::fs::read(&path).unwrap();

            let mut torn = whole[..cut.min(whole.len())].to_vec();
            torn.extend(&noise);
            std::fs::write(&path, torn).unwrap();
            let mut expected = order[..(cut / RECORD).min(20)].to_vec();
            expected.sort_unstable();
            let found = finished(&path, 7, 20);
            prop_assert!(expected.iter().all(|i| found.contains(i)));
            prop_assert!(noise.len() >= RECORD || found == expected || cut % RECORD != 0);

            let mut damaged = whole.clone();
            damaged[flip] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            prop_assert_eq!(finished(&path, 7, 20).len(), flip / RECORD);

            std::fs::write(&path, whole).unwrap();
            prop_assert!(finished(&path, 8, 20).is_empty(), "another recording's");
        }
    }
}
