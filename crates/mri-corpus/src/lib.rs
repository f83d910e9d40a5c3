//! Labeled texts: readers of tables, datasets and folders, samples, shards and hashes.
//!
//! Every reader passes its rows through one filter, which rejects or drops rows without text or
//! label and numbers the labels, so that all formats behave alike. A [`Corpus`] holds its texts in
//! memory; a [`CorpusFile`] holds only its labels and reads the texts again on demand. Both are a
//! [`TextSource`], which is what the next stage takes.
//!
//! ```
//! use mri_corpus::{Corpus, CorpusFile, CorpusOptions, TextSource};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("topics.csv");
//! std::fs::write(&path, "text,label\nthe court ruled,law\na fugue,music\n,law\nan appeal,law\n")?;
//!
//! // Rows without text or label are an error unless they are to be dropped.
//! assert!(Corpus::open(&path, &CorpusOptions::default()).is_err());
//! let options = CorpusOptions::default().with_drop_missing(true);
//! let corpus = Corpus::open(&path, &options)?;
//! assert_eq!(corpus.texts(), ["the court ruled", "a fugue", "an appeal"]);
//! assert_eq!(corpus.labels().category_names(), ["law", "music"]);
//! assert_eq!(corpus.n_dropped(), 1);
//!
//! // The same texts without holding them in memory.
//! let file = CorpusFile::open(&path, &options)?;
//! let mut n_bytes = 0;
//! let origin = file.for_each(&mut |text| {
//!     n_bytes += text.len();
//!     Ok(())
//! })?;
//! assert_eq!(origin.hash, corpus.hash());
//!
//! // One text of each label, drawn at random, and one of two shards.
//! let sample = Corpus::open(&path, &options.with_per_class(1).with_sample_seed(7))?;
//! assert_eq!(sample.labels().category_counts(), [1, 1]);
//! assert_eq!(corpus.shard("2/2".parse()?)?.texts(), ["a fugue"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! No reader allocates by a length that a file claims. Parquet is read with the feature `parquet`.

mod corpus;
mod encoding;
mod error;
mod file;
mod format;
mod formats;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hash;
mod labels;
mod notes;
mod options;
mod quotes;
mod row_filter;
mod sample;
mod source;
mod value;

pub use corpus::Corpus;
pub use encoding::TextEncoding;
pub use error::{ColumnProblem, ColumnRole, CorpusError, FormatProblem, RowProblem, ShardError};
pub use file::CorpusFile;
pub use format::Format;
pub use hash::corpus_hash;
pub use notes::CorpusNotes;
pub use options::CorpusOptions;
pub use quotes::Quotes;
pub use source::TextSource;
