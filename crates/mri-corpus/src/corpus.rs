use std::path::{Path, PathBuf};
use std::sync::Arc;

use mri_core::{CorpusOrigin, Labels, Shard, ShardOrigin};

use crate::error::CorpusError;
use crate::file::CorpusFile;
use crate::hash::CorpusHash;
use crate::labels::{shard_labels, some_labels};
use crate::options::CorpusOptions;
use crate::rows::Rows;
use crate::source::TextSource;

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
    /// [`CorpusError`] with the file, the place in it and the remedy.
    pub fn open(path: &Path, options: &CorpusOptions) -> Result<Self, CorpusError> {
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
    /// [`CorpusError::Empty`] without any pair, [`CorpusError::Row`] if a text or a label is empty or
    /// only white space.
    pub fn from_pairs<T: AsRef<str>, L: AsRef<str>>(
        pairs: impl IntoIterator<Item = (T, L)>,
    ) -> Result<Self, CorpusError> {
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
    /// [`CorpusError::Shard`] if there are more shards than texts, or for the shard of a shard.
    pub fn shard(&self, shard: Shard) -> Result<Self, CorpusError> {
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
            n_dropped: self.dropped,
            n_read: self.read,
            shard: self.whole.clone(),
        })
    }
}
