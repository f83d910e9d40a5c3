//! The formats of corpora, one file each. Every reader hands its rows to `RowFilter`.

mod arrow;
pub(crate) mod dataset;
mod file;
mod folder;
pub(crate) mod input;
pub(crate) mod json;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
mod splits;
pub(crate) mod table;
mod tables;
mod zstd;

use std::fs;
use std::path::Path;

use self::file::read_file;
use self::input::Source;
use crate::error::{CorpusError, FormatProblem};
use crate::format::Format;
use crate::options::CorpusOptions;
use crate::row_filter::RowFilter;

/// Passes the rows of a file, of bytes in its place, or of a folder to `rows`.
pub(crate) fn read_rows(
    source: Source<'_>,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    let path = source.path;
    let is_folder =
        source.bytes.is_none() && fs::metadata(path).map_err(CorpusError::io(path))?.is_dir();
    if is_folder {
        return read_folder(path, options, rows);
    }
    let format = match options.format.or_else(|| Format::of(path)) {
        Some(format) => format,
        None if source.bytes.is_some() => {
            return Err(CorpusError::format(path, FormatProblem::Unnamed));
        }
        None => return Err(unknown(path)),
    };
    if let Some(split) = &options.split
        && format != Format::Json
    {
        return Err(CorpusError::undivided(path, split));
    }
    read_file(source, format, options, rows)
}

fn read_folder(
    path: &Path,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    if dataset::is_dataset(path) {
        return dataset::read(path, options, rows);
    }
    let tables = tables::find(path)?;
    // A list in JSON may lie beside texts of any kind.
    let has_tables = tables
        .iter()
        .any(|table| table.folder != path && table.format != Format::Json);
    if folder::is_texts(path)? && !has_tables {
        return match &options.split {
            Some(split) => Err(CorpusError::undivided(path, split)),
            None => folder::read(path, options, rows),
        };
    }
    if !tables.is_empty() {
        return tables::read(path, tables, options, rows);
    }
    match folder::sorted(path)?.is_empty() {
        true => Err(CorpusError::EmptyFile {
            path: path.to_owned(),
        }),
        false => Err(CorpusError::format(path, FormatProblem::Unknown)),
    }
}

/// The error for a file whose name tells no format that is read.
fn unknown(path: &Path) -> CorpusError {
    let ending = path
        .extension()
        .map(|e| e.to_string_lossy().to_ascii_lowercase());
    let problem = match ending.as_deref() {
        Some("xlsx" | "xlsm" | "xlsb" | "xls" | "ods" | "numbers") => FormatProblem::Spreadsheet,
        Some("zip" | "tar" | "tgz" | "bz2" | "xz" | "7z" | "rar" | "lz4" | "br") => {
            FormatProblem::Archive
        }
        _ => FormatProblem::Unknown,
    };
    CorpusError::format(path, problem)
}
