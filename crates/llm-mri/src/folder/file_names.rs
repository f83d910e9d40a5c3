//! The names of the files and folders of a scan.

use mri_store::Manifest;

/// The texts, in a file that is itself a corpus.
pub(crate) const TEXTS: &str = "corpus.csv";

/// The folder of the recording.
pub(crate) const ACTIVATIONS: &str = "activations";

/// The folders of the stages after it.
pub(crate) const EMBEDDING: &str = "embedding";
pub(crate) const GRID: &str = "grid";
pub(crate) const GRAPH: &str = "graph";
pub(crate) const FIGURES: &str = "figures";

/// The page to explore the scan with.
pub(crate) const REPORT: &str = "report.html";

/// All files and folders that a scan has.
pub(crate) const ALL: [&str; 8] = [
    Manifest::FILE_NAME,
    TEXTS,
    ACTIVATIONS,
    EMBEDDING,
    GRID,
    GRAPH,
    FIGURES,
    REPORT,
];

/// Whether a scan has a file or folder of this name.
pub(crate) fn is_output(name: &str) -> bool {
    ALL.contains(&name)
}
