//! The objects of a list, or objects one after another, without parsing them.

use std::io::{self, BufRead};

/// Why there is no next object.
pub(super) enum Fault {
    Io(io::Error),
    Bad { line: u64, problem: String },
}

/// Where in a list the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before everything, where a list may open.
    Start,
    /// Between the objects of a list.
    List,
    /// Between objects that no list encloses.
    Bare,
    /// After a list.
    End,
}

/// The objects of a source, one at a time.
pub(super) struct Elements<R> {
    source: R,
    /// The number of the line that the next byte is in, from 1.
    line: u64,
    place: Place,
}

/// An object that is being read.
#[derive(Default)]
struct Open {
    /// The brackets that are open.
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Open {
    /// Takes a byte; whether the object ends with it.
    fn ends_with(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.depth == 0
    }
}

impl<R: BufRead> Elements<R> {
    /// The objects of a source whose next byte is in this line.
    pub(super) fn new(source: R, line: u64) -> Self {
        Self {
            source,
            line,
            place: Place::Start,
        }
    }

    /// Reads the next object, and gives the line that it starts in; `None` at the end.
    pub(super) fn next(&mut self, object: &mut Vec<u8>) -> Result<Option<u64>, Fault> {
        object.clear();
        if !self.find_object()? {
            return Ok(None);
        }
        let started = self.line;
        let mut open = Open::default();
        loop {
            let bytes = self.source.fill_buf().map_err(Fault::Io)?;
            if bytes.is_empty() {
                let problem = "the object that starts here does not end; the file is cut off";
                return Err(bad(started, problem));
            }
            let end = bytes.iter().position(|&byte| open.ends_with(byte));
            let length = end.map_or(bytes.len(), |end| end + 1);
            let taken = &bytes[..length];
            self.line += taken.iter().filter(|&&byte| byte == b'\n').count() as u64;
            object.extend_from_slice(taken);
            self.source.consume(length);
            if end.is_some() {
                return Ok(Some(started));
            }
        }
    }

    /// Goes to the start of the next object; `false` at the end.
    fn find_object(&mut self) -> Result<bool, Fault> {
        loop {
            let byte = self.source.fill_buf().map_err(Fault::Io)?.first().copied();
            match (byte, self.place) {
                (None, Place::List) => {
                    let problem = "the list does not end; the file is cut off";
                    return Err(bad(self.line, problem));
                }
                (None, _) => return Ok(false),
                (Some(b'{'), Place::Start | Place::Bare) => {
                    self.place = Place::Bare;
                    return Ok(true);
                }
                (Some(b'{'), Place::List) => return Ok(true),
                (Some(b'['), Place::Start) => self.place = Place::List,
                (Some(b']'), Place::List) => self.place = Place::End,
                (Some(b','), Place::List) => {}
                (Some(byte), _) if byte.is_ascii_whitespace() => {
                    self.line += u64::from(byte == b'\n');
                }
                (Some(byte), Place::End) => {
                    let problem = format!("{:?} follows the list", char::from(byte));
                    return Err(bad(self.line, problem));
                }
                (Some(byte), _) => {
                    let byte = char::from(byte);
                    let problem = format!("not a JSON object, but {byte:?}");
                    return Err(bad(self.line, problem));
                }
            }
            self.source.consume(1);
        }
    }
}

fn bad(line: u64, problem: impl Into<String>) -> Fault {
    let problem = problem.into();
    Fault::Bad { line, problem }
}
