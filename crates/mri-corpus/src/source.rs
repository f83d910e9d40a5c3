use std::sync::Arc;

use mri_core::{CorpusOrigin, Labels};

use crate::error::CorpusError;

/// Labeled texts that can be read in order: in memory ([`Corpus`](crate::Corpus)) or on disk
/// ([`CorpusFile`](crate::CorpusFile)).
pub trait TextSource: Sync {
    /// The labels, one per text.
    fn labels(&self) -> &Arc<Labels>;

    /// Passes every text to `each`, in order, and returns which texts they were.
    ///
    /// # Errors
    /// The first error of `each` ([`CorpusError::consumer`] wraps errors of other types), or the
    /// source's own.
    fn for_each(
        &self,
        each: &mut dyn FnMut(&str) -> Result<(), CorpusError>,
    ) -> Result<CorpusOrigin, CorpusError>;
}
