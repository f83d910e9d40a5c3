use sha2::{Digest, Sha256};

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
