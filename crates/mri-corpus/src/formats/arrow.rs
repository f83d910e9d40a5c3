//! Two columns of an Arrow IPC stream, as Hugging Face's `datasets` stores tables.
//!
//! A stream is a sequence of messages: the schema, then record batches. Each has metadata (a
//! FlatBuffer) and a body with the buffers that the metadata points into. Strings, integers and
//! booleans are read, as texts and labels are; other columns are skipped. One batch is in memory at
//! a time, and buffers grow only as their bytes are read, whatever length a message claims.
//!
//! Format: "Arrow Columnar Format", section "Serialization and Interprocess Communication (IPC)".

use std::io::{self, Read};

use super::flatbuffer::{Table, i64_at, u32_at};
use crate::value::Value;

/// Starts a message since format 0.15; older messages start with their length.
const CONTINUATION: u32 = u32::MAX;

/// Types of messages.
const SCHEMA: u8 = 1;
const RECORD_BATCH: u8 = 3;

/// Why a stream cannot be read.
pub(crate) enum Problem {
    Io(io::Error),
    /// There is no such column; these are there.
    NoColumn {
        asked: usize,
        names: Vec<String>,
    },
    /// A text is not UTF-8.
    NotUtf8 {
        row: u64,
    },
    Bad(String),
}

/// Passes the values of the columns `names` to `each`, row by row.
pub(crate) fn read<E: From<Problem>>(
    mut source: impl Read,
    names: [&str; 2],
    mut each: impl FnMut(u64, [Value<'_>; 2]) -> Result<(), E>,
) -> Result<(), E> {
    let (mut metadata, mut body) = (Vec::new(), Vec::new());
    let mut columns = None;
    let mut first_row = 0;
    while next_message(&mut source, &mut metadata, &mut body)? {
        let broken = || Problem::Bad("an Arrow message is damaged".to_owned());
        let message = Table::root(&metadata).ok_or_else(broken)?;
        let header = message.table(2).ok_or_else(broken)?;
        match (message.u8(1), &columns) {
            (SCHEMA, None) => columns = Some(find(header, names, metadata.len())?),
            (RECORD_BATCH, Some(columns)) => {
                let batch = Batch::new(header, &body, columns)?;
                for row in 0..batch.rows {
                    let values = [batch.value(0, row)?, batch.value(1, row)?];
                    let values = match values {
                        [Some(text), Some(label)] => [text, label],
                        _ => {
                            return Err(Problem::NotUtf8 {
                                row: first_row + row as u64,
                            }
                            .into());
                        }
                    };
                    each(first_row + row as u64, values)?;
                }
                first_row += batch.rows as u64;
            }
            (SCHEMA, Some(_)) | (RECORD_BATCH, None) => return Err(broken().into()),
            // Dictionaries belong to columns that are not read.
            _ => {}
        }
    }
    match columns {
        Some(_) => Ok(()),
        None => Err(Problem::Bad("the Arrow stream has no schema".to_owned()).into()),
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

/// Where a column is and how its values are stored.
struct Column {
    kind: Kind,
    /// The number of its first node and of its first buffer in a batch.
    node: usize,
    buffer: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    Null,
    Flag,
    /// Whole numbers of so many bytes.
    Number {
        bytes: usize,
        signed: bool,
    },
    /// Strings with offsets of 8 bytes, or else 4.
    Text {
        large: bool,
    },
}

/// Finds columns by name in a schema.
fn find(schema: Table<'_>, names: [&str; 2], length: usize) -> Result<[Column; 2], Problem> {
    let broken = || Problem::Bad("the Arrow schema is damaged".to_owned());
    if schema.i16(0) != 0 {
        return Err(Problem::Bad("big-endian Arrow data is not read".to_owned()));
    }
    let mut there = Vec::new();
    let mut found = [None, None];
    // Every field takes bytes of the metadata, which bounds a schema with cycles.
    let mut left = length;
    let (mut node, mut buffer) = (0, 0);
    for field in schema.tables(1).ok_or_else(broken)? {
        let field = field.ok_or_else(broken)?;
        let name = field.text(0).unwrap_or_default();
        for (wanted, place) in names.iter().zip(&mut found) {
            if name == *wanted && place.is_none() {
                *place = Some((field, node, buffer));
            }
        }
        there.push(name.to_owned());
        let (nodes, buffers) = size(field, &mut left)?;
        node += nodes;
        buffer += buffers;
    }
    let column = |i: usize| {
        let (field, node, buffer) = found[i].ok_or_else(|| Problem::NoColumn {
            asked: i,
            names: there.clone(),
        })?;
        let kind = kind(field).ok_or_else(|| {
            Problem::Bad(format!(
                "column {:?} holds neither strings nor whole numbers; cast it and save the dataset again",
                names[i]
            ))
        })?;
        Ok(Column { kind, node, buffer })
    };
    let columns = [column(0)?, column(1)?];
    // The number of rows is then bounded by the bytes of their values.
    if columns.iter().all(|c| matches!(c.kind, Kind::Null)) {
        let problem = format!(
            "columns {:?} and {:?} hold no values at all",
            names[0], names[1]
        );
        return Err(Problem::Bad(problem));
    }
    Ok(columns)
}

fn kind(field: Table<'_>) -> Option<Kind> {
    if field.table(4).is_some() {
        // Dictionary-encoded; `datasets` has no such columns.
        return None;
    }
    match field.u8(2) {
        1 => Some(Kind::Null),
        2 => {
            let int = field.table(3)?;
            let bytes = match int.i32(0) {
                8 => 1,
                16 => 2,
                32 => 4,
                64 => 8,
                _ => return None,
            };
            let signed = int.u8(1) != 0;
            Some(Kind::Number { bytes, signed })
        }
        5 => Some(Kind::Text { large: false }),
        6 => Some(Kind::Flag),
        20 => Some(Kind::Text { large: true }),
        _ => None,
    }
}

/// The number of nodes and buffers of a field and its children in a batch.
fn size(field: Table<'_>, left: &mut usize) -> Result<(usize, usize), Problem> {
    let broken = || Problem::Bad("the Arrow schema is damaged".to_owned());
    *left = left.checked_sub(8).ok_or_else(broken)?;
    if field.table(4).is_some() {
        // A batch holds only the indices into the dictionary.
        return Ok((1, 2));
    }
    let own = match field.u8(2) {
        // Null, run ends.
        1 | 22 => 0,
        // Struct and list of fixed size: validity.
        13 | 16 => 1,
        // Numbers, times, booleans and bytes of fixed size: validity and values; lists and maps:
        // validity and offsets.
        2 | 3 | 6..=12 | 15 | 17 | 18 | 21 => 2,
        // Strings and bytes: validity, offsets, values; list views: validity, offsets, sizes.
        4 | 5 | 19 | 20 | 25 | 26 => 3,
        // Unions: kinds, and offsets where they are dense.
        14 => 1 + usize::from(field.table(3).is_some_and(|union| union.i16(0) == 1)),
        // String views have any number of buffers.
        other => {
            return Err(Problem::Bad(format!(
                "a column is of Arrow type {other}, which cannot be stepped over; \
                 remove it with remove_columns and save the dataset again"
            )));
        }
    };
    let mut total = (1, own);
    for child in field.tables(5).into_iter().flatten() {
        let (nodes, buffers) = size(child.ok_or_else(broken)?, left)?;
        total = (total.0 + nodes, total.1 + buffers);
    }
    Ok(total)
}

/// The two columns in a batch of rows.
struct Batch<'a> {
    rows: usize,
    columns: [Values<'a>; 2],
}

struct Values<'a> {
    kind: Kind,
    /// A bit per row, set if there is a value; `None` if all rows have one.
    validity: Option<&'a [u8]>,
    /// Values, or where strings start and end.
    fixed: &'a [u8],
    /// The bytes of strings.
    bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    fn new(batch: Table<'_>, body: &'a [u8], columns: &[Column; 2]) -> Result<Self, Problem> {
        if batch.table(3).is_some() {
            let problem =
                "the Arrow stream is compressed; save the dataset again with save_to_disk";
            return Err(Problem::Bad(problem.to_owned()));
        }
        let broken = || Problem::Bad("a batch of rows is damaged".to_owned());
        let rows = usize::try_from(batch.i64(0)).map_err(|_| broken())?;
        let values = |column| Values::new(batch, body, rows, column).ok_or_else(broken);
        Ok(Self {
            rows,
            columns: [values(&columns[0])?, values(&columns[1])?],
        })
    }

    /// A value of a column; `None` if it is a string that is not UTF-8.
    fn value(&self, column: usize, row: usize) -> Result<Option<Value<'a>>, Problem> {
        self.columns[column]
            .value(row)
            .ok_or_else(|| Problem::Bad("a batch of rows is damaged".to_owned()))
    }
}

impl<'a> Values<'a> {
    fn new(batch: Table<'_>, body: &'a [u8], rows: usize, column: &Column) -> Option<Self> {
        let node = batch.structs(1, 16)?.nth(column.node)?;
        if usize::try_from(i64_at(node, 0)?).ok()? != rows {
            return None;
        }
        let nulls = i64_at(node, 8)?;
        let buffer = |number: usize| {
            let place = batch.structs(2, 16)?.nth(column.buffer + number)?;
            let start = usize::try_from(i64_at(place, 0)?).ok()?;
            let length = usize::try_from(i64_at(place, 8)?).ok()?;
            body.get(start..start.checked_add(length)?)
        };
        let (fixed, bytes): (_, &[u8]) = match column.kind {
            Kind::Null => (&[][..], &[]),
            Kind::Flag | Kind::Number { .. } => (buffer(1)?, &[]),
            Kind::Text { .. } => (buffer(1)?, buffer(2)?),
        };
        let values = Self {
            kind: column.kind,
            validity: match column.kind {
                Kind::Null => None,
                _ if nulls == 0 => None,
                _ => Some(buffer(0)?),
            },
            fixed,
            bytes,
        };
        values.holds(rows).then_some(values)
    }

    /// Whether the buffers are long enough for so many rows.
    fn holds(&self, rows: usize) -> bool {
        let fixed = match self.kind {
            Kind::Null => Some(0),
            Kind::Flag => Some(rows.div_ceil(8)),
            Kind::Number { bytes, .. } => rows.checked_mul(bytes),
            Kind::Text { .. } if rows == 0 => Some(0),
            Kind::Text { large } => rows
                .checked_add(1)
                .and_then(|n| n.checked_mul(if large { 8 } else { 4 })),
        };
        fixed.is_some_and(|length| length <= self.fixed.len())
            && self
                .validity
                .is_none_or(|bits| rows.div_ceil(8) <= bits.len())
    }

    /// The value of a row; the outer `None` means damage, the inner one that it is not UTF-8.
    fn value(&self, row: usize) -> Option<Option<Value<'a>>> {
        let bit = |bits: &[u8]| Some(bits.get(row / 8)? >> (row % 8) & 1 == 1);
        let there = self.validity.map_or(Some(true), bit)?;
        let value = match self.kind {
            Kind::Null => Value::Missing,
            Kind::Flag => Value::Bool(bit(self.fixed)?),
            Kind::Number { bytes, signed } => {
                let value = self.fixed.get(row * bytes..(row + 1) * bytes)?;
                Value::Integer(number(value, signed))
            }
            Kind::Text { large } => {
                // Checked for nulls too: decreasing offsets would let many rows share the same
                // bytes.
                let (start, end) = (self.offset(row, large)?, self.offset(row + 1, large)?);
                let bytes = self.bytes.get(start..end)?;
                match std::str::from_utf8(bytes) {
                    Ok(text) => Value::Text(text),
                    Err(_) if there => return Some(None),
                    Err(_) => Value::Missing,
                }
            }
        };
        Some(Some(if there { value } else { Value::Missing }))
    }

    fn offset(&self, row: usize, large: bool) -> Option<usize> {
        if large {
            usize::try_from(i64_at(self.fixed, row.checked_mul(8)?)?).ok()
        } else {
            usize::try_from(u32_at(self.fixed, row.checked_mul(4)?)?.cast_signed()).ok()
        }
    }
}

/// A little-endian integer of up to 8 bytes.
fn number(bytes: &[u8], signed: bool) -> i128 {
    let negative = signed && bytes.last().is_some_and(|&byte| byte >= 0x80);
    let mut wide = if negative { [0xff; 16] } else { [0; 16] };
    wide[..bytes.len()].copy_from_slice(bytes);
    i128::from_le_bytes(wide)
}
