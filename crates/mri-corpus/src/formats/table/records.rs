//! Splits a table into records, with the line and column of what is wrong in it.
//!
//! Readers of the kept crates take any bytes for a table: a quote that is never closed swallows
//! the rest of a file, and one that is a letter of a text the rows up to the next. Here a quoted
//! field has to end where a field may end, and where quotes are letters of texts they are told
//! from those of a writer by looking ahead.

use std::io::{self, BufRead};

use memchr::{memchr, memchr2, memchr3};

use super::fault::{Fault, Place};
use crate::error::n_characters;

/// Which quotes enclose fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// Those that start a field.
    Strict,
    /// Those that start a field and end it, every quote between them doubled; only if the rows are
    /// not sound without them, or if the field stays in its line.
    Whole,
    /// None.
    Letters,
}

/// How far a field that may be quoted as a whole is looked for its end: no text of a table
/// separated by tabs comes near. It bounds the memory for a quote that is a letter.
const LOOKAHEAD: usize = 1 << 22;

/// The fields of a record.
#[derive(Debug, Default)]
pub(super) struct Record {
    text: Vec<u8>,
    /// Where in `text` each field ends.
    ends: Vec<usize>,
    /// Whether a field starts with a quote that does not enclose it within its line.
    opened: bool,
    /// The line that it starts in, and its lines as they are in the file.
    line: u64,
    raw: Vec<u8>,
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..end)
    }

    /// The number of the line that the record starts in, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The record's lines, with quotes and line ends.
    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.opened = false;
    }

    fn end_field(&mut self) {
        self.ends.push(self.text.len());
    }

    /// Whether it has so many fields, but for empty ones behind them.
    fn has_width(&self, width: usize) -> bool {
        let more = width..self.len();
        self.len() >= width
            && more
                .into_iter()
                .all(|i| self.get(i).is_none_or(<[u8]>::is_empty))
    }

    /// Adds a field that quotes may enclose as a whole.
    fn push_whole(&mut self, field: &[u8]) {
        let start = self.text.len();
        if !push_enclosed(field, &mut self.text) {
            self.text.truncate(start);
            self.text.extend_from_slice(field);
            self.opened |= field.first() == Some(&b'"');
        }
        self.end_field();
    }
}

/// Adds what quotes enclose; `false` if they do not enclose the field, or one in it is not doubled.
fn push_enclosed(field: &[u8], text: &mut Vec<u8>) -> bool {
    let inner = field.strip_prefix(b"\"");
    let Some(mut inner) = inner.and_then(|inner| inner.strip_suffix(b"\"")) else {
        return false;
    };
    while let Some(at) = memchr(b'"', inner) {
        if inner.get(at + 1) != Some(&b'"') {
            return false;
        }
        text.extend_from_slice(&inner[..=at]);
        inner = &inner[at + 2..];
    }
    text.extend_from_slice(inner);
    true
}

/// The records of a table, one at a time.
pub(super) struct Records<R> {
    source: R,
    delimiter: u8,
    quoting: Quoting,
    /// The number of fields that every record has to have; `None` for the header.
    width: Option<usize>,
    /// Whole lines that were read; those before `at` are done with.
    buffer: Vec<u8>,
    at: usize,
    /// The number of the line at `at`, from 1.
    line: u64,
    record: Record,
}

impl<R> Records<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            delimiter: b',',
            quoting: Quoting::Strict,
            width: None,
            buffer: Vec::new(),
            at: 0,
            line: 1,
            record: Record::default(),
        }
    }

    pub(super) fn set_separation(&mut self, delimiter: u8, quoting: Quoting) {
        self.delimiter = delimiter;
        self.quoting = quoting;
    }

    /// Rejects records of another number of fields from now on.
    pub(super) fn set_width(&mut self, width: usize) {
        self.width = Some(width);
    }

    /// The record that was read last.
    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    /// Where the text of the line that starts at `from` ends.
    fn line_end(&self, from: usize) -> usize {
        let line = &self.buffer[from..];
        from + memchr2(b'\r', b'\n', line).unwrap_or(line.len())
    }

    /// Where the next line starts, after a line's text.
    fn after_line(&self, end: usize) -> usize {
        match self.buffer.get(end..) {
            Some([b'\r', b'\n', ..]) => end + 2,
            Some([_, ..]) => end + 1,
            _ => end,
        }
    }

    /// The line ends between two places of the buffer, and where the last of them ends.
    fn lines(&self, from: usize, to: usize) -> (u64, usize) {
        let (mut lines, mut start) = (0, from);
        loop {
            let end = self.line_end(start);
            let next = self.after_line(end);
            if end == next || next > to {
                return (lines, start);
            }
            (lines, start) = (lines + 1, next);
        }
    }

    fn place(&self, index: usize) -> Place {
        let (lines, start) = self.lines(self.at, index);
        Place {
            line: self.line + lines,
            column: n_characters(&self.buffer[start..index]) + 1,
        }
    }

    fn go_to(&mut self, next: usize) {
        self.line += self.lines(self.at, next).0;
        self.at = next;
    }

    /// Steps over the line that was looked at.
    pub(super) fn skip_line(&mut self) {
        let next = self.after_line(self.line_end(self.at));
        self.go_to(next);
    }

    /// Splits the line at every separator.
    fn split_line(&mut self) -> usize {
        let end = self.line_end(self.at);
        let whole = self.quoting == Quoting::Whole;
        self.record.clear();
        for field in self.buffer[self.at..end].split(|&byte| byte == self.delimiter) {
            if whole {
                self.record.push_whole(field);
            } else {
                self.record.text.extend_from_slice(field);
                self.record.end_field();
            }
        }
        self.after_line(end)
    }

    /// Whether every line up to `after` has the fields of a record.
    fn lines_are_records(&self, after: usize, width: usize) -> bool {
        let mut start = self.at;
        while start < after {
            let end = self.line_end(start);
            let line = &self.buffer[start..end];
            if line.split(|&byte| byte == self.delimiter).count() != width {
                return false;
            }
            start = self.after_line(end);
        }
        true
    }
}

impl<R: BufRead> Records<R> {
    /// Reads the next record into [`Records::record`]; `false` at the end.
    pub(super) fn next(&mut self) -> Result<bool, Fault> {
        let Some(next) = self.split(usize::MAX)? else {
            return Ok(false);
        };
        self.record.raw.clear();
        self.record
            .raw
            .extend_from_slice(&self.buffer[self.at..next]);
        self.record.line = self.line;
        self.go_to(next);
        if self.at > LOOKAHEAD.min(self.buffer.len() / 2) {
            // Looking ahead leaves lines behind the one that is read.
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        match self.width {
            Some(expected) if !self.record.has_width(expected) => Err(Fault::Width {
                line: self.record.line,
                found: self.record.len(),
                expected,
            }),
            _ => Ok(true),
        }
    }

    /// As [`Records::next`], of a record that is then read again.
    pub(super) fn peek(&mut self) -> Result<bool, Fault> {
        Ok(self.split(LOOKAHEAD)?.is_some())
    }

    /// The text of the next line that is not empty; empty at the end.
    pub(super) fn peek_line(&mut self) -> Result<&[u8], Fault> {
        loop {
            if self.at == self.buffer.len() {
                self.buffer.clear();
                self.at = 0;
                if !self.pull()? {
                    return Ok(&[]);
                }
            }
            let end = self.line_end(self.at);
            if end > self.at {
                return Ok(&self.buffer[self.at..end]);
            }
            self.skip_line();
        }
    }

    /// Splits the next record into its fields, and says where it ends.
    fn split(&mut self, limit: usize) -> Result<Option<usize>, Fault> {
        if self.peek_line()?.is_empty() {
            return Ok(None);
        }
        match self.quoting {
            Quoting::Strict => self.split_quoted(limit).map(Some),
            Quoting::Letters => Ok(Some(self.split_line())),
            Quoting::Whole => self.split_whole().map(Some),
        }
    }

    /// Splits a line in which quotes may be letters.
    fn split_whole(&mut self) -> Result<usize, Fault> {
        let next = self.split_line();
        let sound = self.width.is_none_or(|width| self.record.has_width(width));
        if sound && !self.record.opened {
            return Ok(next);
        }
        let found = self.record.len();
        let fault = match self.split_quoted(LOOKAHEAD) {
            Err(Fault::Io(error)) => return Err(Fault::Io(error)),
            Err(fault) => fault,
            Ok(after) => {
                let fits = self.width.is_none_or(|width| self.record.has_width(width));
                let letters = sound
                    && self
                        .width
                        .is_some_and(|width| self.lines_are_records(after, width));
                if fits && !letters {
                    return Ok(after);
                }
                self.split_line();
                return Ok(next);
            }
        };
        if !sound && self.width.is_some_and(|width| found < width) {
            return Err(fault);
        }
        self.split_line();
        Ok(next)
    }

    /// Splits a record whose quotes enclose fields. A record longer than `limit` bytes counts as
    /// one whose quotes are not closed.
    fn split_quoted(&mut self, limit: usize) -> Result<usize, Fault> {
        self.record.clear();
        let mut at = self.at;
        loop {
            at = match self.buffer.get(at) {
                Some(b'"') => self.quoted_field(at, limit)?,
                _ => self.plain_field(at),
            };
            self.record.end_field();
            if self.buffer.get(at) != Some(&self.delimiter) {
                return Ok(self.after_line(at));
            }
            at += 1;
        }
    }

    fn plain_field(&mut self, at: usize) -> usize {
        let rest = &self.buffer[at..];
        let end = memchr3(self.delimiter, b'\r', b'\n', rest).unwrap_or(rest.len());
        self.record.text.extend_from_slice(&rest[..end]);
        at + end
    }

    fn quoted_field(&mut self, opened: usize, limit: usize) -> Result<usize, Fault> {
        let mut at = opened + 1;
        loop {
            let rest = &self.buffer[at..];
            let Some(length) = memchr(b'"', rest) else {
                self.record.text.extend_from_slice(rest);
                at = self.buffer.len();
                if at - self.at > limit || !self.pull()? {
                    return Err(Fault::Unclosed(self.place(opened)));
                }
                continue;
            };
            self.record.text.extend_from_slice(&rest[..length]);
            at += length + 1;
            match self.buffer.get(at) {
                Some(b'"') => {
                    self.record.text.push(b'"');
                    at += 1;
                }
                None | Some(b'\r' | b'\n') => return Ok(at),
                Some(&byte) if byte == self.delimiter => return Ok(at),
                Some(_) => {
                    return Err(Fault::Stray {
                        opened: self.place(opened),
                        at: self.place(at - 1),
                    });
                }
            }
        }
    }

    /// Reads a line more, with its end; `false` at the end of the source.
    fn pull(&mut self) -> Result<bool, Fault> {
        let before = self.buffer.len();
        loop {
            let bytes = fill(&mut self.source)?;
            if bytes.is_empty() {
                return Ok(self.buffer.len() > before);
            }
            let end = memchr2(b'\r', b'\n', bytes);
            let length = end.map_or(bytes.len(), |end| end + 1);
            self.buffer.extend_from_slice(&bytes[..length]);
            self.source.consume(length);
            if end.is_some() {
                if self.buffer.last() == Some(&b'\r')
                    && fill(&mut self.source)?.first() == Some(&b'\n')
                {
                    self.buffer.push(b'\n');
                    self.source.consume(1);
                }
                return Ok(true);
            }
        }
    }
}

/// Bytes of the source, none at its end.
fn fill(source: &mut impl BufRead) -> Result<&[u8], Fault> {
    loop {
        match source.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::Io(error)),
        }
    }
    source.fill_buf().map_err(Fault::Io)
}
