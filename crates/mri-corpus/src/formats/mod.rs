//! The formats of corpora, one file each. Every reader hands its rows to `RowFilter`.

mod arrow;
pub(crate) mod dataset;
mod flatbuffer;
mod folder;
pub(crate) mod json_lines;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
pub(crate) mod table;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use crate::error::{CorpusError, FormatProblem};
use crate::options::CorpusOptions;
use crate::row_filter::RowFilter;

/// Passes the rows of a file or folder to `rows`.
pub(crate) fn read_rows(
    path: &Path,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    let kind = fs::metadata(path).map_err(CorpusError::io(path))?;
    if kind.is_dir() && dataset::is_dataset(path) {
        return dataset::read(path, options, rows);
    }
    if let Some(split) = &options.split {
        return Err(CorpusError::Split {
            path: path.to_owned(),
            split: Some(split.clone()),
            splits: Vec::new(),
        });
    }
    if kind.is_dir() {
        return folder::read(path, rows);
    }
    let extension = path
        .extension()
        .map(|e| e.to_string_lossy().to_ascii_lowercase());
    let file = || File::open(path).map_err(CorpusError::io(path));
    let lines = || file().map(BufReader::new);
    match extension.as_deref() {
        Some("csv") => table::read(path, lines()?, b',', options, rows),
        Some("tsv" | "tab") => table::read(path, lines()?, b'\t', options, rows),
        Some("jsonl" | "ndjson") => json_lines::read(path, lines()?, options, rows),
        #[cfg(feature = "parquet")]
        Some("parquet") => parquet::read(path, file()?, options, rows),
        #[cfg(not(feature = "parquet"))]
        Some("parquet") => Err(CorpusError::Format {
            path: path.to_owned(),
            problem: FormatProblem::ParquetDisabled,
        }),
        _ => Err(CorpusError::Format {
            path: path.to_owned(),
            problem: FormatProblem::Unknown,
        }),
    }
}
