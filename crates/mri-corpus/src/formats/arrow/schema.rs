//! Which columns a schema has, and where their buffers are in a batch of rows.

use super::flatbuffer::Table;
use super::problem::Problem;

/// The key of the schema's note in which `datasets` keeps what the columns mean.
const DATASETS_KEY: &str = "huggingface";

/// Where a column is and how its values are stored.
pub(super) struct Column {
    pub(super) kind: Kind,
    /// The place of its first node and of its first buffer in a batch.
    pub(super) place: Sizes,
}

/// So many nodes, buffers and columns of views in a batch. Each column of views has, beside its
/// own buffers, as many as the batch says.
#[derive(Clone, Copy, Default)]
pub(super) struct Sizes {
    pub(super) nodes: usize,
    pub(super) buffers: usize,
    pub(super) views: usize,
}

impl Sizes {
    fn add(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.buffers += other.buffers;
        self.views += other.views;
    }
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Null,
    Flag,
    /// Whole numbers of so many bytes.
    Number {
        bytes: usize,
        signed: bool,
    },
    /// Numbers of 4 bytes with a point, or else 8.
    Float {
        single: bool,
    },
    /// Strings that are in the value or in one of any number of buffers.
    View,
    /// Strings with offsets of 8 bytes, or else 4.
    Text {
        large: bool,
    },
}

/// Finds columns by name in a schema.
pub(super) fn find(
    schema: Table<'_>,
    names: [&str; 2],
    length: usize,
) -> Result<[Column; 2], Problem> {
    let broken = || Problem::Bad("the Arrow schema is damaged".to_owned());
    if schema.i16(0) != 0 {
        return Err(Problem::Bad("big-endian Arrow data is not read".to_owned()));
    }
    let mut there = Vec::new();
    let mut found = [None, None];
    // Every field takes bytes of the metadata, which bounds a schema with cycles.
    let mut left = length;
    let mut at = Sizes::default();
    for field in schema.tables(1).ok_or_else(broken)? {
        let field = field.ok_or_else(broken)?;
        let name = field.text(0).unwrap_or_default();
        for (wanted, place) in names.iter().zip(&mut found) {
            if name == *wanted {
                *place = Some((field, at));
            }
        }
        there.push(name.to_owned());
        at.add(size(field, &mut left)?);
    }
    let column = |i: usize| {
        let is_one = there.iter().filter(|name| *name == names[i]).count() == 1;
        let (field, place) = found[i]
            .filter(|_| is_one)
            .ok_or_else(|| Problem::NoColumn {
                asked: i,
                names: there.clone(),
            })?;
        let kind = kind(field).ok_or_else(|| {
            Problem::Bad(format!(
                "column {:?} holds neither strings nor numbers; cast it and save the dataset again",
                names[i]
            ))
        })?;
        Ok(Column { kind, place })
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
        3 => match field.table(3)?.i16(0) {
            1 => Some(Kind::Float { single: true }),
            2 => Some(Kind::Float { single: false }),
            _ => None,
        },
        5 => Some(Kind::Text { large: false }),
        6 => Some(Kind::Flag),
        20 => Some(Kind::Text { large: true }),
        24 => Some(Kind::View),
        _ => None,
    }
}

/// The nodes and buffers of a field and its children in a batch.
fn size(field: Table<'_>, left: &mut usize) -> Result<Sizes, Problem> {
    let broken = || Problem::Bad("the Arrow schema is damaged".to_owned());
    *left = left.checked_sub(8).ok_or_else(broken)?;
    if field.table(4).is_some() {
        // A batch holds only the indices into the dictionary.
        return Ok(Sizes {
            nodes: 1,
            buffers: 2,
            views: 0,
        });
    }
    let own = match field.u8(2) {
        // Null, run ends.
        1 | 22 => 0,
        // Struct and list of fixed size: validity.
        13 | 16 => 1,
        // Numbers, times, booleans and bytes of fixed size: validity and values; lists and maps:
        // validity and offsets.
        // Views: validity and values, before buffers of any number.
        2 | 3 | 6..=12 | 15 | 17 | 18 | 21 | 23 | 24 => 2,
        // Strings and bytes: validity, offsets, values; list views: validity, offsets, sizes.
        4 | 5 | 19 | 20 | 25 | 26 => 3,
        // Unions: kinds, and offsets where they are dense.
        14 => 1 + usize::from(field.table(3).is_some_and(|union| union.i16(0) == 1)),
        other => {
            return Err(Problem::Bad(format!(
                "a column is of Arrow type {other}, which cannot be stepped over; \
                 remove it with remove_columns and save the dataset again"
            )));
        }
    };
    let mut total = Sizes {
        nodes: 1,
        buffers: own,
        views: usize::from(matches!(field.u8(2), 23 | 24)),
    };
    for child in field.tables(5).into_iter().flatten() {
        total.add(size(child.ok_or_else(broken)?, left)?);
    }
    Ok(total)
}

/// What `datasets` notes of the columns.
pub(super) fn note(schema: Table<'_>) -> Option<&str> {
    let notes = schema.tables(2)?.flatten();
    let mut notes = notes.filter(|note| note.text(0) == Some(DATASETS_KEY));
    notes.next()?.text(1)
}
