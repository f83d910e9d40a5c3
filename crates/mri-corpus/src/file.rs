use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mri_core::{CorpusOrigin, Labels, Shard, ShardOrigin};

use crate::error::{CorpusError, FormatProblem};
use crate::formats::read_rows;
use crate::hash::CorpusHash;
use crate::labels::{shard_labels, some_labels};
use crate::options::CorpusOptions;
use crate::rows::Rows;
use crate::sample::{Chosen, Sample};
use crate::source::TextSource;

/// Labelled texts that stay where they are stored: only their labels are held in memory.
///
/// Opening one reads it through once, so that every mistake in it is found before anything is done
/// with it; [`TextSource::for_each`] reads it again.
#[derive(Debug, Clone)]
pub struct CorpusFile {
    path: PathBuf,
    options: CorpusOptions,
    /// The places of the texts among all rows with text and label; `None` where all are kept.
    rows: Option<Vec<u64>>,
    /// The labels of the whole corpus.
    whole: Arc<Labels>,
    /// A part, and its labels.
    shard: Option<(Shard, Arc<Labels>)>,
    dropped: usize,
    read: u64,
}

impl CorpusFile {
    /// Opens a corpus, of the same kinds as [`Corpus::open`](crate::Corpus::open) does and with the
    /// same rows.
    ///
    /// # Errors
    /// [`CorpusError`] with the file, the place in it and the remedy;
    /// [`CorpusError::Format`] for a pipe, which can be read only once.
    pub fn open(path: &Path, options: &CorpusOptions) -> Result<Self, CorpusError> {
        let kind = fs::metadata(path).map_err(CorpusError::io(path))?;
        if !kind.is_file() && !kind.is_dir() {
            return Err(CorpusError::Format {
                path: path.to_owned(),
                problem: FormatProblem::Pipe,
            });
        }
        Self::survey(path, options, &mut |_| ())
    }

    /// Reads a corpus through, and shows every text with a label to `look`.
    pub(crate) fn survey(
        path: &Path,
        options: &CorpusOptions,
        look: &mut dyn FnMut(&str),
    ) -> Result<Self, CorpusError> {
        Self::survey_of(path, options, look, |rows| read_rows(path, options, rows))
    }

    /// The same of the rows that `read` reads.
    pub(crate) fn survey_of(
        path: &Path,
        options: &CorpusOptions,
        look: &mut dyn FnMut(&str),
        read: impl FnOnce(&mut Rows<'_>) -> Result<(), CorpusError>,
    ) -> Result<Self, CorpusError> {
        for (size, per_class) in [(options.limit, false), (options.per_class, true)] {
            if size == Some(0) {
                return Err(CorpusError::EmptySample { per_class });
            }
        }
        let mut sample = Sample::new(options);
        let mut take = |text: &str, label: u32| {
            sample.push(label);
            look(text);
            Ok(())
        };
        let mut rows = Rows::new(options, &mut take);
        read(&mut rows)?;
        let (names, dropped) = rows.finish();
        let Chosen { rows, ids, seen } = sample.finish();
        Ok(Self {
            path: path.to_owned(),
            options: options.clone(),
            rows,
            whole: some_labels(path, names, ids, dropped)?,
            shard: None,
            dropped,
            read: seen,
        })
    }

    /// The texts of one shard, with the names of all labels. The labels' indices and the count of
    /// left-out rows are those of the whole corpus.
    ///
    /// # Errors
    /// [`CorpusError::Shard`] if there are more shards than texts, or for the shard of a shard.
    pub fn shard(mut self, shard: Shard) -> Result<Self, CorpusError> {
        let labels = shard_labels(&self.whole, shard, self.shard.is_some())?;
        self.shard = Some((shard, labels));
        Ok(self)
    }

    /// Hands the texts of the whole corpus to `each`, with their numbers and those of their labels.
    pub(crate) fn for_each_of_whole(
        &self,
        each: &mut dyn FnMut(usize, &str, u32) -> Result<(), CorpusError>,
    ) -> Result<(), CorpusError> {
        let changed = || CorpusError::Changed {
            path: self.path.clone(),
        };
        let (mut seen, mut kept) = (0, 0);
        let mut take = |text: &str, label: u32| {
            let row = seen;
            seen += 1;
            if let Some(rows) = &self.rows
                && rows.get(kept) != Some(&row)
            {
                return Ok(());
            }
            if self.whole.row_categories().get(kept) != Some(&label) {
                return Err(changed());
            }
            kept += 1;
            each(kept - 1, text, label)
        };
        let mut rows = Rows::new(&self.options, &mut take);
        read_rows(&self.path, &self.options, &mut rows)?;
        let (names, dropped) = rows.finish();
        if names != self.whole.category_names() || dropped != self.dropped || seen != self.read {
            return Err(changed());
        }
        Ok(())
    }

    /// Where the texts are stored.
    #[must_use]
    pub fn source(&self) -> &Path {
        &self.path
    }

    /// How many rows without text or label were left out.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// How many texts with a label were read: more than are kept where a sample was asked for.
    #[must_use]
    pub fn read(&self) -> usize {
        self.read as usize
    }
}

impl TextSource for CorpusFile {
    fn labels(&self) -> &Arc<Labels> {
        self.shard
            .as_ref()
            .map_or(&self.whole, |(_, labels)| labels)
    }

    /// # Errors
    /// [`CorpusError::Changed`] if labels are not those that were there when the corpus was opened.
    fn for_each(
        &self,
        each: &mut dyn FnMut(&str) -> Result<(), CorpusError>,
    ) -> Result<CorpusOrigin, CorpusError> {
        let names = self.whole.category_names();
        let mut whole = CorpusHash::new(names);
        let mut part = self
            .shard
            .as_ref()
            .map(|&(shard, _)| (shard, CorpusHash::new(names)));
        self.for_each_of_whole(&mut |number, text, label| {
            whole.push(text, label);
            if let Some((shard, part)) = &mut part {
                if !shard.contains(number) {
                    return Ok(());
                }
                part.push(text, label);
            }
            each(text)
        })?;
        let whole = whole.finish();
        let (hash, shard) = match part {
            None => (whole, None),
            Some((shard, part)) => {
                let entry = ShardOrigin {
                    shard,
                    corpus: whole,
                    texts: self.whole.len(),
                };
                (part.finish(), Some(entry))
            }
        };
        Ok(CorpusOrigin {
            hash,
            source: self.path.clone(),
            n_dropped: self.dropped,
            n_read: self.read(),
            shard,
        })
    }
}
