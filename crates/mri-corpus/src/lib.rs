//! Labelled texts, wherever they are stored.

mod corpus;
mod error;
mod file;
mod formats;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hash;
mod labels;
mod options;
mod row_filter;
mod sample;
mod source;
mod value;

pub use corpus::Corpus;
pub use error::{ColumnProblem, ColumnRole, CorpusError, FormatProblem, RowProblem, ShardError};
pub use file::CorpusFile;
#[cfg(feature = "parquet")]
pub use formats::parquet::panic_is_caught;
pub use options::CorpusOptions;
pub use source::TextSource;
