//! JSON Lines: one object per line.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{ColumnRole, CorpusError, RowProblem};
use crate::options::CorpusOptions;
use crate::row_filter::RowFilter;

/// An error for a column that is not there lists at most so many that are: a file of records can
/// have thousands of keys.
const NAMES_LISTED: usize = 30;

pub(crate) fn read(
    path: &Path,
    mut source: impl BufRead,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    let mut columns = [
        Column::new(&options.text_column, ColumnRole::Text),
        Column::new(&options.label_column, ColumnRole::Label),
    ];
    let mut names: Vec<String> = Vec::new();
    // A row without a value is the error only if other rows have one; else the column is wrong.
    let mut missing = None;
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let length = source
            .read_until(b'\n', &mut line)
            .map_err(CorpusError::io(path))?;
        if length == 0 || (missing.is_some() && columns.iter().all(|column| column.seen)) {
            break;
        }
        let place = || format!("line {number}");
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        let text = std::str::from_utf8(text)
            .map_err(|_| CorpusError::row(path, place(), RowProblem::NotUtf8))?;
        if text.trim().is_empty() {
            continue;
        }
        let bad = |problem| CorpusError::row(path, place(), problem);
        let object: Map<String, Value> = serde_json::from_str(text)
            .map_err(|e| format!("not a JSON object on a line of its own: {e}"))
            .map_err(|problem| bad(RowProblem::Malformed(problem)))?;
        for name in object.keys() {
            if names.len() < NAMES_LISTED && !names.contains(name) {
                names.push(name.clone());
            }
        }
        let [text, label] = &mut columns;
        let (text, label) = (
            text.value(&object).map_err(bad)?,
            label.value(&object).map_err(bad)?,
        );
        if missing.is_none() {
            missing = rows.push(path, place, &text, &label).err();
        }
    }
    if let Some(column) = columns.iter().find(|column| !column.seen)
        && !names.is_empty()
    {
        return Err(CorpusError::missing_column(
            path,
            column.name,
            &names,
            column.role,
        ));
    }
    missing.map_or(Ok(()), Err)
}

struct Column<'a> {
    name: &'a str,
    role: ColumnRole,
    /// Whether any row has it.
    seen: bool,
}

impl<'a> Column<'a> {
    fn new(name: &'a str, role: ColumnRole) -> Self {
        let seen = false;
        Self { name, role, seen }
    }

    /// The value in a row as text; empty where there is none.
    fn value<'b>(&mut self, object: &'b Map<String, Value>) -> Result<Cow<'b, str>, RowProblem> {
        let Some(value) = object.get(self.name) else {
            return Ok(Cow::Borrowed(""));
        };
        self.seen = true;
        match value {
            Value::Null => Ok(Cow::Borrowed("")),
            Value::String(text) => Ok(Cow::Borrowed(text)),
            // Classes are often numbered.
            Value::Number(_) | Value::Bool(_) => Ok(Cow::Owned(value.to_string())),
            Value::Array(_) | Value::Object(_) => Err(RowProblem::NotText {
                column: self.name.to_owned(),
                role: self.role,
            }),
        }
    }
}
