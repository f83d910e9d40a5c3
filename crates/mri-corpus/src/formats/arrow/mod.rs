//! Two columns of Arrow's IPC, as Hugging Face's `datasets` stores tables.
//!
//! A stream is a sequence of messages: the schema, then record batches. Each has metadata (a
//! FlatBuffer) and a body with the buffers that the metadata points into. A file (also Feather
//! version 2) holds the same messages, and its end says where they are. Strings, numbers and
//! booleans are read, as texts and labels are; other columns are skipped. One batch is in memory at
//! a time, and buffers grow only as their bytes are read, whatever length a message claims.
//!
//! Arrow's own crate for this, `arrow-ipc`, is not used: a build without Parquet, which reads
//! datasets too, would get all of Arrow's crates with it, and it reserves what a message claims, so
//! that most of what is checked here would have to be checked before it.
//!
//! Format: "Arrow Columnar Format", section "Serialization and Interprocess Communication (IPC)".

mod batch;
mod flatbuffer;
mod problem;
mod schema;

use std::io::{Read, Seek, SeekFrom};

use self::batch::Batch;
use self::flatbuffer::{Table, i64_at, u32_at};
pub(crate) use self::problem::Problem;
use self::schema::{Column, find, note};
use crate::value::Value;

/// Starts a message since format 0.15; older messages start with their length.
const CONTINUATION: u32 = u32::MAX;

/// Types of messages.
const SCHEMA: u8 = 1;
const RECORD_BATCH: u8 = 3;

/// How a file starts and ends that is more than a stream.
const FILE: &[u8] = b"ARROW1";

/// Bytes of a place in the list of a file's batches.
const BLOCK: usize = 24;

/// What a stream holds, in its order.
pub(crate) enum Part<'a> {
    /// What `datasets` notes of the columns, as JSON.
    Note(&'a str),
    /// The number of a row, and its values.
    Row(u64, [Value<'a>; 2]),
}

/// Passes the values of the columns `names` to `each`, row by row.
pub(crate) fn read<E: From<Problem>>(
    mut source: impl Read + Seek,
    names: [&str; 2],
    each: impl FnMut(Part<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut head = Vec::new();
    let read = source
        .by_ref()
        .take(FILE.len() as u64)
        .read_to_end(&mut head);
    read.map_err(Problem::Io)?;
    let mut rows = Rows {
        names,
        columns: None,
        first_row: 0,
        each,
    };
    if head == FILE {
        return read_file(source, &mut rows);
    }
    if head.starts_with(b"FEA1") {
        let problem = "Feather version 1 is not read; write it as version 2, uncompressed";
        return Err(Problem::Bad(problem.to_owned()).into());
    }
    source.rewind().map_err(Problem::Io)?;
    read_stream(source, &mut rows)
}

fn broken() -> Problem {
    Problem::Bad("an Arrow message is damaged".to_owned())
}

fn read_stream<E: From<Problem>>(
    mut source: impl Read,
    rows: &mut Rows<'_, impl FnMut(Part<'_>) -> Result<(), E>>,
) -> Result<(), E> {
    let (mut metadata, mut body) = (Vec::new(), Vec::new());
    while next_message(&mut source, &mut metadata, &mut body)? {
        let message = Table::root(&metadata).ok_or_else(broken)?;
        let header = message.table(2).ok_or_else(broken)?;
        match message.u8(1) {
            SCHEMA => rows.schema(header, metadata.len())?,
            RECORD_BATCH => rows.batch(header, &body)?,
            // Dictionaries belong to columns that are not read.
            _ => {}
        }
    }
    match rows.columns {
        Some(_) => Ok(()),
        None => Err(Problem::Bad("the Arrow stream has no schema".to_owned()).into()),
    }
}

/// Reads the messages that the end of a file lists. Some writers do not start it with a stream.
fn read_file<E: From<Problem>>(
    mut source: impl Read + Seek,
    rows: &mut Rows<'_, impl FnMut(Part<'_>) -> Result<(), E>>,
) -> Result<(), E> {
    let cut = || Problem::Bad("the Arrow file is cut off; copy or download it again".to_owned());
    let tail = FILE.len() as u64 + 4;
    let length = source.seek(SeekFrom::End(0)).map_err(Problem::Io)?;
    let before = length.checked_sub(tail).ok_or_else(cut)?;
    let (mut metadata, mut body, mut list) = (Vec::new(), Vec::new(), Vec::new());
    source.seek(SeekFrom::Start(before)).map_err(Problem::Io)?;
    read_bytes(&mut source, tail, &mut list)?;
    let size = u32_at(&list, 0)
        .filter(|_| list.ends_with(FILE))
        .ok_or_else(cut)?;
    let start = before.checked_sub(size.into()).ok_or_else(cut)?;
    source.seek(SeekFrom::Start(start)).map_err(Problem::Io)?;
    read_bytes(&mut source, size.into(), &mut list)?;
    let footer = Table::root(&list).ok_or_else(broken)?;
    rows.schema(footer.table(1).ok_or_else(broken)?, list.len())?;
    // Batches follow each other, so that a file cannot name the same one again and again.
    let mut end = 0;
    for block in footer.structs(3, BLOCK).into_iter().flatten() {
        let at = i64_at(block, 0).and_then(|at| u64::try_from(at).ok());
        let at = at.filter(|&at| at >= end).ok_or_else(broken)?;
        source.seek(SeekFrom::Start(at)).map_err(Problem::Io)?;
        if !next_message(&mut source, &mut metadata, &mut body)? {
            return Err(broken().into());
        }
        end = at.saturating_add((metadata.len() + body.len()) as u64);
        let message = Table::root(&metadata).ok_or_else(broken)?;
        let header = message.table(2).filter(|_| message.u8(1) == RECORD_BATCH);
        rows.batch(header.ok_or_else(broken)?, &body)?;
    }
    Ok(())
}

/// What is handed on of the messages of a stream.
struct Rows<'n, F> {
    names: [&'n str; 2],
    /// Where the columns are, once there was a schema.
    columns: Option<[Column; 2]>,
    first_row: u64,
    each: F,
}

impl<E: From<Problem>, F: FnMut(Part<'_>) -> Result<(), E>> Rows<'_, F> {
    /// Takes the schema, which is in so many bytes of metadata.
    fn schema(&mut self, schema: Table<'_>, length: usize) -> Result<(), E> {
        if self.columns.is_some() {
            return Err(broken().into());
        }
        self.columns = Some(find(schema, self.names, length)?);
        match note(schema) {
            Some(note) => (self.each)(Part::Note(note)),
            None => Ok(()),
        }
    }

    fn batch(&mut self, header: Table<'_>, body: &[u8]) -> Result<(), E> {
        let columns = self.columns.as_ref().ok_or_else(broken)?;
        let batch = Batch::new(header, body, columns)?;
        for row in 0..batch.rows {
            let number = self.first_row + row as u64;
            let [Some(text), Some(label)] = [batch.value(0, row)?, batch.value(1, row)?] else {
                return Err(Problem::NotUtf8 { row: number }.into());
            };
            (self.each)(Part::Row(number, [text, label]))?;
        }
        self.first_row += batch.rows as u64;
        Ok(())
    }
}

/// Reads a message; `false` at the end-of-stream marker.
fn next_message(
    source: &mut impl Read,
    metadata: &mut Vec<u8>,
    body: &mut Vec<u8>,
) -> Result<bool, Problem> {
    read_bytes(source, 4, metadata)?;
    if u32_at(metadata, 0) == Some(CONTINUATION) {
        read_bytes(source, 4, metadata)?;
    }
    let length = u32_at(metadata, 0).unwrap_or(0);
    if length == 0 {
        return Ok(false);
    }
    read_bytes(source, u64::from(length), metadata)?;
    let length = Table::root(metadata).map_or(0, |message| message.i64(3));
    let length = u64::try_from(length)
        .map_err(|_| Problem::Bad("an Arrow message has a negative length".to_owned()))?;
    read_bytes(source, length, body)?;
    Ok(true)
}

/// Reads exactly this many bytes; the buffer grows as they are read.
fn read_bytes(source: &mut impl Read, length: u64, bytes: &mut Vec<u8>) -> Result<(), Problem> {
    bytes.clear();
    let read = source
        .take(length)
        .read_to_end(bytes)
        .map_err(Problem::Io)?;
    if (read as u64) < length {
        let problem = "the Arrow stream is cut off; copy or download it again";
        return Err(Problem::Bad(problem.to_owned()));
    }
    Ok(())
}
