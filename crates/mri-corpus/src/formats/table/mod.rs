//! Tables with a header line, their columns separated by a character (RFC 4180, and what
//! spreadsheets make of it).

mod fault;
mod header;
mod records;

use std::io::BufRead;
use std::path::Path;

use self::fault::error;
use self::records::Records;
use crate::error::CorpusError;
use crate::options::CorpusOptions;
use crate::row_filter::RowFilter;

/// Reads a table. `delimiter` is what its columns are separated by, unless its header tells
/// another one.
pub(crate) fn read(
    path: &Path,
    source: impl BufRead,
    delimiter: u8,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    let mut records = Records::new(source);
    let [text, label] = header::read(path, &mut records, delimiter, options)?;
    while records.next().map_err(|fault| error(path, fault))? {
        let record = records.record();
        let field = |index: usize| {
            let bytes = record.get(index).unwrap_or_default();
            std::str::from_utf8(bytes)
                .map_err(|e| not_utf8(path, record.line(), record.raw(), bytes, &e))
        };
        let place = || format!("line {}", record.line());
        rows.push(path, place, field(text)?, field(label)?)?;
    }
    Ok(())
}

/// The error for a field that is not UTF-8: its place is that in the record's own lines, where it
/// is found there, since they are what an editor shows.
fn not_utf8(
    path: &Path,
    line: u64,
    raw: &[u8],
    field: &[u8],
    error: &std::str::Utf8Error,
) -> CorpusError {
    match std::str::from_utf8(raw) {
        Err(error) => CorpusError::not_utf8(path, line, raw, &error),
        Ok(_) => CorpusError::not_utf8(path, line, field, error),
    }
}
