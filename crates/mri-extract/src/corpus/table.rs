//! Comma- and tab-separated tables with a header line (RFC 4180).

use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};

use super::{CorpusOptions, Row, Rows};
use crate::ExtractError;

pub(super) fn read(
    path: &Path,
    delimiter: u8,
    options: &CorpusOptions,
) -> Result<Rows, ExtractError> {
    let file = std::fs::File::open(path).map_err(ExtractError::io(path))?;
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(file);
    let header = reader
        .byte_headers()
        .map_err(|e| table_error(path, &e))?
        .clone();
    let text = column(path, &header, &options.text_column, "text")?;
    let label = column(path, &header, &options.label_column, "label")?;
    let mut rows = Rows::default();
    let mut record = ByteRecord::new();
    while reader
        .read_byte_record(&mut record)
        .map_err(|e| table_error(path, &e))?
    {
        let line = record.position().map_or(0, csv::Position::line);
        let place = || format!("line {line}");
        let field = |index: usize| {
            let bytes = record.get(index).unwrap_or_default().to_vec();
            String::from_utf8(bytes).map_err(|_| ExtractError::NotUtf8 {
                path: path.to_owned(),
                place: place(),
            })
        };
        rows.push(
            path,
            place,
            Row {
                text: field(text)?,
                label: field(label)?,
            },
            options,
        )?;
    }
    Ok(rows)
}

/// The index of a column by its name in the header.
fn column(
    path: &Path,
    header: &ByteRecord,
    name: &str,
    flag: &'static str,
) -> Result<usize, ExtractError> {
    // Spreadsheets put a byte order mark before the first name.
    let clean = |field: &[u8]| {
        let field = field.strip_prefix(b"\xef\xbb\xbf").unwrap_or(field);
        String::from_utf8_lossy(field).trim().to_owned()
    };
    let names: Vec<String> = header.iter().map(clean).collect();
    names
        .iter()
        .position(|n| n == name)
        .ok_or_else(|| ExtractError::MissingColumn {
            path: path.to_owned(),
            column: name.to_owned(),
            columns: names
                .iter()
                .map(|n| format!("{n:?}"))
                .collect::<Vec<_>>()
                .join(", "),
            flag,
        })
}

fn table_error(path: &Path, error: &csv::Error) -> ExtractError {
    let line = |pos: &Option<csv::Position>| pos.as_ref().map_or(0, csv::Position::line);
    let (place, problem) = match error.kind() {
        csv::ErrorKind::Io(source) => {
            let source = std::io::Error::new(source.kind(), source.to_string());
            return ExtractError::Io {
                path: path.to_owned(),
                source,
            };
        }
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => (
            format!("line {}", line(pos)),
            format!(
                "{len} fields where the header has {expected_len}; quote fields that hold the separator"
            ),
        ),
        _ => ("the table".to_owned(), error.to_string()),
    };
    ExtractError::BadTable {
        path: path.to_owned(),
        place,
        problem,
    }
}
