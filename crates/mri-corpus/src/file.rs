use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mri_core::{CorpusOrigin, Labels, Shard, ShardOrigin};

use crate::error::{CorpusError, FormatProblem};
use crate::formats::input::Source;
use crate::formats::read_rows;
use crate::hash::CorpusHash;
use crate::labels::{shard_labels, some_labels};
use crate::notes::CorpusNotes;
use crate::options::CorpusOptions;
use crate::row_filter::{Filtered, RowFilter};
use crate::sample::{Sampler, Selection};
use crate::source::TextSource;

/// Labeled texts that stay on disk: only their labels are held in memory.
///
/// Opening one reads it once, so that every error in it is found at once;
/// [`TextSource::for_each`] reads it again.
#[derive(Debug, Clone)]
pub struct CorpusFile {
    path: PathBuf,
    /// What stands for the file, if it came as a stream.
    bytes: Option<Arc<[u8]>>,
    options: CorpusOptions,
    /// The indices of the kept texts among all labeled rows; `None` if all are kept.
    kept_rows: Option<Vec<u64>>,
    /// The labels of the whole corpus, of which this may be a shard.
    all_labels: Arc<Labels>,
    /// The shard, and its labels.
    shard: Option<(Shard, Arc<Labels>)>,
    n_dropped: usize,
    n_read: u64,
    notes: CorpusNotes,
}

impl CorpusFile {
    /// Opens a corpus in any of the formats of [`Corpus::open`](crate::Corpus::open), with the same
    /// rows.
    ///
    /// # Errors
    /// [`CorpusError`] with the file and the place in it;
    /// [`CorpusError::Format`] for a pipe, which can be read only once.
    pub fn open(path: &Path, options: &CorpusOptions) -> Result<Self, CorpusError> {
        let kind = fs::metadata(path).map_err(CorpusError::io(path))?;
        if !kind.is_file() && !kind.is_dir() {
            return Err(CorpusError::Format {
                path: path.to_owned(),
                problem: FormatProblem::Pipe,
            });
        }
        Self::scan_labels(path, options, &mut |_| ())
    }

    /// Reads a corpus from a stream, which is kept in memory as it comes. `name` is what errors
    /// call it; [`CorpusOptions::format`] says what it is, if the name does not end in it.
    ///
    /// # Errors
    /// [`CorpusError`] with the name and the place in it; [`CorpusError::Format`] if the format is
    /// not known.
    pub fn from_reader(
        name: &Path,
        source: impl Read,
        options: &CorpusOptions,
    ) -> Result<Self, CorpusError> {
        Self::scan_reader(name, source, options, &mut |_| ())
    }

    /// As [`CorpusFile::from_reader`], and shows every labeled text to `look`.
    pub(crate) fn scan_reader(
        name: &Path,
        mut source: impl Read,
        options: &CorpusOptions,
        look: &mut dyn FnMut(&str),
    ) -> Result<Self, CorpusError> {
        let mut bytes = Vec::new();
        source
            .read_to_end(&mut bytes)
            .map_err(CorpusError::io(name))?;
        let bytes: Arc<[u8]> = bytes.into();
        let source = Source {
            path: name,
            bytes: Some(&bytes),
        };
        let read = |rows: &mut RowFilter<'_>| read_rows(source, options, rows);
        let mut file = Self::scan_labels_with(name, options, look, read)?;
        file.bytes = Some(bytes);
        Ok(file)
    }

    /// Reads the labels of a corpus, and shows every labeled text to `look`.
    pub(crate) fn scan_labels(
        path: &Path,
        options: &CorpusOptions,
        look: &mut dyn FnMut(&str),
    ) -> Result<Self, CorpusError> {
        Self::scan_labels_with(path, options, look, |rows| {
            read_rows(Source::file(path), options, rows)
        })
    }

    /// As [`CorpusFile::scan_labels`], of the rows that `read` reads.
    pub(crate) fn scan_labels_with(
        path: &Path,
        options: &CorpusOptions,
        look: &mut dyn FnMut(&str),
        read: impl FnOnce(&mut RowFilter<'_>) -> Result<(), CorpusError>,
    ) -> Result<Self, CorpusError> {
        for (size, per_class) in [(options.limit, false), (options.per_class, true)] {
            if size == Some(0) {
                return Err(CorpusError::EmptySample { per_class });
            }
        }
        let mut sampler = Sampler::new(options);
        let mut sink = |text: &str, category: u32| {
            sampler.push(category);
            look(text);
            Ok(())
        };
        let mut rows = RowFilter::new(options, &mut sink);
        read(&mut rows)?;
        let Filtered {
            names,
            n_dropped,
            notes,
        } = rows.finish();
        let Selection {
            rows,
            categories,
            n_seen,
        } = sampler.finish();
        Ok(Self {
            path: path.to_owned(),
            bytes: None,
            options: options.clone(),
            kept_rows: rows,
            all_labels: some_labels(path, names, categories, n_dropped)?,
            shard: None,
            n_dropped,
            n_read: n_seen,
            notes,
        })
    }

    /// The texts of one shard. Categories, [`CorpusFile::n_read`] and [`CorpusFile::n_dropped`] are
    /// those of the whole corpus.
    ///
    /// # Errors
    /// [`CorpusError::Shard`] if there are more shards than texts, or for the shard of a shard.
    pub fn shard(mut self, shard: Shard) -> Result<Self, CorpusError> {
        let labels = shard_labels(&self.all_labels, shard, self.shard.is_some())?;
        self.shard = Some((shard, labels));
        Ok(self)
    }

    /// Passes the kept texts of the whole corpus to `each`, with their indices and categories.
    pub(crate) fn for_each_kept(
        &self,
        each: &mut dyn FnMut(usize, &str, u32) -> Result<(), CorpusError>,
    ) -> Result<(), CorpusError> {
        let changed = || CorpusError::Changed {
            path: self.path.clone(),
        };
        let (mut seen, mut kept) = (0, 0);
        let mut sink = |text: &str, category: u32| {
            let row = seen;
            seen += 1;
            if let Some(rows) = &self.kept_rows
                && rows.get(kept) != Some(&row)
            {
                return Ok(());
            }
            if self.all_labels.row_categories().get(kept) != Some(&category) {
                return Err(changed());
            }
            kept += 1;
            each(kept - 1, text, category)
        };
        let mut rows = RowFilter::new(&self.options, &mut sink);
        let source = Source {
            path: &self.path,
            bytes: self.bytes.as_deref(),
        };
        read_rows(source, &self.options, &mut rows)?;
        let read = rows.finish();
        if read.names != self.all_labels.category_names()
            || read.n_dropped != self.n_dropped
            || seen != self.n_read
        {
            return Err(changed());
        }
        Ok(())
    }

    /// Where the texts are stored.
    #[must_use]
    pub fn source(&self) -> &Path {
        &self.path
    }

    /// The number of rows that were dropped because they lack a text or a label.
    #[must_use]
    pub fn n_dropped(&self) -> usize {
        self.n_dropped
    }

    /// What was noticed in the texts that were read, of which a sample keeps fewer.
    #[must_use]
    pub fn notes(&self) -> &CorpusNotes {
        &self.notes
    }

    /// The number of labeled texts that were read; a sample keeps fewer.
    #[must_use]
    pub fn n_read(&self) -> usize {
        self.n_read as usize
    }
}

impl TextSource for CorpusFile {
    fn labels(&self) -> &Arc<Labels> {
        self.shard
            .as_ref()
            .map_or(&self.all_labels, |(_, labels)| labels)
    }

    /// # Errors
    /// [`CorpusError::Changed`] if labels are not those that were there when the corpus was opened.
    fn for_each(
        &self,
        each: &mut dyn FnMut(&str) -> Result<(), CorpusError>,
    ) -> Result<CorpusOrigin, CorpusError> {
        let names = self.all_labels.category_names();
        let mut whole = CorpusHash::new(names);
        let mut part = self
            .shard
            .as_ref()
            .map(|&(shard, _)| (shard, CorpusHash::new(names)));
        self.for_each_kept(&mut |row, text, category| {
            whole.push(text, category);
            if let Some((shard, part)) = &mut part {
                if !shard.contains(row) {
                    return Ok(());
                }
                part.push(text, category);
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
                    texts: self.all_labels.len(),
                };
                (part.finish(), Some(entry))
            }
        };
        Ok(CorpusOrigin {
            hash,
            source: self.path.clone(),
            n_dropped: self.n_dropped,
            n_read: self.n_read(),
            shard,
        })
    }
}
