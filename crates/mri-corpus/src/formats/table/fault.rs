use std::fmt;
use std::io;
use std::path::Path;

use crate::error::{CorpusError, RowProblem};

/// A place in the file, both numbers counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u64,
    /// In characters.
    pub(super) column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why there is no next record.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    /// A quoted field, opened here, does not end.
    Unclosed(Place),
    /// A quote `at` ends a field in its middle.
    Stray {
        opened: Place,
        at: Place,
    },
    /// A record has another number of fields than the header.
    Width {
        line: u64,
        found: usize,
        expected: usize,
    },
}

/// The error for a fault in a file.
pub(super) fn error(path: &Path, fault: Fault) -> CorpusError {
    match fault {
        Fault::Io(source) => CorpusError::io(path)(source),
        Fault::Unclosed(opened) => {
            CorpusError::row(path, opened.to_string(), RowProblem::UnclosedQuote)
        }
        Fault::Stray { opened, at } => {
            let opened = opened.to_string();
            CorpusError::row(path, at.to_string(), RowProblem::StrayQuote { opened })
        }
        Fault::Width {
            line,
            found,
            expected,
        } => {
            let problem = format!(
                "{found} fields where the header has {expected}; quote fields that hold the separator"
            );
            CorpusError::malformed(path, format!("line {line}"), problem)
        }
    }
}
