//! A file of any format.

use std::fs::File;
use std::io::{BufReader, Cursor};

use super::input::{Source, check_binary, open_text};
#[cfg(feature = "parquet")]
use super::parquet;
use super::{dataset, json, table};
use crate::error::CorpusError;
#[cfg(not(feature = "parquet"))]
use crate::error::FormatProblem;
use crate::format::Format;
use crate::options::CorpusOptions;
use crate::row_filter::RowFilter;

/// Passes the rows of a file of this format to `rows`.
pub(super) fn read_file(
    source: Source<'_>,
    format: Format,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    let path = source.path;
    let text = || open_text(source, options);
    match format {
        Format::Csv => table::read(path, text()?, b',', options, rows),
        Format::Tsv => table::read(path, text()?, b'\t', options, rows),
        Format::JsonLines | Format::Json => json::read(path, text()?, format, options, rows),
        Format::Arrow => {
            check_binary(source)?;
            match source.bytes {
                Some(bytes) => dataset::read_file(path, Cursor::new(bytes), 0, options, rows)?,
                None => {
                    let file = File::open(path).map_err(CorpusError::io(path))?;
                    dataset::read_file(path, BufReader::new(file), 0, options, rows)?
                }
            };
            Ok(())
        }
        #[cfg(feature = "parquet")]
        Format::Parquet => {
            check_binary(source)?;
            parquet::read_source(source, options, rows)
        }
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => Err(CorpusError::format(path, FormatProblem::ParquetDisabled)),
    }
}
