use std::fmt;

/// How a file differs from what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// There is no such file.
    Missing,
    /// It has another length.
    Length {
        /// Bytes that are there.
        found: u64,
        /// Bytes that were written.
        written: u64,
    },
    /// It has other contents.
    Contents,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::Length { found, written } => {
                write!(f, "has {found} bytes, of {written} that were written")
            }
            Self::Contents => f.write_str("has other contents than were written"),
        }
    }
}
