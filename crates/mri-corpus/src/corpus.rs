use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mri_core::{CorpusOrigin, Labels, Shard, ShardOrigin};

use crate::error::CorpusError;
use crate::file::CorpusFile;
use crate::hash::corpus_hash;
use crate::labels::{shard_labels, some_labels};
use crate::notes::CorpusNotes;
use crate::options::CorpusOptions;
use crate::row_filter::{Filtered, RowFilter};
use crate::source::TextSource;

/// Texts with their labels, in memory: text `i` has label `i`. A [`CorpusFile`] keeps the texts on
/// disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Corpus {
    texts: Vec<String>,
    labels: Arc<Labels>,
    source: PathBuf,
    n_dropped: usize,
    n_read: usize,
    notes: CorpusNotes,
    shard_of: Option<ShardOrigin>,
}

impl Corpus {
    /// Reads a corpus. `path` is one of:
    ///
    /// - a `.csv` or `.tsv` table with a header line,
    /// - JSON: one object per line (`.jsonl`, `.ndjson`), or a list of objects (`.json`),
    /// - a Parquet file (`.parquet`), with the feature `parquet`,
    /// - a stream or file of Arrow (`.arrow`, `.feather`), not compressed,
    /// - a dataset of Hugging Face's `datasets`: a folder that `save_to_disk` wrote, a clone, or
    ///   a folder of the cache,
    /// - a folder of tables, which are read one after another,
    /// - a folder that holds one folder of `.txt` files per label.
    ///
    /// Tables and JSON may be compressed (`.gz`, `.zst`). `docs/corpora.md` has the details.
    ///
    /// Categories are numbered in the order of the `ClassLabel` of a dataset or Parquet file, of
    /// the names of a folder's subfolders, or else in the order in which they are first seen. Texts
    /// keep the order in which they are stored, also in a sample; the files of a folder are sorted
    /// by name.
    ///
    /// # Errors
    /// [`CorpusError`] with the file and the place in it.
    pub fn open(path: &Path, options: &CorpusOptions) -> Result<Self, CorpusError> {
        let mut texts = Vec::new();
        let file = if options.limit.or(options.per_class).is_none() {
            CorpusFile::scan_labels(path, options, &mut |text| texts.push(text.to_owned()))?
        } else {
            // The sample is known only once all rows have been seen.
            let file = CorpusFile::open(path, options)?;
            file.for_each_kept(&mut |_, text, _| {
                texts.push(text.to_owned());
                Ok(())
            })?;
            file
        };
        Ok(Self::of(&file, texts))
    }

    /// Reads a corpus from a stream; see [`CorpusFile::from_reader`].
    ///
    /// # Errors
    /// As [`CorpusFile::from_reader`].
    ///
    /// ```
    /// use mri_corpus::{Corpus, CorpusOptions, Format};
    ///
    /// let options = CorpusOptions::default().with_format(Format::JsonLines);
    /// let stream = r#"{"text": "a fugue", "label": "music"}"#.as_bytes();
    /// let corpus = Corpus::from_reader("standard input".as_ref(), stream, &options)?;
    /// assert_eq!(corpus.texts(), ["a fugue"]);
    /// # Ok::<(), mri_corpus::CorpusError>(())
    /// ```
    pub fn from_reader(
        name: &Path,
        source: impl Read,
        options: &CorpusOptions,
    ) -> Result<Self, CorpusError> {
        let file = CorpusFile::from_reader(name, source, options)?;
        let mut texts = Vec::with_capacity(file.labels().len());
        file.for_each_kept(&mut |_, text, _| {
            texts.push(text.to_owned());
            Ok(())
        })?;
        Ok(Self::of(&file, texts))
    }

    /// The corpus of a file whose texts these are.
    fn of(file: &CorpusFile, texts: Vec<String>) -> Self {
        Self {
            texts,
            labels: file.labels().clone(),
            source: file.source().to_owned(),
            n_dropped: file.n_dropped(),
            n_read: file.n_read(),
            notes: file.notes().clone(),
            shard_of: None,
        }
    }

    /// A corpus from pairs of text and label.
    ///
    /// # Errors
    /// [`CorpusError::Empty`] without any pair, [`CorpusError::Row`] if a text or a label is empty
    /// or only white space.
    pub fn from_pairs<T: AsRef<str>, L: AsRef<str>>(
        pairs: impl IntoIterator<Item = (T, L)>,
    ) -> Result<Self, CorpusError> {
        let path = Path::new("the given texts");
        let (mut texts, mut categories) = (Vec::new(), Vec::new());
        let mut sink = |text: &str, category| {
            texts.push(text.to_owned());
            categories.push(category);
            Ok(())
        };
        let mut rows = RowFilter::new(&CorpusOptions::default(), &mut sink);
        for (i, (text, label)) in pairs.into_iter().enumerate() {
            let place = || format!("text {i}");
            rows.push(path, place, text.as_ref(), label.as_ref())?;
        }
        let Filtered {
            names,
            n_dropped,
            notes,
        } = rows.finish();
        Ok(Self {
            labels: some_labels(path, names, categories, n_dropped)?,
            n_read: texts.len(),
            texts,
            source: path.to_owned(),
            n_dropped,
            notes,
            shard_of: None,
        })
    }

    /// The texts in order.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The texts, without a copy.
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

    /// The number of rows that were dropped because they lack a text or a label.
    #[must_use]
    pub fn n_dropped(&self) -> usize {
        self.n_dropped
    }

    /// The number of labeled texts that were read; a sample keeps fewer.
    #[must_use]
    pub fn n_read(&self) -> usize {
        self.n_read
    }

    /// What was noticed in the texts that were read, of which a sample keeps fewer.
    #[must_use]
    pub fn notes(&self) -> &CorpusNotes {
        &self.notes
    }

    /// The SHA-256 of texts and labels in their order, as 64 hexadecimal digits. Two corpora with
    /// the same hash hold the same texts, whatever file they come from.
    #[must_use]
    pub fn hash(&self) -> String {
        corpus_hash(&self.texts, &self.labels)
    }

    /// The texts of one shard. Categories, [`Corpus::n_read`] and [`Corpus::n_dropped`] are those
    /// of the whole corpus.
    ///
    /// # Errors
    /// [`CorpusError::Shard`] if there are more shards than texts, or for the shard of a shard.
    pub fn shard(&self, shard: Shard) -> Result<Self, CorpusError> {
        let texts = self.texts.len();
        Ok(Self {
            labels: shard_labels(&self.labels, shard, self.shard_of.is_some())?,
            texts: shard
                .rows(texts)
                .map(|row| self.texts[row].clone())
                .collect(),
            source: self.source.clone(),
            n_dropped: self.n_dropped,
            n_read: self.n_read,
            notes: self.notes.clone(),
            shard_of: Some(ShardOrigin {
                shard,
                corpus: self.hash(),
                texts,
            }),
        })
    }

    /// The whole corpus that this one is a shard of; `None` for a whole corpus.
    #[must_use]
    pub fn shard_of(&self) -> Option<&ShardOrigin> {
        self.shard_of.as_ref()
    }

    /// Rejects a corpus with fewer than two categories, which cannot be compared.
    ///
    /// # Errors
    /// [`CorpusError::SingleCategory`].
    pub fn require_two_categories(&self) -> Result<(), CorpusError> {
        match self.labels.category_names() {
            [label] => Err(CorpusError::SingleCategory {
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
        each: &mut dyn FnMut(&str) -> Result<(), CorpusError>,
    ) -> Result<CorpusOrigin, CorpusError> {
        for text in &self.texts {
            each(text)?;
        }
        Ok(CorpusOrigin {
            hash: self.hash(),
            source: self.source.clone(),
            n_dropped: self.n_dropped,
            n_read: self.n_read,
            shard: self.shard_of.clone(),
        })
    }
}
