//! The header of a table: what separates its columns, and where those of texts and labels are.

use std::io::BufRead;
use std::path::Path;

use super::fault::error;
use super::records::{Quoting, Record, Records};
use crate::error::{ColumnRole, CorpusError, find_column};
use crate::options::CorpusOptions;
use crate::quotes::Quotes;

/// What separates columns: commas, or semicolons where a comma is the decimal point; tabs; bars.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads the header and prepares `records` for the rows. Gives the columns of texts and labels.
///
/// Columns are separated by what a line such as `sep=;` says, as spreadsheets write it, or else by
/// what gives the header columns of the requested names: `delimiter` first.
pub(super) fn read<R: BufRead>(
    path: &Path,
    records: &mut Records<R>,
    delimiter: u8,
    options: &CorpusOptions,
) -> Result<[usize; 2], CorpusError> {
    let fault = |fault| error(path, fault);
    let mut line = records.peek_line().map_err(fault)?.to_vec();
    let mut candidates = vec![delimiter];
    if let Some(named) = named_delimiter(&line) {
        records.skip_line();
        line = records.peek_line().map_err(fault)?.to_vec();
        candidates = vec![named];
    } else {
        candidates.extend(DELIMITERS.iter().filter(|&&other| other != delimiter));
    }
    if line.iter().all(u8::is_ascii_whitespace) {
        return Err(CorpusError::EmptyFile {
            path: path.to_owned(),
        });
    }
    let chosen = choose(records, &candidates, options);
    prepare(records, chosen, options);
    records.next().map_err(fault)?;
    let record = records.record();
    let names = names(record);
    let column = |name: &str, role| {
        find_column(path, &names, name, role).map_err(|missing| {
            // The name is perhaps there in another encoding.
            match std::str::from_utf8(record.raw()) {
                Err(e) => CorpusError::not_utf8(path, record.line(), record.raw(), &e),
                Ok(_) => missing,
            }
        })
    };
    let places = [
        column(&options.text_column, ColumnRole::Text)?,
        column(&options.label_column, ColumnRole::Label)?,
    ];
    // Spreadsheets write separators after the last column, in some lines and not in others.
    let width = names.iter().rposition(|name| !name.is_empty());
    records.set_width(width.map_or(0, |last| last + 1));
    Ok(places)
}

/// The first candidate that gives the requested columns, or else the one that gives most columns.
fn choose<R: BufRead>(records: &mut Records<R>, candidates: &[u8], options: &CorpusOptions) -> u8 {
    let wanted = [&options.text_column, &options.label_column];
    let mut most = (0, candidates[0]);
    for &candidate in candidates {
        prepare(records, candidate, options);
        let Ok(true) = records.peek() else {
            continue;
        };
        let names = names(records.record());
        if wanted.iter().all(|name| names.contains(name)) {
            return candidate;
        }
        if names.len() > most.0 {
            most = (names.len(), candidate);
        }
    }
    most.1
}

fn prepare<R>(records: &mut Records<R>, delimiter: u8, options: &CorpusOptions) {
    let quoting = match options.quotes {
        Quotes::None => Quoting::Letters,
        Quotes::Auto if delimiter == b'\t' => Quoting::Whole,
        Quotes::Auto | Quotes::Csv => Quoting::Strict,
    };
    records.set_separation(delimiter, quoting);
}

/// The separator that a line `sep=;` names.
fn named_delimiter(line: &[u8]) -> Option<u8> {
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    match line.strip_prefix(b"sep=")? {
        [separator] | [separator, b'"'] if separator.is_ascii() => Some(*separator),
        _ => None,
    }
}

fn names(record: &Record) -> Vec<String> {
    let fields = (0..record.len()).filter_map(|index| record.get(index));
    fields
        .map(|field| String::from_utf8_lossy(field).trim().to_owned())
        .collect()
}
