//! A folder of tables: a clone or a cache folder of a dataset of Hugging Face, or any other.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::dataset;
use super::file::read_file;
use super::folder::sorted;
use super::input::Source;
use super::splits::{FileName, usual_name, usual_split};
use crate::error::{CorpusError, FormatProblem};
use crate::format::Format;
use crate::options::CorpusOptions;
use crate::row_filter::RowFilter;

/// How deep tables are looked for: in the hub's cache they lie in `snapshots/HASH/data`, and
/// under a configuration.
const DEPTH: usize = 5;

/// A table in a folder.
pub(super) struct TableFile {
    path: PathBuf,
    /// The folder that it lies in.
    pub(super) folder: PathBuf,
    pub(super) format: Format,
    name: FileName,
    split: Option<String>,
}

/// The tables in a folder and in those in it.
pub(super) fn find(path: &Path) -> Result<Vec<TableFile>, CorpusError> {
    let mut tables = Vec::new();
    walk(path, None, DEPTH, &mut tables)?;
    // Beside other tables, these are descriptions of them.
    if tables.iter().any(|table| table.format != Format::Json) {
        tables.retain(|table| table.format != Format::Json);
    }
    Ok(tables)
}

/// Finds tables, those without a split of their own being of `split`, for which a folder is named.
fn walk(
    folder: &Path,
    split: Option<&str>,
    depth: usize,
    tables: &mut Vec<TableFile>,
) -> Result<(), CorpusError> {
    let info = fs::read(folder.join(dataset::INFO)).ok();
    let info = info.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    for name in sorted(folder)? {
        let path = folder.join(&name);
        let text = name.to_string_lossy();
        if path.is_dir() {
            if depth > 1 && !text.starts_with('_') {
                let usual = usual_split(&text).or(split);
                walk(&path, usual, depth - 1, tables)?;
            }
            continue;
        }
        let Some(format) = Format::of(&path) else {
            continue;
        };
        // What `map` and `filter` of datasets leave, and descriptions.
        let is_left = format == Format::Arrow && text.starts_with("cache-");
        if is_left || text.starts_with('_') || dataset::is_description(&text) {
            continue;
        }
        let name = FileName::of(&path);
        let own = split_of(&name, format, info.as_ref());
        tables.push(TableFile {
            path,
            folder: folder.to_owned(),
            format,
            split: own.or_else(|| split.map(str::to_owned)),
            name,
        });
    }
    Ok(())
}

/// The split that the name of a file tells. `info` describes the dataset of a cache folder.
fn split_of(name: &FileName, format: Format, info: Option<&Json>) -> Option<String> {
    let stem = name.stem.as_str();
    let declared = info.and_then(|info| info["splits"].as_object());
    let declared = declared.and_then(|splits| {
        let named = |split: &&String| {
            let before = stem.strip_suffix(split.as_str());
            before.is_some_and(|before| before.is_empty() || before.ends_with('-'))
        };
        splits.keys().find(named)
    });
    if let Some(split) = declared {
        return Some(split.clone());
    }
    // The cache names files DATASET-SPLIT.arrow, the hub SPLIT-00000-of-00001.parquet, and a split
    // such as train_sft has a name of its own.
    if format == Format::Arrow
        && let Some((_, split)) = stem.rsplit_once('-')
    {
        return Some(split.to_owned());
    }
    match name.shard {
        Some(_) if format != Format::Arrow => Some(stem.to_owned()),
        _ => usual_split(stem).map(str::to_owned),
    }
}

/// Passes the rows of one split to `rows`.
pub(super) fn read(
    path: &Path,
    tables: Vec<TableFile>,
    options: &CorpusOptions,
    rows: &mut RowFilter<'_>,
) -> Result<(), CorpusError> {
    let mut splits: BTreeMap<Option<String>, Vec<TableFile>> = BTreeMap::new();
    for table in tables {
        splits.entry(table.split.clone()).or_default().push(table);
    }
    let names: Vec<String> = splits.keys().flatten().cloned().collect();
    let refused = || CorpusError::Split {
        path: path.to_owned(),
        split: options.split.clone(),
        splits: names.clone(),
    };
    let is_only = splits.len() == 1;
    let chosen = splits
        .into_iter()
        .find(|(name, _)| match (&options.split, name) {
            (None, _) => is_only,
            (Some(wanted), Some(name)) => {
                let usual = usual_name(wanted);
                name == wanted || (usual.is_some() && usual == usual_name(name))
            }
            (Some(_), None) => false,
        });
    let (_, tables) = chosen.ok_or_else(refused)?;
    check(path, &tables)?;
    let options = CorpusOptions {
        split: None,
        ..options.clone()
    };
    for table in &tables {
        let info = fs::read(table.folder.join(dataset::INFO)).ok();
        if let Some(info) = info.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            let info: Json = info;
            dataset::declare_classes(&info, &options.label_column, rows);
        }
        read_file(Source::file(&table.path), table.format, &options, rows)?;
    }
    Ok(())
}

/// Refuses files that may be the same rows twice, and a split of which files are missing.
fn check(path: &Path, tables: &[TableFile]) -> Result<(), CorpusError> {
    let mut places: Vec<String> = tables
        .iter()
        .map(|table| {
            let folder = table.folder.strip_prefix(path).unwrap_or(&table.folder);
            folder
                .join(format!("*.{}", table.format))
                .display()
                .to_string()
        })
        .collect();
    places.sort();
    places.dedup();
    if places.len() > 1 {
        return Err(CorpusError::format(
            path,
            FormatProblem::SeveralTables(places),
        ));
    }
    let mut shards: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    for table in tables {
        if let Some((_, count)) = table.name.shard {
            *shards.entry((&table.name.stem, count)).or_default() += 1;
        }
    }
    for ((stem, expected), found) in shards {
        if found < expected {
            let problem = FormatProblem::MissingFiles {
                name: stem.to_owned(),
                expected,
                missing: expected - found,
            };
            return Err(CorpusError::format(path, problem));
        }
    }
    Ok(())
}
