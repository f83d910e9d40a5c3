use serde::Serialize;

/// A table of a [`Report`](crate::Report).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportTable {
    /// The title.
    pub title: String,
    /// An explanation in a sentence or two; may be empty.
    pub note: String,
    /// The column names; the first column holds the row names.
    pub columns: Vec<String>,
    /// The rows, with one entry per column.
    pub rows: Vec<Vec<TableEntry>>,
}

/// One entry of a [`ReportTable`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum TableEntry {
    /// Text.
    Text(String),
    /// A number; shown as missing if not finite.
    Number(f64),
    /// Undefined or unknown.
    Missing,
}

impl From<&str> for TableEntry {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for TableEntry {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for TableEntry {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<Option<f64>> for TableEntry {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Missing, Self::Number)
    }
}

/// A titled list of facts on how a scan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The title, such as `Model`.
    pub title: String,
    /// Names and values.
    pub rows: Vec<(String, String)>,
}
