//! Comma- and tab-separated tables with a header line (RFC 4180).

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};

use crate::error::{ColumnRole, CorpusError, RowProblem};
use crate::options::CorpusOptions;
use crate::row_filter::RowFilter;

pub(crate) fn read(
    path: &Path,
    source: impl Read,
    delimiter: u8,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(source);
    let header = reader
        .byte_headers()
        .map_err(|e| table_error(path, &e))?
        .clone();
    let text = column(path, &header, &options.text_column, ColumnRole::Text)?;
    let label = column(path, &header, &options.label_column, ColumnRole::Label)?;
    let mut record = ByteRecord::new();
    while reader
        .read_byte_record(&mut record)
        .map_err(|e| table_error(path, &e))?
    {
        let place = || place_of(path, record.position());
        let field = |index: usize| {
            let bytes = record.get(index).unwrap_or_default();
            std::str::from_utf8(bytes)
                .map_err(|_| CorpusError::row(path, place(), RowProblem::NotUtf8))
        };
        rows.push(path, place, field(text)?, field(label)?)?;
    }
    Ok(())
}

/// The index of a column by its name in the header.
fn column(
    path: &Path,
    header: &ByteRecord,
    name: &str,
    role: ColumnRole,
) -> Result<usize, CorpusError> {
    // Spreadsheets put a byte order mark before the first name.
    let clean = |field: &[u8]| {
        let field = field.strip_prefix(b"\xef\xbb\xbf").unwrap_or(field);
        String::from_utf8_lossy(field).trim().to_owned()
    };
    let names: Vec<String> = header.iter().map(clean).collect();
    names
        .iter()
        .position(|n| n == name)
        .ok_or_else(|| CorpusError::missing_column(path, name, &names, role))
}

fn table_error(path: &Path, error: &csv::Error) -> CorpusError {
    let (place, problem) = match error.kind() {
        csv::ErrorKind::Io(source) => {
            let source = std::io::Error::new(source.kind(), source.to_string());
            return CorpusError::Io {
                path: path.to_owned(),
                source,
            };
        }
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => (
            place_of(path, pos.as_ref()),
            format!(
                "{len} fields where the header has {expected_len}; quote fields that hold the separator"
            ),
        ),
        _ => ("the table".to_owned(), error.to_string()),
    };
    CorpusError::malformed(path, place, problem)
}

/// The line on which a record starts.
fn place_of(path: &Path, position: Option<&csv::Position>) -> String {
    let line = position.map_or(0, |position| {
        position.line() + line_ends_at(path, position.byte()).unwrap_or(0)
    });
    format!("line {line}")
}

/// The line ends from a byte of a file to the next character that is none.
///
/// A record's position is the end of the previous one. With `\r\n` that is before the `\n`, and
/// empty lines may follow; neither is counted in the position's line. Only errors need the line, so
/// it is counted by reading these bytes again.
fn line_ends_at(path: &Path, byte: u64) -> io::Result<u64> {
    // A pipe cannot be read twice, and opening it again could wait forever.
    if !fs::metadata(path)?.is_file() {
        return Ok(0);
    }
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(byte))?;
    let mut lines = 0;
    for byte in BufReader::new(file).bytes() {
        match byte? {
            b'\n' => lines += 1,
            b'\r' => {}
            _ => break,
        }
    }
    Ok(lines)
}
