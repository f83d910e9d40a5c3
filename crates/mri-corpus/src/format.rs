use std::path::Path;

/// The format of a file of labeled texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// A table with a header, its columns separated by commas or semicolons.
    Csv,
    /// A table with a header, its columns separated by tabs.
    Tsv,
    /// JSON Lines: an object per line.
    JsonLines,
    /// JSON: a list of objects, an object that holds such a list, or objects one after another.
    Json,
    /// A Parquet table, with the feature `parquet`.
    Parquet,
    /// Arrow's IPC stream or file (Feather version 2), not compressed.
    Arrow,
}

mri_core::enum_names! {
    Format, "format of texts";
    Csv => "csv",
    Tsv => "tsv" | "tab",
    JsonLines => "jsonl" | "ndjson",
    Json => "json",
    Parquet => "parquet" | "pq",
    Arrow => "arrow" | "feather" | "ipc",
}

/// The endings of compressed texts.
const COMPRESSED: [&str; 4] = ["gz", "gzip", "zst", "zstd"];

impl Format {
    /// The format that the name of a file tells, also of one that ends in `.gz` or `.zst`.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let ending = |path: &Path| {
            path.extension()
                .map(|ending| ending.to_string_lossy().to_ascii_lowercase())
        };
        let last = ending(path)?;
        if COMPRESSED.contains(&last.as_str()) {
            return ending(Path::new(path.file_stem()?))?.parse().ok();
        }
        last.parse().ok()
    }
}
