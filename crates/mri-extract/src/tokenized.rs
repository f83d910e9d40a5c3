use std::collections::BTreeMap;

use mri_core::{CorpusOrigin, TokenBatch};
use mri_store::{Provenance, TokenizerEntry};

use crate::tokens::TokenSource;

/// Tokenized texts in memory, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizedTexts {
    /// The token ids of every text.
    pub tokens: TokenBatch,
    /// The number of texts that were truncated.
    pub truncated: usize,
}

/// A corpus, tokenized for a model.
pub struct TokenizedCorpus {
    /// The token ids of every text, in corpus order.
    pub tokens: Box<dyn TokenSource>,
    /// The tokenizer, and how many texts it truncated.
    pub tokenizer: TokenizerEntry,
    /// The texts and where they were read from.
    pub origin: CorpusOrigin,
}

impl TokenizedCorpus {
    /// The provenance of a recording of these texts by the model with this hash
    /// ([`model_hash`](crate::model_hash)); what the engine adds goes into
    /// [`Provenance::with_engine`].
    #[must_use]
    pub fn provenance(&self, model_hash: String) -> Provenance {
        Provenance {
            model_hash,
            tokenizer: self.tokenizer.clone(),
            corpus: self.origin.clone(),
            engine: BTreeMap::new(),
        }
    }
}
