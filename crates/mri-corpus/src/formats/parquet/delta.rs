//! The number of values that the delta encodings of Parquet claim.
//!
//! A page of strings in such an encoding starts with their lengths, and these with their number,
//! which the decoder trusts and allocates for.
//!
//! Format: "Parquet encoding definitions", sections "Delta encoding", "Delta-length byte array" and
//! "Delta strings".

use parquet::basic::Encoding;

use super::thrift::varint;

/// Whether values of this encoding claim no more than `most` strings. Other encodings claim no
/// number: their strings are counted as they are read.
pub(super) fn claims_at_most(most: u64, encoding: Encoding, values: &[u8]) -> bool {
    match encoding {
        Encoding::DELTA_LENGTH_BYTE_ARRAY => {
            Lengths::read(values).is_some_and(|lengths| lengths.count <= most)
        }
        // Lengths of the prefixes shared with the previous string, then those of the suffixes.
        Encoding::DELTA_BYTE_ARRAY => {
            let shared = Lengths::read(values).filter(|lengths| lengths.count <= most);
            let rest = shared.and_then(|shared| Lengths::read(values.get(shared.end()?..)?));
            rest.is_some_and(|lengths| lengths.count <= most)
        }
        _ => true,
    }
}

/// Integers in the delta binary packed encoding.
struct Lengths<'a> {
    bytes: &'a [u8],
    /// Where the first block starts.
    at: usize,
    per_block: u64,
    miniblocks: usize,
    /// How many numbers there are.
    count: u64,
}

impl<'a> Lengths<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut at = 0;
        let per_block = varint(bytes, &mut at).ok()?;
        let miniblocks = usize::try_from(varint(bytes, &mut at).ok()?).ok()?;
        let count = varint(bytes, &mut at).ok()?;
        // The first number.
        varint(bytes, &mut at).ok()?;
        Some(Self {
            bytes,
            at,
            per_block,
            miniblocks,
            count,
        })
    }

    /// Where the last block ends.
    fn end(&self) -> Option<usize> {
        let mut at = self.at;
        let per_miniblock = self.per_block.checked_div(self.miniblocks as u64)?;
        let mut left = self.count.saturating_sub(1);
        while left > 0 {
            // The least difference.
            varint(self.bytes, &mut at).ok()?;
            let widths = self.bytes.get(at..at.checked_add(self.miniblocks)?)?;
            at += widths.len();
            for &width in widths {
                // Miniblocks after the last number have a width and no bytes.
                if left > 0 {
                    let bits = per_miniblock.checked_mul(width.into())?;
                    at = at.checked_add(usize::try_from(bits / 8).ok()?)?;
                }
                left = left.saturating_sub(per_miniblock);
            }
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the examples of the format's description: 1 to 5, and 7, 5, 3, 1, 2, 3, 4, 5; blocks of
    /// 128 in four miniblocks.
    const ONE_TO_FIVE: &[u8] = &[128, 1, 4, 5, 2, 2, 0, 0, 0, 0];

    #[test]
    fn the_end_of_the_numbers_is_found() {
        let lengths = Lengths::read(ONE_TO_FIVE).unwrap();
        assert_eq!((lengths.count, lengths.end()), (5, Some(10)));
        // Differences -2, -2, -2, 1, 1, 1, 1: less the least, of 2 bits in a miniblock of 32.
        let mut bytes = vec![
            128,
            1,
            4,
            8,
            14,
            3,
            2,
            0,
            0,
            0,
            0b1100_0000,
            0xff,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        let lengths = Lengths::read(&bytes).unwrap();
        assert_eq!((lengths.count, lengths.end()), (8, Some(18)));
        // A second miniblock that starts after the last number has no bytes, whatever its width.
        bytes[7] = 9;
        assert_eq!(Lengths::read(&bytes).unwrap().end(), Some(18));
    }

    #[test]
    fn more_strings_than_a_page_may_have_are_refused() {
        use Encoding as E;
        let strings = [ONE_TO_FIVE, &[b'x'; 15]].concat();
        assert!(claims_at_most(5, E::DELTA_LENGTH_BYTE_ARRAY, &strings));
        assert!(!claims_at_most(4, E::DELTA_LENGTH_BYTE_ARRAY, &strings));
        let both = [ONE_TO_FIVE, &strings].concat();
        assert!(claims_at_most(5, E::DELTA_BYTE_ARRAY, &both));
        assert!(!claims_at_most(4, E::DELTA_BYTE_ARRAY, &both));
        let mut second = both.clone();
        second[13] = 6;
        assert!(!claims_at_most(5, E::DELTA_BYTE_ARRAY, &second));
        for end in 0..10 {
            assert!(!claims_at_most(9, E::DELTA_LENGTH_BYTE_ARRAY, &[]));
            assert!(!claims_at_most(9, E::DELTA_BYTE_ARRAY, &both[..end]));
        }
        assert!(claims_at_most(0, E::PLAIN, &[]));
    }
}
