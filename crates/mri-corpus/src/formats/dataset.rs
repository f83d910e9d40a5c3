//! A folder that `save_to_disk` of Hugging Face's `datasets` wrote, and files of Arrow.
//!
//! `dataset_info.json` says what the columns mean, `state.json` lists the Arrow files of the rows.
//! A dataset of several splits has a folder for each, and lists them in `dataset_dict.json`.

use std::fs::{self, File};
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::arrow::{self, Part, Problem};
use super::folder::sorted;
use crate::error::{ColumnRole, CorpusError, RowProblem, find_column};
use crate::options::CorpusOptions;
use crate::row_filter::RowFilter;

pub(super) const INFO: &str = "dataset_info.json";
const STATE: &str = "state.json";
const SPLITS: &str = "dataset_dict.json";

pub(crate) fn is_dataset(folder: &Path) -> bool {
    [STATE, SPLITS]
        .iter()
        .any(|name| folder.join(name).is_file())
        || !splits_in(folder).is_empty()
}

/// Whether a file of this name describes a dataset.
pub(super) fn is_description(name: &str) -> bool {
    [INFO, STATE, SPLITS, "dataset_infos.json"].contains(&name)
}

/// The folders of a dataset of several splits that are datasets themselves, sorted.
fn splits_in(folder: &Path) -> Vec<String> {
    let names = sorted(folder).unwrap_or_default();
    let mut names: Vec<String> = names
        .into_iter()
        .filter(|name| folder.join(name).join(STATE).is_file())
        .filter_map(|name| name.into_string().ok())
        .collect();
    names.sort();
    names
}

pub(crate) fn read(
    folder: &Path,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    let folder = split_folder(folder, options.split.as_deref())?;
    declare_classes(&json(&folder.join(INFO))?, &options.label_column, rows);
    let mut first_row = 0;
    for file in files(&folder)? {
        let source = File::open(&file).map_err(CorpusError::io(&file))?;
        let source = BufReader::new(source);
        first_row += read_file(&file, source, first_row, options, rows)?;
    }
    Ok(())
}

/// Reads the rows of an Arrow file, the first of which is row `first_row` of the dataset, and says
/// how many there were.
pub(crate) fn read_file(
    path: &Path,
    source: impl Read + Seek,
    first_row: u64,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<u64, CorpusError> {
    let names = [&options.text_column, &options.label_column];
    let place = |row: u64| {
        format!(
            "row {} of the dataset (counted from 0)",
            first_row.saturating_add(row)
        )
    };
    let mut count = 0;
    let outcome = arrow::read(source, names.map(String::as_str), |part| match part {
        Part::Note(note) => {
            if let Ok(note) = serde_json::from_str::<Json>(note) {
                declare_classes(&note["info"], &options.label_column, rows);
            }
            Ok(())
        }
        Part::Row(row, values) => {
            count = row + 1;
            rows.push_values(path, || place(row), values)
                .map_err(Stop::Error)
        }
    });
    outcome.map_err(|stop| match stop {
        Stop::Error(error) => error,
        Stop::Problem(Problem::Io(source)) => CorpusError::io(path)(source),
        Stop::Problem(Problem::NoColumn {
            asked,
            names: there,
        }) => {
            let role = [ColumnRole::Text, ColumnRole::Label][asked];
            match find_column(path, &there, names[asked], role) {
                Ok(_) => CorpusError::missing_column(path, names[asked], &there, role),
                Err(error) => error,
            }
        }
        Stop::Problem(Problem::NotUtf8 { row }) => {
            CorpusError::row(path, place(row), RowProblem::NotUtf8)
        }
        Stop::Problem(Problem::Bad(problem)) => CorpusError::malformed(path, place(count), problem),
    })?;
    Ok(count)
}

/// Why reading ended early.
enum Stop {
    Error(CorpusError),
    Problem(Problem),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// The folder of the requested split; the dataset itself if it is not divided.
fn split_folder(folder: &Path, split: Option<&str>) -> Result<PathBuf, CorpusError> {
    let listed = folder.join(SPLITS);
    let names = if listed.is_file() {
        let list = json(&listed)?;
        let names = list["splits"].as_array().into_iter().flatten();
        names
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect()
    } else if folder.join(STATE).is_file() {
        return match split {
            None => Ok(folder.to_owned()),
            Some(split) => Err(CorpusError::undivided(folder, split)),
        };
    } else {
        splits_in(folder)
    };
    match (split, names.as_slice()) {
        // A folder is only looked for under a name that is listed and leads nowhere else.
        (Some(split), names) if names.iter().any(|name| name == split) && is_plain(split) => {
            Ok(folder.join(split))
        }
        (None, [only]) if is_plain(only) => Ok(folder.join(only)),
        _ => Err(CorpusError::Split {
            path: folder.to_owned(),
            split: split.map(str::to_owned),
            splits: names,
        }),
    }
}

/// Declares the classes of the column to `rows`, if it is a `ClassLabel`.
pub(crate) fn declare_classes(info: &Json, column: &str, rows: &mut RowFilter<'_>) {
    let feature = &info["features"][column];
    if feature["_type"] != "ClassLabel" {
        return;
    }
    let names = feature["names"].as_array().and_then(|names| {
        let names = names.iter().map(|name| name.as_str().map(str::to_owned));
        names.collect::<Option<Vec<_>>>()
    });
    if let Some(names) = names {
        rows.declare(&names);
    }
}

/// The Arrow files in the order of their rows.
fn files(folder: &Path) -> Result<Vec<PathBuf>, CorpusError> {
    let path = folder.join(STATE);
    let state = json(&path)?;
    let bad = |problem: &str| CorpusError::malformed(&path, "the list of files", problem);
    for key in ["_indices_files", "_indices_data_files"] {
        if state[key].as_array().is_some_and(|files| !files.is_empty()) {
            return Err(bad(
                "the rows are chosen by a list of indices; call flatten_indices() and save the dataset again",
            ));
        }
    }
    let files = state["_data_files"].as_array();
    let files = files.ok_or_else(|| bad("_data_files is missing; save the dataset again"))?;
    files
        .iter()
        .map(|file| match file["filename"].as_str() {
            Some(name) if is_plain(name) => Ok(folder.join(name)),
            _ => Err(bad("a file of rows has to lie in the dataset's folder")),
        })
        .collect()
}

/// Whether a name is that of an entry of a folder and leads nowhere else.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', ':'])
}

fn json(path: &Path) -> Result<Json, CorpusError> {
    let text = fs::read(path).map_err(CorpusError::io(path))?;
    serde_json::from_slice(&text).map_err(|e| {
        let problem = format!("{e}; save the dataset again");
        CorpusError::malformed(path, "its JSON", problem)
    })
}
