//! Whether a command may write to a place: one rule for all of them.

use std::fs;
use std::path::{Component, Path, PathBuf};

use mri_store::{FolderLock, holds_only_recording, is_barely_begun, is_store};

use crate::error::ScanError;
use crate::folder::comparison;
use crate::folder::file_names::{ACTIVATIONS, ALL, REPORT, is_output};
use crate::folder::outputs::begins_as_manifest;
use crate::folder::report::is_report_at;

/// What a command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A scan or a recording: a folder, which may be gone on with.
    Scan,
    /// What a comparison writes: a folder of two tables.
    Comparison,
    /// A report: one file.
    Report,
}

/// Refuses a place that a command must not write to, without writing anything: to be asked before
/// long work.
///
/// - What is read stays: a place that is one of `inputs`, holds one or lies in one is refused, but
///   for the report in its scan's own folder.
/// - What is there is replaced only if the same command made it, and a folder only with `replace`.
///   A folder that holds no more than what a process leaves that is killed in its first moments
///   counts as empty. A scan that is there is accepted, since it is resumed if it is the one that
///   would be made, and refused later if not.
/// - With `replace` a scan may go into a folder of other files if none of them has a name that the
///   scan needs; they stay.
///
/// # Errors
/// [`ScanError::OutIsInput`], [`ScanError::OutExists`], [`ScanError::NotOurs`].
pub fn check_output(
    path: &Path,
    output: Output,
    replace: bool,
    inputs: &[&Path],
) -> Result<(), ScanError> {
    for &input in inputs {
        let own = output == Output::Report && resolved(path) == resolved(&input.join(REPORT));
        if let (Some(relation), false) = (relation(path, input), own) {
            return Err(ScanError::OutIsInput {
                path: path.to_owned(),
                relation,
                input: input.to_owned(),
            });
        }
    }
    match output {
        Output::Scan => check_scan(path, replace),
        Output::Comparison => check_comparison(path, replace),
        Output::Report => check_report(path, inputs),
    }
}

fn check_scan(folder: &Path, replace: bool) -> Result<(), ScanError> {
    let begun = |name: &str| name == ACTIVATIONS && is_barely_begun(folder);
    if is_store(folder) || !is_there(folder) || holds_only(folder, begun, is_output) {
        return Ok(());
    }
    if !replace {
        return Err(exists(folder));
    }
    if holds_only_recording(folder) || begins_as_manifest(folder) {
        return Ok(());
    }
    if !folder.is_dir() {
        return Err(not_ours(folder));
    }
    // Somebody else's folder: nothing of it may be in the way.
    let mut in_the_way = ALL.iter().map(|name| folder.join(name));
    match in_the_way.find(|path| is_there(path)) {
        Some(path) => Err(not_ours(&path)),
        None => Ok(()),
    }
}

fn check_comparison(folder: &Path, replace: bool) -> Result<(), ScanError> {
    if !is_there(folder) || holds_only(folder, |_| false, |_| false) {
        Ok(())
    } else if !replace {
        Err(exists(folder))
    } else if !folder.is_dir() {
        Err(not_ours(folder))
    } else {
        comparison::first_other(folder).map_or(Ok(()), |other| Err(not_ours(&other)))
    }
}

fn check_report(file: &Path, scans: &[&Path]) -> Result<(), ScanError> {
    let place = resolved(file);
    let own = scans.iter().any(|s| place == resolved(&s.join(REPORT)));
    let inside = place.ancestors().skip(1).find(|folder| is_store(folder));
    if let (Some(scan), false) = (inside, own) {
        return Err(ScanError::OutIsInput {
            path: file.to_owned(),
            relation: "lies in the scan",
            input: scan.to_owned(),
        });
    }
    if !is_there(file) || is_report_at(file) {
        Ok(())
    } else {
        Err(not_ours(file))
    }
}

/// Whether there is anything at a path, be it a link to nothing.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether a folder holds only files that `is_ours` names, a lock, and what killed processes left
/// of files that `is_target` names.
fn holds_only(
    folder: &Path,
    is_ours: impl Fn(&str) -> bool,
    is_target: impl Fn(&str) -> bool,
) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.all(|entry| {
            entry.is_ok_and(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                FolderLock::is_file_name(&name)
                    || is_ours(&name)
                    || mri_core::temporary_target(&name).is_some_and(&is_target)
            })
        })
    })
}

/// How an output lies to an input, if they overlap.
fn relation(output: &Path, input: &Path) -> Option<&'static str> {
    let (output, input) = (resolved(output), resolved(input));
    if output == input {
        Some("is")
    } else if input.starts_with(&output) {
        Some("holds")
    } else if output.starts_with(&input) {
        Some("lies in")
    } else {
        None
    }
}

/// A path without links and relative parts, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut there = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut whole = loop {
        if let Ok(found) = there.canonicalize() {
            break found;
        }
        let last = there.components().next_back().map(|c| match c {
            Component::Normal(name) => Some(name.to_owned()),
            _ => None,
        });
        match last {
            Some(part) if there.pop() => rest.push(part),
            _ => break there,
        }
    };
    for part in rest.into_iter().rev() {
        match part {
            Some(name) => whole.push(name),
            // Only `..` is left of the parts that are no names.
            None => drop(whole.pop()),
        }
    }
    whole
}

fn exists(path: &Path) -> ScanError {
    ScanError::OutExists {
        path: path.to_owned(),
    }
}

fn not_ours(path: &Path) -> ScanError {
    ScanError::NotOurs {
        path: path.to_owned(),
    }
}
