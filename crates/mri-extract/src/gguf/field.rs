//! The entries of the metadata, which stay in the file until they are asked for.

use super::cursor::{Cursor, Problem};

/// The type of a value, by its number in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    Text,
    Array,
    U64,
    I64,
    F64,
}

impl FieldType {
    const ALL: [Self; 13] = [
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::U32,
        Self::I32,
        Self::F32,
        Self::Bool,
        Self::Text,
        Self::Array,
        Self::U64,
        Self::I64,
        Self::F64,
    ];

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Problem> {
        let number = cursor.u32()?;
        let kind = usize::try_from(number).ok().and_then(|i| Self::ALL.get(i));
        kind.copied()
            .ok_or_else(|| format!("there is no type {number} of values"))
    }

    /// The bytes of a value; `None` for those of variable length.
    fn width(self) -> Option<usize> {
        match self {
            Self::U8 | Self::I8 | Self::Bool => Some(1),
            Self::U16 | Self::I16 => Some(2),
            Self::U32 | Self::I32 | Self::F32 => Some(4),
            Self::U64 | Self::I64 | Self::F64 => Some(8),
            Self::Text | Self::Array => None,
        }
    }
}

/// A value: where it lies in its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    kind: FieldType,
    /// The length of an array, 1 otherwise.
    count: usize,
    is_array: bool,
    at: usize,
    end: usize,
}

impl Field {
    /// Reads the type of a value and skips the value.
    pub(super) fn skip(cursor: &mut Cursor<'_>) -> Result<Self, Problem> {
        let mut kind = FieldType::read(cursor)?;
        let is_array = kind == FieldType::Array;
        let mut count = 1;
        if is_array {
            kind = FieldType::read(cursor)?;
            count = cursor.size()?;
        }
        let at = cursor.at();
        match kind.width() {
            Some(width) => {
                let bytes = width.checked_mul(count);
                cursor.take(bytes.ok_or_else(|| format!("an array of {count} values"))?)?;
            }
            None if kind == FieldType::Array => return Err("an array of arrays".to_owned()),
            None => {
                for _ in 0..count {
                    cursor.text()?;
                }
            }
        }
        Ok(Self {
            kind,
            count,
            is_array,
            at,
            end: cursor.at(),
        })
    }

    /// The value as it is stored.
    pub(super) fn stored<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.at..self.end).unwrap_or_default()
    }

    /// The length of an array.
    pub(super) fn array_len(&self) -> Option<usize> {
        self.is_array.then_some(self.count)
    }

    /// Whether this is one string or an array of them.
    pub(super) fn is_text(&self) -> bool {
        self.kind == FieldType::Text
    }

    /// The strings, one after the other.
    pub(super) fn texts<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = &'a str> + use<'a> {
        let mut cursor = Cursor::new(bytes, self.at);
        let count = if self.is_text() { self.count } else { 0 };
        // They were read before, when the header was.
        (0..count).map_while(move |_| cursor.text().ok())
    }

    /// The numbers, one after the other; flags are 0 and 1.
    pub(super) fn numbers<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = Number> + use<'a> {
        let mut cursor = Cursor::new(bytes, self.at);
        let kind = self.kind;
        let count = if self.is_text() { 0 } else { self.count };
        (0..count).map_while(move |_| Number::read(kind, &mut cursor).ok())
    }
}

/// A number of the metadata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Float(f64),
}

impl Number {
    fn read(kind: FieldType, cursor: &mut Cursor<'_>) -> Result<Self, Problem> {
        Ok(match kind {
            FieldType::U8 | FieldType::Bool => Self::Whole(cursor.array::<1>()?[0].into()),
            FieldType::I8 => Self::Whole(i8::from_le_bytes(cursor.array()?).into()),
            FieldType::U16 => Self::Whole(u16::from_le_bytes(cursor.array()?).into()),
            FieldType::I16 => Self::Whole(i16::from_le_bytes(cursor.array()?).into()),
            FieldType::U32 => Self::Whole(cursor.u32()?.into()),
            FieldType::I32 => Self::Whole(i32::from_le_bytes(cursor.array()?).into()),
            FieldType::U64 => Self::Whole(cursor.u64()?.into()),
            FieldType::I64 => Self::Whole(i64::from_le_bytes(cursor.array()?).into()),
            FieldType::F32 => Self::Float(f32::from_le_bytes(cursor.array()?).into()),
            FieldType::F64 => Self::Float(f64::from_le_bytes(cursor.array()?)),
            FieldType::Text | FieldType::Array => return Err("not a number".to_owned()),
        })
    }

    pub(super) fn float(self) -> f64 {
        match self {
            Self::Whole(n) => n as f64,
            Self::Float(x) => x,
        }
    }
}
