use std::fmt;
use std::path::PathBuf;

use mri_core::Pooling;

/// What the files of a model decided that a user may not expect.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelNote {
    /// Entries of `config.json` about which nothing is known.
    Unread {
        /// The names of the entries.
        entries: Vec<String>,
    },
    /// The pooling is that of the model's own files.
    Pooling {
        /// The pooling.
        pooling: Pooling,
        /// The file that says so.
        path: PathBuf,
    },
    /// An adapter was merged into the weights.
    Adapter {
        /// The adapter's folder.
        adapter: PathBuf,
        /// The folder of its base.
        base: PathBuf,
    },
}

impl fmt::Display for ModelNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread { entries } => write!(
                f,
                "config.json has entries that are not known and had no effect: {}",
                entries.join(", ")
            ),
            Self::Pooling { pooling, path } => {
                write!(f, "pooling {pooling}, as {} says", path.display())
            }
            Self::Adapter { adapter, base } => write!(
                f,
                "the adapter of {} was merged into {}",
                adapter.display(),
                base.display()
            ),
        }
    }
}
