//! Labelled texts, wherever they come from.

mod arrow;
mod dataset;
mod file;
mod flatbuffer;
mod folder;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod json_lines;
#[cfg(feature = "parquet")]
mod parquet;
mod rows;
mod sample;
mod source;
mod table;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mri_core::{CorpusOrigin, Labels, Shard, ShardOrigin};

pub use self::file::CorpusFile;
#[cfg(feature = "parquet")]
pub use self::parquet::panic_is_caught;
pub use self::source::TextSource;

use self::rows::Rows;
use self::source::CorpusHash;
use crate::ExtractError;

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

/// Texts with their labels, in memory: text `i` has label `i`. Texts that are only to be recorded need
/// not be held: see [`CorpusFile`].
#[derive(Debug, Clone, PartialEq)]
pub struct Corpus {
    texts: Vec<String>,
    labels: Arc<Labels>,
    source: PathBuf,
    dropped: usize,
    read: usize,
    whole: Option<ShardOrigin>,
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
        let mut texts = Vec::new();
        let file = if options.limit.or(options.per_class).is_none() {
            CorpusFile::survey(path, options, &mut |text| texts.push(text.to_owned()))?
        } else {
            // Which rows are of the sample is known only once all have been seen.
            let file = CorpusFile::open(path, options)?;
            file.for_each_of_whole(&mut |_, text, _| {
                texts.push(text.to_owned());
                Ok(())
            })?;
            file
        };
        Ok(Self {
            texts,
            labels: file.labels().clone(),
            source: path.to_owned(),
            dropped: file.dropped(),
            read: file.read(),
            whole: None,
        })
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
        let (mut texts, mut ids) = (Vec::new(), Vec::new());
        let mut take = |text: &str, label| {
            texts.push(text.to_owned());
            ids.push(label);
            Ok(())
        };
        let mut rows = Rows::new(&CorpusOptions::default(), &mut take);
        for (i, (text, label)) in pairs.into_iter().enumerate() {
            let place = || format!("text {i}");
            rows.push(path, place, text.as_ref(), label.as_ref())?;
        }
        let (names, dropped) = rows.finish();
        Ok(Self {
            labels: some_labels(path, names, ids, dropped)?,
            read: texts.len(),
            texts,
            source: path.to_owned(),
            dropped,
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

    /// How many texts with a label were read: more than are kept where a sample was asked for.
    #[must_use]
    pub fn read(&self) -> usize {
        self.read
    }

    /// The SHA-256 of texts and labels in their order, as 64 hexadecimal digits. Two corpora with
    /// the same hash hold the same texts, whatever file they come from.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = CorpusHash::new(self.labels.category_names());
        for (text, &id) in self.texts.iter().zip(self.labels.row_categories()) {
            hash.push(text, id);
        }
        hash.finish()
    }

    /// The texts of one shard, with the names of all labels. The labels' indices and the count of
    /// left-out rows are those of the whole corpus.
    ///
    /// # Errors
    /// [`ExtractError::EmptyShard`] where there are more shards than texts,
    /// [`ExtractError::Unsupported`] for the shard of a shard.
    pub fn shard(&self, shard: Shard) -> Result<Self, ExtractError> {
        let texts = self.texts.len();
        Ok(Self {
            labels: shard_labels(&self.labels, shard, self.whole.is_some())?,
            texts: shard
                .rows(texts)
                .map(|row| self.texts[row].clone())
                .collect(),
            source: self.source.clone(),
            dropped: self.dropped,
            read: self.read,
            whole: Some(ShardOrigin {
                shard,
                corpus: self.hash(),
                texts,
            }),
        })
    }

    /// Of what this corpus is a shard; `None` for a whole one.
    #[must_use]
    pub fn whole(&self) -> Option<&ShardOrigin> {
        self.whole.as_ref()
    }

    /// Refuses a corpus with fewer than two labels, for what compares them.
    ///
    /// # Errors
    /// [`ExtractError::SingleCategory`].
    pub fn require_two_categories(&self) -> Result<(), ExtractError> {
        match self.labels.category_names() {
            [label] => Err(ExtractError::SingleCategory {
                path: self.source.clone(),
                label: label.clone(),
            }),
            _ => Ok(()),
        }
    }
}

impl TextSource for Corpus {
    fn labels(&self) -> &Arc<Labels> {
        &self.labels
    }

    fn for_each(
        &self,
        each: &mut dyn FnMut(&str) -> Result<(), ExtractError>,
    ) -> Result<CorpusOrigin, ExtractError> {
        for text in &self.texts {
            each(text)?;
        }
        Ok(CorpusOrigin {
            hash: self.hash(),
            source: self.source.clone(),
            n_dropped: self.dropped,
            n_read: self.read,
            shard: self.whole.clone(),
        })
    }
}

/// Hands the rows of a file or folder to `rows`.
fn read_rows(
    path: &Path,
    options: &CorpusOptions,
    rows: &mut Rows<'_>,
) -> Result<(), ExtractError> {
    let kind = fs::metadata(path).map_err(ExtractError::io(path))?;
    if kind.is_dir() && dataset::is_dataset(path) {
        return dataset::read(path, options, rows);
    }
    if let Some(split) = &options.split {
        return Err(ExtractError::NoSuchSplit {
            path: path.to_owned(),
            split: split.clone(),
            splits: "this is no dataset of several parts; leave --split out".to_owned(),
        });
    }
    if kind.is_dir() {
        return folder::read(path, rows);
    }
    let extension = path
        .extension()
        .map(|e| e.to_string_lossy().to_ascii_lowercase());
    let file = || File::open(path).map_err(ExtractError::io(path));
    let lines = || file().map(BufReader::new);
    match extension.as_deref() {
        Some("csv") => table::read(path, lines()?, b',', options, rows),
        Some("tsv" | "tab") => table::read(path, lines()?, b'\t', options, rows),
        Some("jsonl" | "ndjson") => json_lines::read(path, lines()?, options, rows),
        #[cfg(feature = "parquet")]
        Some("parquet") => parquet::read(path, file()?, options, rows),
        #[cfg(not(feature = "parquet"))]
        Some("parquet") => Err(ExtractError::Unsupported(
            "Parquet is not read by this build; build it with the feature `parquet`, or save the table as JSON Lines",
        )),
        _ => Err(ExtractError::UnknownFormat {
            path: path.to_owned(),
        }),
    }
}

/// The labels of a corpus, which has to have some text.
fn some_labels(
    path: &Path,
    names: Vec<String>,
    ids: Vec<u32>,
    dropped: usize,
) -> Result<Arc<Labels>, ExtractError> {
    if ids.is_empty() {
        return Err(ExtractError::EmptyCorpus {
            path: path.to_owned(),
            dropped,
        });
    }
    Ok(Arc::new(Labels::new(names, ids)?))
}

/// The labels of a shard of a corpus, which may be a shard itself.
fn shard_labels(
    labels: &Labels,
    shard: Shard,
    of_shard: bool,
) -> Result<Arc<Labels>, ExtractError> {
    if of_shard {
        return Err(ExtractError::Unsupported(
            "this corpus is a shard already; make shards of the whole",
        ));
    }
    let texts = labels.len();
    let rows: Vec<usize> = shard.rows(texts).collect();
    if rows.is_empty() {
        return Err(ExtractError::EmptyShard { shard, texts });
    }
    Ok(Arc::new(labels.select(&rows)?))
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
