//! JSON Lines: one object per line.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::Path;

use serde_json::{Map, Value};

use super::rows::Rows;
use super::{CorpusOptions, missing_column};
use crate::ExtractError;

/// An error for a column that is not there lists at most so many that are: a file of records can
/// have thousands of keys.
const NAMES_LISTED: usize = 30;

pub(super) fn read(
    path: &Path,
    mut source: impl BufRead,
    options: &CorpusOptions,
    rows: &mut Rows<'_>,
) -> Result<(), ExtractError> {
    let mut columns = [
        Column::new(&options.text_column, "text"),
        Column::new(&options.label_column, "label"),
    ];
    let mut names: Vec<String> = Vec::new();
    // A row without a value is the error only if other rows have one; else the column is wrong.
    let mut missing = None;
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let length = source
            .read_until(b'\n', &mut line)
            .map_err(ExtractError::io(path))?;
        if length == 0 || (missing.is_some() && columns.iter().all(|column| column.seen)) {
            break;
        }
        let place = || format!("line {number}");
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        let text = std::str::from_utf8(text).map_err(|_| ExtractError::NotUtf8 {
            path: path.to_owned(),
            place: place(),
        })?;
        if text.trim().is_empty() {
            continue;
        }
        let bad = |problem: String| ExtractError::BadTable {
            path: path.to_owned(),
            place: place(),
            problem,
        };
        let object: Map<String, Value> = serde_json::from_str(text)
            .map_err(|e| bad(format!("not a JSON object on a line of its own: {e}")))?;
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
        return Err(missing_column(path, column.name, &names, column.flag));
    }
    missing.map_or(Ok(()), Err)
}

struct Column<'a> {
    name: &'a str,
    flag: &'static str,
    /// Whether any row has it.
    seen: bool,
}

impl<'a> Column<'a> {
    fn new(name: &'a str, flag: &'static str) -> Self {
        let seen = false;
        Self { name, flag, seen }
    }

    /// The value in a row as text; empty where there is none.
    fn value<'b>(&mut self, object: &'b Map<String, Value>) -> Result<Cow<'b, str>, String> {
        let Some(value) = object.get(self.name) else {
            return Ok(Cow::Borrowed(""));
        };
        self.seen = true;
        match value {
            Value::Null => Ok(Cow::Borrowed("")),
            Value::String(text) => Ok(Cow::Borrowed(text)),
            // Classes are often numbered.
            Value::Number(_) | Value::Bool(_) => Ok(Cow::Owned(value.to_string())),
            Value::Array(_) | Value::Object(_) => Err(format!(
                "{:?} holds a list or an object where a string is needed; name another column with --{}",
                self.name, self.flag
            )),
        }
    }
}
