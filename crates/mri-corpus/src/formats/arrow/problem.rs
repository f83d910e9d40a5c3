use std::io;

/// Why a stream cannot be read.
pub(crate) enum Problem {
    Io(io::Error),
    /// There is no such column, or more than one; these are there.
    NoColumn {
        asked: usize,
        names: Vec<String>,
    },
    /// A text is not UTF-8.
    NotUtf8 {
        row: u64,
    },
    Bad(String),
}
