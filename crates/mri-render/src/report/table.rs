use serde::Serialize;

/// A table of a [`Report`](crate::Report).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportTable {
    /// What the table tells.
    pub title: String,
    /// How to read it, in a sentence or two; may be empty.
    pub note: String,
    /// The names of the columns; the first names the rows.
    pub columns: Vec<String>,
    /// The rows, with one entry per column.
    pub rows: Vec<Vec<Entry>>,
}

/// One entry of a [`ReportTable`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Entry {
    /// Words.
    Text(String),
    /// A number; one that is not finite is shown as missing.
    Number(f64),
    /// Nothing is known or defined here.
    Missing,
}

impl From<&str> for Entry {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Entry {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Entry {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<Option<f64>> for Entry {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Missing, Self::Number)
    }
}

/// Some of what there is to know about how a scan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// What the facts are about, such as `Model`.
    pub title: String,
    /// Names and values.
    pub rows: Vec<(String, String)>,
}
