//! Labelled texts, wherever they are kept, and what tells one corpus from another.

use std::sync::Arc;

use mri_core::{CorpusOrigin, Labels};

use crate::error::CorpusError;

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
        each: &mut dyn FnMut(&str) -> Result<(), CorpusError>,
    ) -> Result<CorpusOrigin, CorpusError>;
}
