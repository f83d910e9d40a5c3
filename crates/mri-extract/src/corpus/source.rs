//! Labelled texts, wherever they are kept, and what tells one corpus from another.

use std::path::PathBuf;
use std::sync::Arc;

use mri_core::Labels;
use sha2::{Digest, Sha256};

use crate::files::hex;
use crate::{ExtractError, ShardEntry};

/// Labelled texts that can be read from the first to the last: in memory ([`Corpus`](crate::Corpus))
/// or where they are stored ([`CorpusFile`](crate::CorpusFile)).
pub trait TextSource: Sync {
    /// The labels, one per text.
    fn labels(&self) -> &Arc<Labels>;

    /// Hands every text to `each`, in their order, and then says what was read.
    ///
    /// # Errors
    /// The first error of `each`, and what the source itself reports.
    fn for_each(
        &self,
        each: &mut dyn FnMut(&str) -> Result<(), ExtractError>,
    ) -> Result<CorpusOrigin, ExtractError>;
}

/// Which texts a corpus has, and where they came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusOrigin {
    /// The SHA-256 of texts and labels in their order, as 64 hexadecimal digits. Two corpora with
    /// the same hash hold the same texts, whatever file they come from.
    pub hash: String,
    /// Where the corpus was read from.
    pub source: PathBuf,
    /// Rows left out for want of a text or a label.
    pub dropped: usize,
    /// Texts with a label that were read: more than are kept of a sample.
    pub read: usize,
    /// Of what the corpus is a part; `None` for a whole one.
    pub shard: Option<ShardEntry>,
}

/// Makes the hash of a corpus, row by row.
pub(super) struct CorpusHash(Sha256);

impl CorpusHash {
    pub(super) fn new(names: &[String]) -> Self {
        let mut hash = Self(Sha256::new());
        for name in names {
            hash.field(name);
        }
        hash
    }

    pub(super) fn push(&mut self, text: &str, label: u32) {
        self.field(text);
        self.field(&label.to_string());
    }

    pub(super) fn finish(self) -> String {
        hex(&self.0.finalize())
    }

    fn field(&mut self, text: &str) {
        // The length keeps "ab", "c" apart from "a", "bc".
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }
}
