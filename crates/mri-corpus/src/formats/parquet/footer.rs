//! Validates the footer of a file before it is decoded.

use parquet::errors::{ParquetError, Result};
use parquet::file::reader::ChunkReader;

use super::thrift::{Fault, Fields, Shape, validate};

use Shape::{Byte, Bytes, Double, Flag, Integer, List};

/// The last bytes of a file: the length of the footer and the magic number.
const TAIL: usize = 8;

/// Validates the footer. A file without one is left to the decoder, which reports it.
pub(super) fn check<R: ChunkReader>(source: &R) -> Result<()> {
    let length = source.len();
    let Some(before) = length.checked_sub(TAIL as u64) else {
        return Ok(());
    };
    let tail = source.get_bytes(before, TAIL)?;
    let (size, mark) = tail.split_at(4);
    let size = u32::from_le_bytes(size.try_into().unwrap_or_default());
    let Some(start) = before.checked_sub(size.into()).filter(|_| mark == b"PAR1") else {
        return Ok(());
    };
    let bytes = source.get_bytes(start, size as usize)?;
    match validate(&bytes, FILE, &mut |_, _| ()) {
        Ok(_) => Ok(()),
        Err(fault) => Err(ParquetError::General(match fault {
            Fault::Short => "it ends in the middle".to_owned(),
            Fault::Bad(what) => format!("it is damaged: {what}"),
        })),
    }
}

// The types of `parquet.thrift`, version 2.12; enumerations are integers.

const FILE: Fields = &[
    (1, Integer),
    (2, List(&Shape::Fields(SCHEMA_ELEMENT))),
    (3, Integer),
    (4, List(&Shape::Fields(ROW_GROUP))),
    (5, KEY_VALUES),
    (6, Bytes),
    // A union of empty structs.
    (7, List(&Shape::Fields(&[(1, NOTHING), (2, NOTHING)]))),
    (8, Shape::Fields(&[(1, ALGORITHM), (2, ALGORITHM)])),
    (9, Bytes),
];

const NOTHING: Shape = Shape::Fields(&[]);
const KEY_VALUES: Shape = List(&Shape::Fields(&[(1, Bytes), (2, Bytes)]));
const ALGORITHM: Shape = Shape::Fields(&[(1, Bytes), (2, Bytes), (3, Flag)]);

const SCHEMA_ELEMENT: Fields = &[
    (1, Integer),
    (2, Integer),
    (3, Integer),
    (4, Bytes),
    (5, Integer),
    (6, Integer),
    (7, Integer),
    (8, Integer),
    (9, Integer),
    (10, Shape::Fields(LOGICAL_TYPE)),
];

const LOGICAL_TYPE: Fields = &[
    (1, NOTHING),
    (2, NOTHING),
    (3, NOTHING),
    (4, NOTHING),
    (5, Shape::Fields(&[(1, Integer), (2, Integer)])),
    (6, NOTHING),
    (7, TIME),
    (8, TIME),
    (10, Shape::Fields(&[(1, Byte), (2, Flag)])),
    (11, NOTHING),
    (12, NOTHING),
    (13, NOTHING),
    (14, NOTHING),
    (15, NOTHING),
    (16, Shape::Fields(&[(1, Byte)])),
    (17, Shape::Fields(&[(1, Bytes)])),
    (18, Shape::Fields(&[(1, Bytes), (2, Integer)])),
];

const TIME: Shape = Shape::Fields(&[
    (1, Flag),
    (
        2,
        Shape::Fields(&[(1, NOTHING), (2, NOTHING), (3, NOTHING)]),
    ),
]);

const ROW_GROUP: Fields = &[
    (1, List(&Shape::Fields(COLUMN))),
    (2, Integer),
    (3, Integer),
    (
        4,
        List(&Shape::Fields(&[(1, Integer), (2, Flag), (3, Flag)])),
    ),
    (5, Integer),
    (6, Integer),
    (7, Integer),
];

const COLUMN: Fields = &[
    (1, Bytes),
    (2, Integer),
    (3, Shape::Fields(COLUMN_DATA)),
    (4, Integer),
    (5, Integer),
    (6, Integer),
    (7, Integer),
    (
        8,
        Shape::Fields(&[
            (1, NOTHING),
            (2, Shape::Fields(&[(1, List(&Bytes)), (2, Bytes)])),
        ]),
    ),
    (9, Bytes),
];

const COLUMN_DATA: Fields = &[
    (1, Integer),
    (2, List(&Integer)),
    (3, List(&Bytes)),
    (4, Integer),
    (5, Integer),
    (6, Integer),
    (7, Integer),
    (8, KEY_VALUES),
    (9, Integer),
    (10, Integer),
    (11, Integer),
    (12, Shape::Fields(STATISTICS)),
    (
        13,
        List(&Shape::Fields(&[(1, Integer), (2, Integer), (3, Integer)])),
    ),
    (14, Integer),
    (15, Integer),
    (
        16,
        Shape::Fields(&[(1, Integer), (2, List(&Integer)), (3, List(&Integer))]),
    ),
    (17, Shape::Fields(&[(1, BOX), (2, List(&Integer))])),
];

const BOX: Shape = Shape::Fields(&[
    (1, Double),
    (2, Double),
    (3, Double),
    (4, Double),
    (5, Double),
    (6, Double),
    (7, Double),
    (8, Double),
]);

pub(super) const STATISTICS: Fields = &[
    (1, Bytes),
    (2, Bytes),
    (3, Integer),
    (4, Integer),
    (5, Bytes),
    (6, Bytes),
    (7, Flag),
    (8, Flag),
];
