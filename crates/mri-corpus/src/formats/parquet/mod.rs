//! Parquet tables.
//!
//! They are decoded by Arrow's own crate, which trusts the sizes in a file. So they are first
//! compared with the bytes that there are: the footer in `footer.rs`, the pages in `pages.rs`.
//!
//! A budget of bytes in a `ChunkReader` cannot replace this second look. A `ChunkReader` sees which
//! ranges of the file are read, and the decoder's largest allocations read nothing: the footer's
//! lists of any claimed length, a page's claimed uncompressed size (up to 2 GB, made before the
//! page is read), and the claimed number of strings in the delta encodings. To bound them is to
//! parse the headers that hold the claims. The files of `tests/golden/damaged` have one of each.

mod delta;
mod footer;
mod pages;
mod thrift;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_schema::DataType;
use bytes::Bytes;
use mri_core::guarded;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels};
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;

use self::pages::CheckedRowGroups;
use super::dataset;
use super::input::Source;
use crate::error::{ColumnProblem, ColumnRole, CorpusError, RowProblem, find_column};
use crate::options::CorpusOptions;
use crate::row_filter::RowFilter;
use crate::value::Value;

/// Rows decoded at a time: some dozens of megabytes for books, and enough short texts to make the
/// overhead of a batch small.
const ROWS_AT_A_TIME: usize = 16;

/// The most bytes of text per byte of the file: a dictionary stores a repeated text once.
const REPETITION: u64 = 1 << 12;

/// The key under which `datasets` stores the features of a table.
const DATASETS_KEY: &str = "huggingface";

/// Passes the rows of a file, or of bytes in its place, to `rows`.
pub(super) fn read_source(
    source: Source<'_>,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    let path = source.path;
    match source.bytes {
        Some(bytes) => read(path, Bytes::copy_from_slice(bytes), options, rows),
        None => {
            let file = File::open(path).map_err(CorpusError::io(path))?;
            read(path, file, options, rows)
        }
    }
}

fn read(
    path: &Path,
    source: impl ChunkReader + 'static,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    let bad =
        |place: String| move |e: ParquetError| CorpusError::malformed(path, place, problem(&e));
    let header = || bad("its description of the columns".to_owned());
    // Without the Arrow types of the writer, dictionaries are decoded as plain strings.
    let plain = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let table = decoded(|| {
        footer::check(&source)?;
        ArrowReaderMetadata::load(&source, plain)
    });
    let table = table.map_err(header())?;
    let places = find_columns(path, &table, options)?;
    let notes = table.metadata().file_metadata().key_value_metadata();
    let note = notes
        .and_then(|notes| notes.iter().find(|note| note.key == DATASETS_KEY))
        .and_then(|note| serde_json::from_str(note.value.as_deref()?).ok());
    if let Some(note) = note {
        let note: serde_json::Value = note;
        dataset::declare_classes(&note["info"], &options.label_column, rows);
    }

    let most_text = source.len().saturating_mul(REPETITION);
    let mut batches = decoded(|| {
        let schema = table.parquet_schema();
        let columns = ProjectionMask::roots(schema, places);
        let columns = parquet_to_arrow_field_levels(schema, columns, None)?;
        let groups = CheckedRowGroups::new(Arc::new(source), table.metadata().clone())?;
        ParquetRecordBatchReader::try_new_with_row_groups(&columns, &groups, ROWS_AT_A_TIME, None)
    })
    .map_err(header())?;
    // The projection keeps the order of the file, and has one column if both are the same.
    let [text, label] = places.map(|place| usize::from(place > places[0].min(places[1])));
    let mut first_row = 0;
    let mut text_read = 0;
    loop {
        let from = || format!("the rows from {first_row} on (counted from 0)");
        let batch = decoded(|| Ok(batches.next().transpose()?)).map_err(bad(from()))?;
        let Some(batch) = batch else {
            return Ok(());
        };
        for row in 0..batch.num_rows() {
            let place = || format!("row {} (counted from 0)", first_row + row);
            let value = |column: usize| {
                value(batch.column(column).as_ref(), row)
                    .ok_or_else(|| CorpusError::row(path, place(), RowProblem::NotUtf8))
            };
            let values = [value(text)?, value(label)?];
            for value in &values {
                text_read += value.n_bytes() as u64;
            }
            rows.push_values(path, place, values)?;
        }
        if text_read > most_text {
            let problem =
                format!("the texts take more than {REPETITION} times the bytes of the file");
            return Err(bad(from())(ParquetError::General(problem)));
        }
        first_row += batch.num_rows();
    }
}

/// The indices of the columns with texts and labels.
fn find_columns(
    path: &Path,
    table: &ArrowReaderMetadata,
    options: &CorpusOptions,
) -> Result<[usize; 2], CorpusError> {
    let names: Vec<String> = table
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    let wanted = [
        (&options.text_column, ColumnRole::Text),
        (&options.label_column, ColumnRole::Label),
    ];
    let mut places = [0; 2];
    for (place, (name, role)) in places.iter_mut().zip(wanted) {
        *place = find_column(path, &names, name, role)?;
        let kind = table.schema().field(*place).data_type();
        if !is_read(kind) {
            return Err(CorpusError::Column {
                path: path.to_owned(),
                column: name.clone(),
                role,
                problem: ColumnProblem::Type {
                    found: kind.to_string(),
                },
            });
        }
    }
    Ok(places)
}

/// The message of an error, without the prefixes of the crates it passed through.
fn problem(error: &ParquetError) -> String {
    let whole = error.to_string();
    let mut told = whole.as_str();
    let names = [
        "External: ",
        "Arrow: ",
        "Parquet argument error: ",
        "Parquet error: ",
    ];
    while let Some(rest) = names.iter().find_map(|name| told.strip_prefix(name)) {
        told = rest;
    }
    told.to_owned()
}

/// Runs the decoder and turns its panics into errors: version 60 of its crate panics on some
/// damaged files, such as ones with fewer definition levels than values.
fn decoded<T>(decode: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    guarded(decode).unwrap_or_else(|panic| Err(ParquetError::General(panic.to_string())))
}

fn is_read(kind: &DataType) -> bool {
    use DataType as T;
    matches!(
        kind,
        T::Null
            | T::Boolean
            | T::Float32
            | T::Float64
            | T::Utf8
            | T::LargeUtf8
            | T::Binary
            | T::LargeBinary
    ) || kind.is_integer()
}

/// The value of a row of a column; `None` for text that is not UTF-8.
fn value(column: &dyn Array, row: usize) -> Option<Value<'_>> {
    use DataType as T;
    if column.is_null(row) {
        return Some(Value::Missing);
    }
    // Some writers do not annotate strings as UTF-8.
    let text = |bytes| std::str::from_utf8(bytes).ok().map(Value::Text);
    let number = |n: i128| Some(Value::Integer(n));
    match column.data_type() {
        T::Boolean => Some(Value::Bool(column.as_boolean().value(row))),
        T::Float32 => Some(Value::single(
            column.as_primitive::<Float32Type>().value(row),
        )),
        T::Float64 => Some(Value::Float(
            column.as_primitive::<Float64Type>().value(row),
        )),
        T::Utf8 => Some(Value::Text(column.as_string::<i32>().value(row))),
        T::LargeUtf8 => Some(Value::Text(column.as_string::<i64>().value(row))),
        T::Binary => text(column.as_binary::<i32>().value(row)),
        T::LargeBinary => text(column.as_binary::<i64>().value(row)),
        T::Int8 => number(column.as_primitive::<Int8Type>().value(row).into()),
        T::Int16 => number(column.as_primitive::<Int16Type>().value(row).into()),
        T::Int32 => number(column.as_primitive::<Int32Type>().value(row).into()),
        T::Int64 => number(column.as_primitive::<Int64Type>().value(row).into()),
        T::UInt8 => number(column.as_primitive::<UInt8Type>().value(row).into()),
        T::UInt16 => number(column.as_primitive::<UInt16Type>().value(row).into()),
        T::UInt32 => number(column.as_primitive::<UInt32Type>().value(row).into()),
        T::UInt64 => number(column.as_primitive::<UInt64Type>().value(row).into()),
        _ => Some(Value::Missing),
    }
}
