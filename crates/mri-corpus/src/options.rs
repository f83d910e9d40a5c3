use crate::encoding::TextEncoding;
use crate::format::Format;
use crate::quotes::Quotes;

/// How a corpus is read.
///
/// ```
/// use mri_corpus::CorpusOptions;
///
/// let options = CorpusOptions::default()
///     .with_text_column("abstract")
///     .with_drop_missing(true)
///     .with_per_class(500);
/// assert_eq!(options.per_class, Some(500));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CorpusOptions {
    /// The column of a table that holds the texts.
    pub text_column: String,
    /// The column of a table that holds the labels.
    pub label_column: String,
    /// Drop rows without a text or a label, counting them, instead of refusing the corpus.
    pub drop_missing: bool,
    /// The size of a random sample; `None` keeps all texts.
    pub limit: Option<usize>,
    /// The size of a random sample of each label; `None` keeps all texts. It is drawn before that
    /// of `limit`.
    pub per_class: Option<usize>,
    /// Seed of the samples. The same seed draws the same rows, whatever format they are stored in,
    /// and a smaller sample is a subset of a larger one.
    pub sample_seed: u64,
    /// The split of a Hugging Face dataset, such as `train`.
    pub split: Option<String>,
    /// The format of a file whose name does not tell it; `None` goes by the name.
    pub format: Option<Format>,
    /// What quotes mean in a table.
    pub quotes: Quotes,
    /// The encoding of tables, JSON and `.txt` files without a byte order mark; `None` for UTF-8.
    pub encoding: Option<TextEncoding>,
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
            format: None,
            quotes: Quotes::Auto,
            encoding: None,
        }
    }
}

impl CorpusOptions {
    /// Sets [`CorpusOptions::text_column`].
    #[must_use]
    pub fn with_text_column(mut self, name: impl Into<String>) -> Self {
        self.text_column = name.into();
        self
    }

    /// Sets [`CorpusOptions::label_column`].
    #[must_use]
    pub fn with_label_column(mut self, name: impl Into<String>) -> Self {
        self.label_column = name.into();
        self
    }

    /// Sets [`CorpusOptions::drop_missing`].
    #[must_use]
    pub fn with_drop_missing(mut self, drop: bool) -> Self {
        self.drop_missing = drop;
        self
    }

    /// Sets [`CorpusOptions::limit`].
    #[must_use]
    pub fn with_limit(mut self, texts: impl Into<Option<usize>>) -> Self {
        self.limit = texts.into();
        self
    }

    /// Sets [`CorpusOptions::per_class`].
    #[must_use]
    pub fn with_per_class(mut self, texts: impl Into<Option<usize>>) -> Self {
        self.per_class = texts.into();
        self
    }

    /// Sets [`CorpusOptions::sample_seed`].
    #[must_use]
    pub fn with_sample_seed(mut self, seed: u64) -> Self {
        self.sample_seed = seed;
        self
    }

    /// Sets [`CorpusOptions::split`].
    #[must_use]
    pub fn with_split(mut self, name: impl Into<Option<String>>) -> Self {
        self.split = name.into();
        self
    }

    /// Sets [`CorpusOptions::format`].
    #[must_use]
    pub fn with_format(mut self, format: impl Into<Option<Format>>) -> Self {
        self.format = format.into();
        self
    }

    /// Sets [`CorpusOptions::quotes`].
    #[must_use]
    pub fn with_quotes(mut self, quotes: Quotes) -> Self {
        self.quotes = quotes;
        self
    }

    /// Sets [`CorpusOptions::encoding`].
    #[must_use]
    pub fn with_encoding(mut self, encoding: impl Into<Option<TextEncoding>>) -> Self {
        self.encoding = encoding.into();
        self
    }
}
