//! Labelled texts, wherever they are kept, and what tells one corpus from another.

use std::sync::Arc;

use mri_core::{CorpusOrigin, Labels};
use sha2::{Digest, Sha256};

use crate::ExtractError;
use crate::files::hex;

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
