//! The values of two columns in a batch of rows.

use super::flatbuffer::{Table, i64_at, u32_at};
use super::problem::Problem;
use super::schema::{Column, Kind};
use crate::value::Value;

/// The two columns in a batch of rows.
pub(super) struct Batch<'a> {
    pub(super) rows: usize,
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
    /// The buffers that views point into.
    views: Views<'a>,
}

/// Buffers of a batch that views point into.
#[derive(Clone, Copy, Default)]
struct Views<'a> {
    /// Where each buffer is in the body, 16 bytes for each.
    places: &'a [u8],
    body: &'a [u8],
}

impl<'a> Views<'a> {
    fn buffer(&self, number: usize) -> Option<&'a [u8]> {
        let at = number.checked_mul(16)?;
        part(self.body, self.places.get(at..at.checked_add(16)?)?)
    }

    /// The string of a view: of up to 12 bytes in the view itself, else in a buffer.
    fn text(&self, view: &'a [u8]) -> Option<&'a [u8]> {
        let length = u32_at(view, 0)? as usize;
        if length <= 12 {
            return view.get(4..4 + length);
        }
        let start = u32_at(view, 12)? as usize;
        self.buffer(u32_at(view, 8)? as usize)?
            .get(start..start.checked_add(length)?)
    }
}

/// The bytes of a body at a place: where they start, and how many.
fn part<'a>(body: &'a [u8], place: &[u8]) -> Option<&'a [u8]> {
    let start = usize::try_from(i64_at(place, 0)?).ok()?;
    let length = usize::try_from(i64_at(place, 8)?).ok()?;
    body.get(start..start.checked_add(length)?)
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        batch: Table<'a>,
        body: &'a [u8],
        columns: &[Column; 2],
    ) -> Result<Self, Problem> {
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
    pub(super) fn value(&self, column: usize, row: usize) -> Result<Option<Value<'a>>, Problem> {
        self.columns[column]
            .value(row)
            .ok_or_else(|| Problem::Bad("a batch of rows is damaged".to_owned()))
    }
}

impl<'a> Values<'a> {
    fn new(batch: Table<'a>, body: &'a [u8], rows: usize, column: &Column) -> Option<Self> {
        let node = batch.structs(1, 16)?.nth(column.place.nodes)?;
        if usize::try_from(i64_at(node, 0)?).ok()? != rows {
            return None;
        }
        let nulls = i64_at(node, 8)?;
        // The buffers of columns of views before this one are as many as the batch says.
        let mut counts = batch.structs(4, 8).into_iter().flatten();
        let mut first = column.place.buffers;
        for _ in 0..column.place.views {
            first = first.checked_add(usize::try_from(i64_at(counts.next()?, 0)?).ok()?)?;
        }
        let places = batch.structs(2, 16)?;
        let buffer = |number: usize| part(body, places.clone().nth(first.checked_add(number)?)?);
        let (fixed, bytes): (_, &[u8]) = match column.kind {
            Kind::Null => (&[][..], &[]),
            Kind::Flag | Kind::Number { .. } | Kind::Float { .. } | Kind::View => (buffer(1)?, &[]),
            Kind::Text { .. } => (buffer(1)?, buffer(2)?),
        };
        let mut views = Views::default();
        if let Kind::View = column.kind {
            let count = usize::try_from(i64_at(counts.next()?, 0)?).ok()?;
            let from = first.checked_add(2)?.checked_mul(16)?;
            let all = batch.bytes(2, 16)?;
            let places = all.get(from..from.checked_add(count.checked_mul(16)?)?)?;
            views = Views { places, body };
        }
        let values = Self {
            kind: column.kind,
            validity: match column.kind {
                Kind::Null => None,
                _ if nulls == 0 => None,
                _ => Some(buffer(0)?),
            },
            fixed,
            bytes,
            views,
        };
        values.holds(rows).then_some(values)
    }

    /// Whether the buffers are long enough for so many rows.
    fn holds(&self, rows: usize) -> bool {
        let fixed = match self.kind {
            Kind::Null => Some(0),
            Kind::Flag => Some(rows.div_ceil(8)),
            Kind::Number { bytes, .. } => rows.checked_mul(bytes),
            Kind::Float { single } => rows.checked_mul(if single { 4 } else { 8 }),
            Kind::View => rows.checked_mul(16),
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
            Kind::Float { single: true } => {
                let bits = u32_at(self.fixed, row.checked_mul(4)?)?;
                Value::single(f32::from_bits(bits))
            }
            Kind::Float { single: false } => {
                let bits = i64_at(self.fixed, row.checked_mul(8)?)?;
                Value::Float(f64::from_bits(bits.cast_unsigned()))
            }
            Kind::View if there => {
                let view = self.fixed.get(row * 16..(row + 1) * 16)?;
                match std::str::from_utf8(self.views.text(view)?) {
                    Ok(text) => Value::Text(text),
                    Err(_) => return Some(None),
                }
            }
            Kind::View => Value::Missing,
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
