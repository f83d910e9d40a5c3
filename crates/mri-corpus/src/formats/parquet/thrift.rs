//! Validates data in Thrift's compact protocol before it is decoded.
//!
//! The decoder trusts the data: it allocates for a list that claims two thousand million elements
//! of zero bytes, and takes a number for a list. Here the data is compared with the schema of the
//! format without decoding or storing anything, in time linear in its length.
//!
//! Format: "Thrift compact protocol encoding", Apache Thrift.

/// The type of a field.
pub(super) enum Shape {
    Flag,
    Byte,
    /// An integer of 16, 32 or 64 bits.
    Integer,
    Double,
    /// Bytes or a string.
    Bytes,
    List(&'static Shape),
    Fields(Fields),
}

/// The fields of a struct in the schema, by their ids. The data may have others.
pub(super) type Fields = &'static [(i16, Shape)];

/// Why data is not valid.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends too early.
    Short,
    /// What is wrong.
    Bad(&'static str),
}

/// The depth of nesting; Parquet needs less.
const MAX_DEPTH: u32 = 16;

/// Validates a struct at the start of `bytes` and returns its length in bytes. `seen` gets every
/// integer field of the schema, with the path of field ids that leads to it.
pub(super) fn validate(
    bytes: &[u8],
    fields: Fields,
    seen: &mut dyn FnMut(&[i16], i64),
) -> Result<usize, Fault> {
    let mut validator = Validator {
        bytes,
        at: 0,
        path: Vec::new(),
        seen,
    };
    validator.fields(fields, MAX_DEPTH)?;
    Ok(validator.at)
}

struct Validator<'a> {
    bytes: &'a [u8],
    at: usize,
    path: Vec<i16>,
    seen: &'a mut dyn FnMut(&[i16], i64),
}

/// The type codes of the protocol.
mod kind {
    pub(super) const TRUE: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const I16: u8 = 4;
    pub(super) const I64: u8 = 6;
    pub(super) const DOUBLE: u8 = 7;
    pub(super) const BINARY: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const STRUCT: u8 = 12;
    pub(super) const UUID: u8 = 13;
}

impl Validator<'_> {
    fn fields(&mut self, known: Fields, depth: u32) -> Result<(), Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault::Bad("it is too deep"))?;
        let mut id = 0_i16;
        loop {
            let head = self.byte()?;
            let (delta, kind) = (i16::from(head >> 4), head & 0xf);
            if kind == 0 {
                return Ok(());
            }
            id = match delta {
                0 => i16::try_from(self.number()?).ok(),
                _ => id.checked_add(delta),
            }
            .ok_or(Fault::Bad("a field has an impossible number"))?;
            self.path.push(id);
            match known.iter().find(|(known, _)| *known == id) {
                Some((_, shape)) => self.known(kind, shape, depth)?,
                None => self.unknown(kind, depth)?,
            }
            self.path.pop();
        }
    }

    /// A value whose type is in the schema.
    fn known(&mut self, kind: u8, shape: &'static Shape, depth: u32) -> Result<(), Fault> {
        match (shape, kind) {
            (Shape::Flag, kind::TRUE | kind::FALSE) => Ok(()),
            (Shape::Integer, kind::I16..=kind::I64) => {
                let number = self.number()?;
                (self.seen)(&self.path, number);
                Ok(())
            }
            (Shape::Byte, kind::BYTE)
            | (Shape::Double, kind::DOUBLE)
            | (Shape::Bytes, kind::BINARY) => self.unknown(kind, depth),
            (Shape::List(shape), kind::LIST) => {
                self.list(depth, |this, kind, depth| this.known(kind, shape, depth))
            }
            (Shape::Fields(known), kind::STRUCT) => self.fields(known, depth),
            _ => Err(Fault::Bad("a field is not of its type")),
        }
    }

    /// A value that is not in the schema.
    fn unknown(&mut self, kind: u8, depth: u32) -> Result<(), Fault> {
        match kind {
            // The type code is the value.
            kind::TRUE | kind::FALSE => Ok(()),
            kind::BYTE => self.skip(1),
            kind::I16..=kind::I64 => self.number().map(|_| ()),
            kind::DOUBLE => self.skip(8),
            kind::BINARY => {
                let length = self.varint()?;
                self.skip(length)
            }
            kind::LIST | kind::SET => self.list(depth, Self::unknown),
            kind::STRUCT => self.fields(&[], depth),
            kind::UUID => self.skip(16),
            // Parquet has no maps.
            _ => Err(Fault::Bad("a field has an unknown type")),
        }
    }

    fn list(
        &mut self,
        depth: u32,
        element: impl Fn(&mut Self, u8, u32) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault::Bad("it is too deep"))?;
        let head = self.byte()?;
        let kind = head & 0xf;
        let length = match head >> 4 {
            15 => self.varint()?,
            short => u64::from(short),
        };
        // Decoders differ in whether booleans in lists take bytes; Parquet has no such lists.
        if length > 0 && matches!(kind, kind::TRUE | kind::FALSE) {
            return Err(Fault::Bad("a list holds flags"));
        }
        // Every other element takes at least a byte, so that the data bounds the loop.
        for _ in 0..length {
            element(self, kind, depth)?;
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let byte = *self.bytes.get(self.at).ok_or(Fault::Short)?;
        self.at += 1;
        Ok(byte)
    }

    fn skip(&mut self, length: u64) -> Result<(), Fault> {
        let left = self.bytes.len() - self.at;
        let length = usize::try_from(length).ok().filter(|&n| n <= left);
        self.at += length.ok_or(Fault::Short)?;
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        varint(self.bytes, &mut self.at)
    }

    /// A zigzag-encoded signed integer.
    fn number(&mut self) -> Result<i64, Fault> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

/// The ULEB128 integer at `at`, which is moved past it.
pub(super) fn varint(bytes: &[u8], at: &mut usize) -> Result<u64, Fault> {
    let mut value = 0;
    // Ten times seven bits are enough for 64.
    for shift in (0..70).step_by(7) {
        let byte = *bytes.get(*at).ok_or(Fault::Short)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Fault::Bad("a number has too many bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Fields = &[
        (1, Shape::Integer),
        (
            2,
            Shape::List(&Shape::Fields(&[(1, Shape::Bytes), (3, Shape::Integer)])),
        ),
        (5, Shape::Flag),
    ];

    /// The numbers with the fields that lead to them.
    type Numbers = Vec<(Vec<i16>, i64)>;

    fn check(bytes: &[u8]) -> Result<(usize, Numbers), Fault> {
        let mut numbers = Vec::new();
        let length = validate(bytes, KNOWN, &mut |path, n| {
            numbers.push((path.to_vec(), n));
        })?;
        Ok((length, numbers))
    }

    /// Written by hand from the protocol's description.
    const GOOD: &[u8] = &[
        0x15, 0xac, 0x02, // 1: the 32-bit number 150
        0x19, 0x2c, // 2: a list of two structs
        0x18, 0x02, b'a', b'b', 0x25, 0x03, 0x00, // {1: "ab", 3: -2}
        0x00, // {}
        0x31, // 5: true
        0x06, 0x28, 0x01, // 20, in full: the 64-bit number -1, unknown
        0x19, 0xf3, 0x10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        16, // 21: 16 bytes
        0x00,
    ];

    #[test]
    fn numbers_are_found_where_they_are() {
        let expected = vec![(vec![1], 150), (vec![2, 3], -2)];
        assert_eq!(check(GOOD), Ok((GOOD.len(), expected)));
        for end in 0..GOOD.len() {
            assert_eq!(check(&GOOD[..end]), Err(Fault::Short), "cut at {end}");
        }
    }

    #[test]
    fn claims_that_the_bytes_do_not_bear_out_are_refused() {
        let bad = |bytes: &[u8]| matches!(check(bytes), Err(Fault::Bad(_)));
        // A list where a number should be, and a number where a list should be.
        assert!(bad(&[0x19, 0x15, 2, 0]));
        assert!(bad(&[0x25, 2, 0]));
        // Two thousand million flags, in a known and in an unknown field.
        let flags = [0xf1, 0xff, 0xff, 0xff, 0xff, 0x07];
        assert!(bad(&[&[0x29], &flags[..], &[0]].concat()));
        assert!(bad(&[&[0xf9], &flags[..], &[0]].concat()));
        // A map; a number of eleven bytes; structs without end.
        assert!(bad(&[0xfb, 0x01, 0x11, 0, 0]));
        assert!(bad(&[&[0x16], &[0x80; 11][..], &[0, 0]].concat()));
        assert!(bad(&[0xfc; 100]));
        // A string and a list longer than what there is.
        assert_eq!(check(&[0xf8, 0xff, 0xff, 0x03, 0]), Err(Fault::Short));
        assert_eq!(check(&[0x29, 0xfc, 0xff, 0x03, 0, 0, 0]), Err(Fault::Short));
    }
}
