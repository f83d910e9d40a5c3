//! Reading the tables of a FlatBuffer: the metadata of Arrow messages.
//!
//! Every access is checked, so that a damaged file gives `None` and never a panic or a loop. The
//! encoding: an offset to a table is unsigned and counts forward from where it stands; a table
//! starts with a signed offset back to its vtable, which says where in the table each field is,
//! 0 for a field that has its default.

/// A table inside the bytes of a message.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    /// Where the table starts.
    start: usize,
    /// Where its vtable starts, and its length.
    vtable: (usize, usize),
}

impl<'a> Table<'a> {
    /// The root table of a message.
    pub(crate) fn root(bytes: &'a [u8]) -> Option<Self> {
        Self::at(bytes, u32_at(bytes, 0)? as usize)
    }

    fn at(bytes: &'a [u8], start: usize) -> Option<Self> {
        let back = i64::from(u32_at(bytes, start)?.cast_signed());
        let vtable = usize::try_from(i64::try_from(start).ok()? - back).ok()?;
        let length = usize::from(u16_at(bytes, vtable)?);
        Some(Self {
            bytes,
            start,
            vtable: (vtable, length),
        })
    }

    /// Where the value of a field is; `None` if it has its default.
    fn field(&self, number: usize) -> Option<usize> {
        // Two entries stand before the first field: the lengths of vtable and table.
        let entry = 2 * (number + 2);
        let (vtable, length) = self.vtable;
        if entry + 2 > length {
            return None;
        }
        match u16_at(self.bytes, vtable + entry)? {
            0 => None,
            offset => Some(self.start + usize::from(offset)),
        }
    }

    pub(crate) fn u8(&self, number: usize) -> u8 {
        let value = self.field(number).and_then(|at| self.bytes.get(at));
        value.copied().unwrap_or(0)
    }

    pub(crate) fn i16(&self, number: usize) -> i16 {
        let value = self.field(number).and_then(|at| u16_at(self.bytes, at));
        value.unwrap_or(0).cast_signed()
    }

    pub(crate) fn i32(&self, number: usize) -> i32 {
        let value = self.field(number).and_then(|at| u32_at(self.bytes, at));
        value.unwrap_or(0).cast_signed()
    }

    pub(crate) fn i64(&self, number: usize) -> i64 {
        let value = self.field(number).and_then(|at| i64_at(self.bytes, at));
        value.unwrap_or(0)
    }

    /// Where a field's offset leads.
    fn target(&self, number: usize) -> Option<usize> {
        let at = self.field(number)?;
        at.checked_add(u32_at(self.bytes, at)? as usize)
    }

    pub(crate) fn table(&self, number: usize) -> Option<Table<'a>> {
        Self::at(self.bytes, self.target(number)?)
    }

    pub(crate) fn text(&self, number: usize) -> Option<&'a str> {
        let at = self.target(number)?;
        let length = u32_at(self.bytes, at)? as usize;
        std::str::from_utf8(slice(self.bytes, at + 4, length)?).ok()
    }

    /// The bytes of a vector of structs of `size` bytes.
    pub(crate) fn bytes(&self, number: usize, size: usize) -> Option<&'a [u8]> {
        let at = self.target(number)?;
        let length = u32_at(self.bytes, at)? as usize;
        slice(self.bytes, at + 4, length.checked_mul(size)?)
    }

    /// The elements of a vector of structs of `size` bytes.
    pub(crate) fn structs(
        &self,
        number: usize,
        size: usize,
    ) -> Option<std::slice::ChunksExact<'a, u8>> {
        Some(self.bytes(number, size)?.chunks_exact(size))
    }

    /// The elements of a vector of tables; those that lead nowhere are `None`.
    pub(crate) fn tables(
        &self,
        number: usize,
    ) -> Option<impl Iterator<Item = Option<Table<'a>>> + use<'a>> {
        let bytes = self.bytes;
        let first = self.target(number)? + 4;
        let entries = self.structs(number, 4)?;
        Some(entries.enumerate().map(move |(i, entry)| {
            let at = first + 4 * i;
            Table::at(bytes, at.checked_add(u32_at(entry, 0)? as usize)?)
        }))
    }
}

fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(slice(bytes, at, 2)?.try_into().ok()?))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(slice(bytes, at, 4)?.try_into().ok()?))
}

pub(crate) fn i64_at(bytes: &[u8], at: usize) -> Option<i64> {
    Some(i64::from_le_bytes(slice(bytes, at, 8)?.try_into().ok()?))
}
