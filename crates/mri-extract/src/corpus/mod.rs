//! Labelled texts, wherever they come from.

mod folder;
mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mri_core::Labels;
use sha2::{Digest, Sha256};

use crate::{ExtractError, Shard, ShardEntry};

/// How a corpus is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusOptions {
    /// The column of a table that holds the texts.
    pub text_column: String,
    /// The column of a table that holds the labels.
    pub label_column: String,
    /// Leave out rows without a text or a label, counting them, instead of refusing the corpus.
    pub drop_missing: bool,
}

impl Default for CorpusOptions {
    /// Columns `text` and `label`; a missing value is an error.
    fn default() -> Self {
        Self {
            text_column: "text".into(),
            label_column: "label".into(),
            drop_missing: false,
        }
    }
}

/// Texts with their labels: text `i` has label `i`.
#[derive(Debug, Clone, PartialEq)]
pub struct Corpus {
    texts: Vec<String>,
    labels: Arc<Labels>,
    source: PathBuf,
    dropped: usize,
    whole: Option<ShardEntry>,
}

/// A row as a reader finds it.
struct Row {
    text: String,
    label: String,
}

/// What a reader has read so far.
#[derive(Default)]
struct Rows {
    rows: Vec<Row>,
    dropped: usize,
}

impl Rows {
    /// Keeps a row, or drops or refuses it where text or label are empty or only spaces.
    fn push(
        &mut self,
        path: &Path,
        place: impl Fn() -> String,
        row: Row,
        options: &CorpusOptions,
    ) -> Result<(), ExtractError> {
        let missing = [(&row.text, "text"), (&row.label, "label")]
            .into_iter()
            .find(|(value, _)| value.trim().is_empty());
        match missing {
            None => self.rows.push(row),
            Some(_) if options.drop_missing => self.dropped += 1,
            Some((_, what)) => {
                return Err(ExtractError::Missing {
                    path: path.to_owned(),
                    place: place(),
                    what,
                });
            }
        }
        Ok(())
    }
}

impl Corpus {
    /// Reads a corpus: a `.csv` or `.tsv` file with a header line, or a folder that holds one
    /// folder of `.txt` files per label.
    ///
    /// Categories of a table are in the order in which they are first seen, those of a folder in
    /// the order of their names; the files of a folder are read in the order of their names.
    ///
    /// # Errors
    /// [`ExtractError`] with the file, the place in it and the remedy.
    pub fn open(path: &Path, options: &CorpusOptions) -> Result<Self, ExtractError> {
        let kind = std::fs::metadata(path).map_err(ExtractError::io(path))?;
        let extension = path
            .extension()
            .map(|e| e.to_string_lossy().to_ascii_lowercase());
        let rows = match extension.as_deref() {
            _ if kind.is_dir() => folder::read(path, options)?,
            Some("csv") => table::read(path, b',', options)?,
            Some("tsv" | "tab") => table::read(path, b'\t', options)?,
            _ => {
                return Err(ExtractError::UnknownFormat {
                    path: path.to_owned(),
                });
            }
        };
        if rows.rows.is_empty() {
            return Err(ExtractError::EmptyCorpus {
                path: path.to_owned(),
            });
        }
        let labels = Labels::from_names(rows.rows.iter().map(|row| row.label.as_str()))?;
        Ok(Self {
            labels: Arc::new(labels),
            texts: rows.rows.into_iter().map(|row| row.text).collect(),
            source: path.to_owned(),
            dropped: rows.dropped,
            whole: None,
        })
    }

    /// A corpus from pairs of text and label.
    ///
    /// # Errors
    /// [`ExtractError::EmptyCorpus`] without any pair, [`ExtractError::Missing`] if a text or a
    /// label is empty or only spaces.
    pub fn from_pairs<T: Into<String>, L: Into<String>>(
        pairs: impl IntoIterator<Item = (T, L)>,
    ) -> Result<Self, ExtractError> {
        let path = Path::new("the given texts");
        let mut rows = Rows::default();
        for (i, (text, label)) in pairs.into_iter().enumerate() {
            let row = Row {
                text: text.into(),
                label: label.into(),
            };
            rows.push(path, || format!("text {i}"), row, &CorpusOptions::default())?;
        }
        if rows.rows.is_empty() {
            return Err(ExtractError::EmptyCorpus {
                path: path.to_owned(),
            });
        }
        let labels = Labels::from_names(rows.rows.iter().map(|row| row.label.as_str()))?;
        Ok(Self {
            labels: Arc::new(labels),
            texts: rows.rows.into_iter().map(|row| row.text).collect(),
            source: path.to_owned(),
            dropped: 0,
            whole: None,
        })
    }

    /// The texts in order.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The texts alone, without a copy.
    #[must_use]
    pub fn into_texts(self) -> Vec<String> {
        self.texts
    }

    /// The labels, one per text.
    #[must_use]
    pub fn labels(&self) -> &Arc<Labels> {
        &self.labels
    }

    /// Where the corpus was read from.
    #[must_use]
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// How many rows without text or label were left out.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// The SHA-256 of texts and labels in their order, as 64 hexadecimal digits. Two corpora with
    /// the same hash hold the same texts, whatever file they come from.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        let mut field = |text: &str| {
            // The length keeps "ab", "c" apart from "a", "bc".
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        for name in self.labels.names() {
            field(name);
        }
        for (text, id) in self.texts.iter().zip(self.labels.ids()) {
            field(text);
            field(&id.to_string());
        }
        hash.finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// The texts of one shard, with the names of all labels. The labels' indices and the count of
    /// left-out rows are those of the whole corpus.
    ///
    /// # Errors
    /// [`ExtractError::EmptyShard`] where there are more shards than texts,
    /// [`ExtractError::Unsupported`] for the shard of a shard.
    pub fn shard(&self, shard: Shard) -> Result<Self, ExtractError> {
        if self.whole.is_some() {
            return Err(ExtractError::Unsupported(
                "this corpus is a shard already; make shards of the whole",
            ));
        }
        let texts = self.texts.len();
        let rows: Vec<usize> = shard.rows(texts).collect();
        if rows.is_empty() {
            return Err(ExtractError::EmptyShard { shard, texts });
        }
        Ok(Self {
            labels: Arc::new(self.labels.select(&rows)?),
            texts: rows.iter().map(|&row| self.texts[row].clone()).collect(),
            source: self.source.clone(),
            dropped: self.dropped,
            whole: Some(ShardEntry {
                shard,
                corpus: self.hash(),
                texts,
            }),
        })
    }

    /// Of what this corpus is a shard; `None` for a whole one.
    #[must_use]
    pub fn whole(&self) -> Option<&ShardEntry> {
        self.whole.as_ref()
    }

    /// Refuses a corpus with fewer than two labels, for what compares them.
    ///
    /// # Errors
    /// [`ExtractError::SingleCategory`].
    pub fn require_two_categories(&self) -> Result<(), ExtractError> {
        match self.labels.names() {
            [label] => Err(ExtractError::SingleCategory {
                path: self.source.clone(),
                label: label.clone(),
            }),
            _ => Ok(()),
        }
    }
}
