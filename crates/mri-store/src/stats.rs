use serde::{Deserialize, Serialize};

/// The amount of work of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecordStats {
    /// Texts of the corpus.
    pub texts: usize,
    /// Texts with distinct tokens; only these went through the model.
    pub distinct_texts: usize,
    /// Tokens of all texts.
    pub tokens: usize,
    /// Tokens that went through the model.
    pub tokens_run: usize,
    /// Batches.
    pub batches: usize,
}

impl std::ops::AddAssign for RecordStats {
    fn add_assign(&mut self, other: Self) {
        self.texts += other.texts;
        self.distinct_texts += other.distinct_texts;
        self.tokens += other.tokens;
        self.tokens_run += other.tokens_run;
        self.batches += other.batches;
    }
}
