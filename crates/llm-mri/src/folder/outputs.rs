//! Which files and folders a scan writes: nothing else is ever replaced or removed.

use std::fs;
use std::path::Path;

use mri_store::Manifest;

use crate::error::ScanError;
use crate::folder::file_names::{EMBEDDING, FIGURES, GRAPH, GRID, REPORT, TEXTS};
use crate::folder::output::{remove_file, remove_files};
use crate::folder::report::is_report_at;
use crate::folder::{embedding, figures, graph, grid};

/// The name of a stage's folder, and which files in it are the stage's.
type StageFolder = (&'static str, fn(&str) -> bool);

/// The folders of the stages after the recording, in their order.
const STAGES: [StageFolder; 4] = [
    (EMBEDDING, embedding::is_ours),
    (GRID, grid::is_ours),
    (GRAPH, graph::is_ours),
    (FIGURES, figures::is_ours),
];

/// A stage of a scan, with everything derived from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// `embedding/`, and all that follows.
    Maps,
    /// `grid/`, `graph/`, `figures/` and `report.html`.
    Grid,
}

impl Stage {
    /// The names of the files and folders of this stage and of those after it.
    pub(crate) fn outputs(self) -> &'static [&'static str] {
        match self {
            Self::Maps => &[EMBEDDING, GRID, GRAPH, FIGURES, REPORT],
            Self::Grid => &[GRID, GRAPH, FIGURES, REPORT],
        }
    }

    /// Removes the files of this stage and of those after it. What somebody else put there stays.
    pub(crate) fn remove(self, folder: &Path) -> Result<(), ScanError> {
        let first = match self {
            Self::Maps => 0,
            Self::Grid => 1,
        };
        for (name, is_ours) in &STAGES[first..] {
            remove_files(&folder.join(name), *is_ours)?;
        }
        let report = folder.join(REPORT);
        if is_report_at(&report) {
            remove_file(&report)?;
        }
        Ok(())
    }
}

/// Whether a file of the stages after the recording is a scan's, by its path in the folder with
/// `/`.
pub(crate) fn is_ours(file: &str) -> bool {
    match file.split_once('/') {
        None => [TEXTS, REPORT].contains(&file),
        Some((folder, name)) => STAGES
            .iter()
            .any(|(stage, is_ours)| *stage == folder && is_ours(name)),
    }
}

/// Removes the outputs of stages that the manifest does not name.
pub(crate) fn clear_stages(folder: &Path) -> Result<(), ScanError> {
    Stage::Maps.remove(folder)?;
    remove_file(&folder.join(TEXTS))
}

/// Whether a file begins as a manifest of a scan does, of whatever version or damaged after that.
pub(crate) fn begins_as_manifest(folder: &Path) -> bool {
    let Ok(text) = fs::read(folder.join(Manifest::FILE_NAME)) else {
        return false;
    };
    let text = text.iter().copied().filter(|b| !b.is_ascii_whitespace());
    let start: Vec<u8> = text.take(10).collect();
    start == b"{\"format\":"
}
