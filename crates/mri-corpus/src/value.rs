use std::borrow::Cow;

/// A value of a typed column.
pub(crate) enum Value<'a> {
    Missing,
    Text(&'a str),
    Integer(i128),
    Bool(bool),
}

impl<'a> Value<'a> {
    /// The bytes of a text, 0 for other values.
    #[cfg(feature = "parquet")]
    pub(crate) fn n_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            _ => 0,
        }
    }

    /// The value as text; empty if it is missing.
    pub(crate) fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Missing => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Integer(integer) => Cow::Owned(integer.to_string()),
            Self::Bool(value) => Cow::Owned(value.to_string()),
        }
    }
}
