//! Labelled texts, wherever they come from.

mod arrow;
mod dataset;
mod flatbuffer;
mod folder;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod json_lines;
#[cfg(feature = "parquet")]
mod parquet;
mod rows;
mod table;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mri_core::Labels;
use sha2::{Digest, Sha256};

use self::rows::Rows;
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

/// Texts with their labels: text `i` has label `i`.
#[derive(Debug, Clone, PartialEq)]
pub struct Corpus {
    texts: Vec<String>,
    labels: Arc<Labels>,
    source: PathBuf,
    dropped: usize,
    read: usize,
    whole: Option<ShardEntry>,
}

impl Corpus {
    /// Reads a corpus. What `path` may be:
    ///
    /// - a `.csv` or `.tsv` file with a header line,
    /// - JSON Lines (`.jsonl`, `.ndjson`): one object per line,
    /// - a Parquet file (`.parquet`), with the feature `parquet`,
    /// - a folder that `save_to_disk` of Hugging Face's `datasets` wrote,
    /// - a folder that holds one folder of `.txt` files per label.
    ///
    /// Categories of a dataset or Parquet file whose label is a `ClassLabel` are in the order in which it declares
    /// them, those of other tables in the order in which they are first seen, those of a folder in
    /// the order of their names; the files of a folder are read in the order of their names.
    /// Texts are always in the order in which they are stored, also those of a sample.
    ///
    /// # Errors
    /// [`ExtractError`] with the file, the place in it and the remedy.
    pub fn open(path: &Path, options: &CorpusOptions) -> Result<Self, ExtractError> {
        for (value, flag) in [(options.limit, "limit"), (options.per_class, "per-class")] {
            if value == Some(0) {
                return Err(ExtractError::EmptySample { flag });
            }
        }
        let mut rows = Rows::new(options);
        let kind = fs::metadata(path).map_err(ExtractError::io(path))?;
        let extension = path
            .extension()
            .map(|e| e.to_string_lossy().to_ascii_lowercase());
        let file = || {
            let file = File::open(path).map_err(ExtractError::io(path))?;
            Ok::<_, ExtractError>(BufReader::new(file))
        };
        if kind.is_dir() && dataset::is_dataset(path) {
            dataset::read(path, options, &mut rows)?;
            return rows.finish(path);
        }
        if let Some(split) = &options.split {
            return Err(ExtractError::NoSuchSplit {
                path: path.to_owned(),
                split: split.clone(),
                splits: "this is no dataset of several parts; leave --split out".to_owned(),
            });
        }
        match extension.as_deref() {
            _ if kind.is_dir() => folder::read(path, &mut rows)?,
            Some("csv") => table::read(path, file()?, b',', options, &mut rows)?,
            Some("tsv" | "tab") => table::read(path, file()?, b'\t', options, &mut rows)?,
            Some("jsonl" | "ndjson") => json_lines::read(path, file()?, options, &mut rows)?,
            #[cfg(feature = "parquet")]
            Some("parquet") => {
                let file = File::open(path).map_err(ExtractError::io(path))?;
                parquet::read(path, file, options, &mut rows)?;
            }
            #[cfg(not(feature = "parquet"))]
            Some("parquet") => {
                return Err(ExtractError::Unsupported(
                    "Parquet is not read by this build; build it with the feature `parquet`, or save the table as JSON Lines",
                ));
            }
            _ => {
                return Err(ExtractError::UnknownFormat {
                    path: path.to_owned(),
                });
            }
        }
        rows.finish(path)
    }

    /// A corpus from pairs of text and label.
    ///
    /// # Errors
    /// [`ExtractError::EmptyCorpus`] without any pair, [`ExtractError::Missing`] if a text or a
    /// label is empty or only spaces.
    pub fn from_pairs<T: AsRef<str>, L: AsRef<str>>(
        pairs: impl IntoIterator<Item = (T, L)>,
    ) -> Result<Self, ExtractError> {
        let path = Path::new("the given texts");
        let options = CorpusOptions::default();
        let mut rows = Rows::new(&options);
        for (i, (text, label)) in pairs.into_iter().enumerate() {
            let place = || format!("text {i}");
            rows.push(path, place, text.as_ref(), label.as_ref())?;
        }
        rows.finish(path)
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

    /// How many texts with a label were read: more than are kept where a sample was asked for.
    #[must_use]
    pub fn read(&self) -> usize {
        self.read
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
            read: self.read,
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

/// The error for a table without a column that was asked for.
fn missing_column(path: &Path, name: &str, names: &[String], flag: &'static str) -> ExtractError {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    ExtractError::MissingColumn {
        path: path.to_owned(),
        column: name.to_owned(),
        columns: quoted.join(", "),
        flag,
    }
}
