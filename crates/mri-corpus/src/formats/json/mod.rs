//! JSON: an object per line, a list of objects, or an object that holds such a list.

mod elements;
mod repair;
mod row;

use std::io::{BufRead, Cursor, Read};
use std::path::Path;

use self::elements::{Elements, Fault};
use self::row::{Cell, NAMES_LISTED, Row, RowShape};
use crate::error::{ColumnRole, CorpusError, RowProblem};
use crate::format::Format;
use crate::options::CorpusOptions;
use crate::row_filter::RowFilter;
use crate::value::Value;

/// Reads JSON. Of [`Format::JsonLines`] every object has to be on a line of its own, unless the
/// file is a list.
pub(crate) fn read(
    path: &Path,
    mut source: impl BufRead,
    format: Format,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    let (first, line) = skip_space(&mut source).map_err(CorpusError::io(path))?;
    let mut table = Table {
        path,
        options,
        rows,
        names: Vec::new(),
        seen: [false; 2],
        missing: None,
        is_split: false,
    };
    match first {
        None => {
            return Err(CorpusError::EmptyFile {
                path: path.to_owned(),
            });
        }
        Some(b'{') if format == Format::Json => table.document(source, line)?,
        Some(b'[') => table.elements(Elements::new(source, line))?,
        Some(_) => table.lines(source, line)?,
    }
    table.finish()
}

/// Steps over white space and a byte order mark. Gives the byte that follows, and its line.
fn skip_space(source: &mut impl BufRead) -> std::io::Result<(Option<u8>, u64)> {
    let mut line = 1;
    loop {
        let Some(&byte) = source.fill_buf()?.first() else {
            return Ok((None, line));
        };
        if !byte.is_ascii_whitespace() {
            return Ok((Some(byte), line));
        }
        line += u64::from(byte == b'\n');
        source.consume(1);
    }
}

/// What is read of a file of objects.
struct Table<'a, 'b> {
    path: &'a Path,
    options: &'a CorpusOptions,
    rows: &'a mut RowFilter<'b>,
    /// The first keys of the objects.
    names: Vec<String>,
    /// Whether any object has a text, and a label.
    seen: [bool; 2],
    /// An object without a value is the error only if others have one; else the column is wrong.
    missing: Option<CorpusError>,
    /// Whether the rows are those of a split.
    is_split: bool,
}

impl Table<'_, '_> {
    /// Whether what the first error is was found out, so that no other row is needed.
    fn is_decided(&self) -> bool {
        self.missing.is_some() && self.seen == [true; 2]
    }

    fn finish(self) -> Result<(), CorpusError> {
        if let Some(split) = &self.options.split
            && !self.is_split
        {
            return Err(CorpusError::undivided(self.path, split));
        }
        let roles = [ColumnRole::Text, ColumnRole::Label];
        let columns = [&self.options.text_column, &self.options.label_column];
        for ((seen, name), role) in self.seen.into_iter().zip(columns).zip(roles) {
            if !seen && !self.names.is_empty() {
                return Err(CorpusError::missing_column(
                    self.path,
                    name,
                    &self.names,
                    role,
                ));
            }
        }
        self.missing.map_or(Ok(()), Err)
    }

    /// Reads an object per line, from line `number` on.
    fn lines(&mut self, mut source: impl BufRead, number: u64) -> Result<(), CorpusError> {
        let mut line = Vec::new();
        for number in number.. {
            line.clear();
            let length = source
                .read_until(b'\n', &mut line)
                .map_err(CorpusError::io(self.path))?;
            if length == 0 || self.is_decided() {
                break;
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
            if !text.trim_ascii().is_empty() {
                let place = || format!("line {number}");
                self.object(text, number, place, RowShape::Flat, Table::row)?;
            }
        }
        Ok(())
    }

    /// Reads the objects of a list, or objects one after another.
    fn elements(&mut self, mut elements: Elements<impl BufRead>) -> Result<(), CorpusError> {
        let mut object = Vec::new();
        for number in 0_u64.. {
            let line = elements.next(&mut object);
            let Some(line) = line.map_err(|fault| self.fault(fault))? else {
                break;
            };
            if self.is_decided() {
                break;
            }
            let place = || format!("line {line}, object {number} (counted from 0)");
            self.object(&object, line, place, RowShape::Flat, Table::row)?;
        }
        Ok(())
    }

    /// Reads a file that starts with an object on line `number`: it may be a row on a line of its
    /// own, a row on several lines, or hold all rows.
    fn document(&mut self, mut source: impl BufRead, number: u64) -> Result<(), CorpusError> {
        let mut first = Vec::new();
        source
            .read_until(b'\n', &mut first)
            .map_err(CorpusError::io(self.path))?;
        let whole = Elements::new(first.as_slice(), number).next(&mut Vec::new());
        let on_a_line = matches!(whole, Ok(Some(_)));
        if !on_a_line {
            let mut elements = Elements::new(Cursor::new(first).chain(source), number);
            let mut object = Vec::new();
            elements
                .next(&mut object)
                .map_err(|fault| self.fault(fault))?;
            self.first(&object, number)?;
            return self.elements(elements);
        }
        self.first(&first, number)?;
        self.lines(source, number + 1)
    }

    /// Reads the first object of a file, which may be a row or hold all rows.
    fn first(&mut self, object: &[u8], line: u64) -> Result<(), CorpusError> {
        let place = || format!("line {line}");
        self.object(
            object,
            line,
            place,
            RowShape::Deep,
            |table, place, row| match row.lists.len() {
                _ if row.cells.iter().any(Option::is_some) => table.columns(place, row),
                0 => table.row(place, row),
                _ => table.list(row),
            },
        )
    }

    /// Reads the rows of an object of lists: {"text": […], "label": […]}, or the same with objects
    /// in place of lists, as pandas writes tables.
    fn columns(&mut self, place: &dyn Fn() -> String, row: Row<'_>) -> Result<(), CorpusError> {
        let [Some(Cell::List(texts)), Some(Cell::List(labels))] = &row.cells else {
            return self.row(place, row);
        };
        if texts.len() != labels.len() {
            let problem = format!("{} texts and {} labels", texts.len(), labels.len());
            return Err(CorpusError::malformed(self.path, place(), problem));
        }
        for (number, (text, label)) in texts.iter().zip(labels).enumerate() {
            let place = || format!("row {number} (counted from 0)");
            let cells = [text, label].map(|cell| Some(cell.clone()));
            let row = Row {
                cells,
                ..Row::default()
            };
            self.row(&place, row)?;
        }
        Ok(())
    }

    /// Reads the one list of rows that an object holds, or that of the requested split.
    fn list(&mut self, row: Row<'_>) -> Result<(), CorpusError> {
        let names: Vec<String> = row.lists.iter().map(|(name, _)| name.to_string()).collect();
        let position = match &self.options.split {
            None if names.len() == 1 => Some(0),
            None => None,
            Some(split) => names.iter().position(|name| name == split),
        };
        let Some(position) = position else {
            return Err(CorpusError::Split {
                path: self.path.to_owned(),
                split: self.options.split.clone(),
                splits: names,
            });
        };
        self.is_split = true;
        let list = row.lists.into_iter().nth(position);
        self.names.clear();
        for (number, row) in list.into_iter().flat_map(|(_, rows)| rows).enumerate() {
            if number == 0 {
                self.names.extend(row.names.iter().map(ToString::to_string));
            }
            if self.is_decided() {
                break;
            }
            let place = || format!("object {number} of {:?} (counted from 0)", names[position]);
            self.row(&place, row)?;
        }
        Ok(())
    }

    /// Parses an object and hands it on. What Python and JavaScript write that is no JSON is
    /// repaired first, where it is in the way.
    fn object(
        &mut self,
        bytes: &[u8],
        line: u64,
        place: impl Fn() -> String,
        shape: RowShape,
        then: impl FnOnce(&mut Self, &dyn Fn() -> String, Row<'_>) -> Result<(), CorpusError>,
    ) -> Result<(), CorpusError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|e| CorpusError::not_utf8(self.path, line, bytes, &e))?;
        let (path, options) = (self.path, self.options);
        let columns = [&options.text_column, &options.label_column];
        let columns = columns.map(String::as_str);
        let parse = |text| Row::parse(text, columns, shape);
        let repaired;
        let row = match parse(text) {
            Ok(row) => row,
            Err(error) => {
                let not_json = |error: serde_json::Error| {
                    let problem = format!("not a JSON object: {error}");
                    CorpusError::malformed(path, place(), problem)
                };
                repaired = repair::repair(text).ok_or_else(|| not_json(error))?;
                let row = parse(&repaired.text).map_err(not_json)?;
                if repaired.n_surrogates > 0 {
                    self.rows.note_replaced();
                }
                row
            }
        };
        for name in &row.names {
            if self.names.len() < NAMES_LISTED && !self.names.iter().any(|known| known == name) {
                self.names.push(name.to_string());
            }
        }
        then(self, &place, row)
    }

    fn row(&mut self, place: &dyn Fn() -> String, row: Row<'_>) -> Result<(), CorpusError> {
        let columns = [
            (&self.options.text_column, ColumnRole::Text),
            (&self.options.label_column, ColumnRole::Label),
        ];
        for (i, (column, role)) in columns.into_iter().enumerate() {
            self.seen[i] |= row.cells[i].is_some();
            if matches!(row.cells[i], Some(Cell::List(_) | Cell::Nested)) {
                let column = column.clone();
                let problem = RowProblem::NotText { column, role };
                return Err(CorpusError::row(self.path, place(), problem));
            }
        }
        if self.missing.is_none() {
            let values = row.cells.each_ref().map(|cell| match cell {
                None => Value::Missing,
                Some(cell) => cell.value(),
            });
            self.missing = self.rows.push_values(self.path, place, values).err();
        }
        Ok(())
    }

    fn fault(&self, fault: Fault) -> CorpusError {
        match fault {
            Fault::Io(error) => CorpusError::io(self.path)(error),
            Fault::Bad { line, problem } => {
                CorpusError::malformed(self.path, format!("line {line}"), problem)
            }
        }
    }
}
