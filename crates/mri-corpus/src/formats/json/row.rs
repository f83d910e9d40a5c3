//! An object with a text and a label, of which nothing else is kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::value::Value;

/// An error for a column that is not there lists at most so many that are: a file of records can
/// have thousands of keys.
pub(super) const NAMES_LISTED: usize = 30;

/// A key or a string of an object.
pub(super) type Text<'a> = Cow<'a, str>;

/// What is kept of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowShape {
    /// Its text and its label.
    Flat,
    /// Also lists in their place, and lists of objects under other keys.
    Deep,
}

/// What is read of an object.
#[derive(Debug, Default)]
pub(super) struct Row<'a> {
    /// Text and label; `None` where the key is not there.
    pub(super) cells: [Option<Cell<'a>>; 2],
    /// The first keys.
    pub(super) names: Vec<Text<'a>>,
    /// The lists of objects that have any of the columns.
    pub(super) lists: Vec<(Text<'a>, Vec<Row<'a>>)>,
}

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Cell<'a> {
    Missing,
    Text(Text<'a>),
    Integer(i128),
    Float(f64),
    Bool(bool),
    /// A list or an object of values, in a row whose shape is deep.
    List(Vec<Cell<'a>>),
    /// Any other list or object.
    Nested,
}

impl Cell<'_> {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Missing | Self::List(_) | Self::Nested => Value::Missing,
            Self::Text(text) => Value::Text(text),
            Self::Integer(integer) => Value::Integer(*integer),
            Self::Float(float) => Value::Float(*float),
            Self::Bool(value) => Value::Bool(*value),
        }
    }
}

impl<'a> Row<'a> {
    /// Parses an object.
    pub(super) fn parse(
        text: &'a str,
        columns: [&str; 2],
        shape: RowShape,
    ) -> Result<Self, serde_json::Error> {
        let mut source = serde_json::Deserializer::from_str(text);
        let row = RowSeed { columns, shape }.deserialize(&mut source)?;
        source.end()?;
        Ok(row)
    }
}

#[derive(Clone, Copy)]
struct RowSeed<'s> {
    columns: [&'s str; 2],
    shape: RowShape,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = Row<'de>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Row<'de>, D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = Row<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row<'de>, A::Error> {
        let mut row = Row::default();
        while let Some(name) = map.next_key_seed(TextSeed)? {
            let is = self.columns.map(|column| column == name);
            if is.contains(&true) {
                let deep = self.shape == RowShape::Deep;
                let cell = map.next_value_seed(CellSeed { deep })?;
                for (place, is) in row.cells.iter_mut().zip(is) {
                    if is {
                        *place = Some(cell.clone());
                    }
                }
            } else if self.shape == RowShape::Deep {
                let rows = map.next_value_seed(ListSeed(self))?;
                if rows.iter().any(|row| row.cells.iter().any(Option::is_some)) {
                    row.lists.push((name.clone(), rows));
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if row.names.len() < NAMES_LISTED {
                row.names.push(name);
            }
        }
        Ok(row)
    }
}

/// A list of objects; empty for anything else.
struct ListSeed<'s>(RowSeed<'s>);

impl<'de> DeserializeSeed<'de> for ListSeed<'_> {
    type Value = Vec<Row<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_any(self)
    }
}

/// An element of a list: an object, or something that is none.
struct ElementSeed<'s>(RowSeed<'s>);

impl<'de> DeserializeSeed<'de> for ElementSeed<'_> {
    type Value = Option<Row<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_any(self)
    }
}

/// Visits values that are of no interest.
macro_rules! ignore_plain {
    ($none:expr) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($none)
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($none)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($none)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($none)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($none)
        }

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($none)
        }
    };
}

impl<'de> Visitor<'de> for ListSeed<'_> {
    type Value = Vec<Row<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    ignore_plain!(Vec::new());

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let seed = RowSeed {
            shape: RowShape::Flat,
            ..self.0
        };
        let (mut rows, mut n_others) = (Vec::new(), 0);
        while let Some(element) = list.next_element_seed(ElementSeed(seed))? {
            n_others += usize::from(element.is_none());
            rows.extend(element);
        }
        // A list that holds anything else is no table.
        Ok(if n_others == 0 { rows } else { Vec::new() })
    }
}

impl<'de> Visitor<'de> for ElementSeed<'_> {
    type Value = Option<Row<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    ignore_plain!(None);

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        self.0.visit_map(map).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A string, without a copy where it has no escapes.
struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Text<'de>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Text<'de>, D::Error> {
        source.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A value; of lists and objects the values in them, if `deep`.
#[derive(Clone, Copy)]
struct CellSeed {
    deep: bool,
}

impl<'de> DeserializeSeed<'de> for CellSeed {
    type Value = Cell<'de>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Cell<'de>, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellSeed {
    type Value = Cell<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Cell<'de>, E> {
        Ok(Cell::Missing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Cell<'de>, E> {
        Ok(Cell::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cell<'de>, E> {
        Ok(Cell::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cell<'de>, E> {
        Ok(Cell::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cell<'de>, E> {
        Ok(Cell::Float(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cell<'de>, E> {
        Ok(Cell::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cell<'de>, E> {
        Ok(Cell::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Cell<'de>, A::Error> {
        if !self.deep {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Cell::Nested);
        }
        let mut cells = Vec::new();
        while let Some(cell) = list.next_element_seed(CellSeed { deep: false })? {
            cells.push(cell);
        }
        Ok(Cell::List(cells))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell<'de>, A::Error> {
        if !self.deep {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Cell::Nested);
        }
        let mut cells = Vec::new();
        while map.next_key::<IgnoredAny>()?.is_some() {
            cells.push(map.next_value_seed(CellSeed { deep: false })?);
        }
        Ok(Cell::List(cells))
    }
}
