/// How a corpus is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusOptions {
    /// The column of a table that holds the texts.
    pub text_column: String,
    /// The column of a table that holds the labels.
    pub label_column: String,
    /// Leave out rows without a text or a label, counting them, instead of refusing the corpus.
    pub drop_missing: bool,
    /// Keep at most so many texts, a random sample; `None` keeps all.
    pub limit: Option<usize>,
    /// Keep at most so many texts of each label, a random sample; `None` keeps all. Together with
    /// `limit`, this comes first.
    pub per_class: Option<usize>,
    /// Seed of the samples. The same seed draws the same rows, whatever format they are stored in,
    /// and a smaller sample is part of a larger one.
    pub sample_seed: u64,
    /// The part of a Hugging Face dataset with several parts, such as `train`.
    pub split: Option<String>,
}

impl Default for CorpusOptions {
    /// All rows of the columns `text` and `label`; a missing value is an error.
    fn default() -> Self {
        Self {
            text_column: "text".into(),
            label_column: "label".into(),
            drop_missing: false,
            limit: None,
            per_class: None,
            sample_seed: 0,
            split: None,
        }
    }
}
