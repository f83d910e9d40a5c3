use mri_core::Labels;
use sha2::{Digest, Sha256};

/// The hash of texts and their labels: that of a [`Corpus`](crate::Corpus) of them, see
/// [`Corpus::hash`](crate::Corpus::hash).
///
/// ```
/// use mri_corpus::{Corpus, corpus_hash};
///
/// let corpus = Corpus::from_pairs([("a court", "law"), ("a song", "music")])?;
/// assert_eq!(corpus_hash(corpus.texts(), corpus.labels()), corpus.hash());
/// # Ok::<(), mri_corpus::CorpusError>(())
/// ```
#[must_use]
pub fn corpus_hash(texts: &[String], labels: &Labels) -> String {
    let mut hash = CorpusHash::new(labels.category_names());
    for (text, &id) in texts.iter().zip(labels.row_categories()) {
        hash.push(text, id);
    }
    hash.finish()
}

/// The SHA-256 of a corpus, row by row.
pub(crate) struct CorpusHash(Sha256);

impl CorpusHash {
    pub(crate) fn new(names: &[String]) -> Self {
        let mut hash = Self(Sha256::new());
        for name in names {
            hash.field(name);
        }
        hash
    }

    pub(crate) fn push(&mut self, text: &str, category: u32) {
        self.field(text);
        self.field(&category.to_string());
    }

    pub(crate) fn finish(self) -> String {
        let digest = self.0.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn field(&mut self, text: &str) {
        // The length keeps "ab", "c" apart from "a", "bc".
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }
}
