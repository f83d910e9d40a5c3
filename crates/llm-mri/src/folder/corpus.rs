//! `corpus.csv`: the texts of a scan, in a file that is itself a corpus.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use mri_core::Labels;
use mri_corpus::corpus_hash;
use mri_store::Manifest;

use crate::error::ScanError;
use crate::folder::file_names::TEXTS;
use crate::folder::output::OutFolder;

/// Writes the texts with the names of their categories.
pub(crate) fn write(folder: &Path, texts: &[String], labels: &Labels) -> Result<(), ScanError> {
    OutFolder::whole_file(&folder.join(TEXTS), |file| {
        let mut csv = csv::Writer::from_writer(file);
        csv.write_record(["text", "label"])?;
        for (row, text) in texts.iter().enumerate() {
            let label = labels.category_of(row).unwrap_or_default();
            csv.write_record([text.as_str(), label])?;
        }
        csv.flush()
    })
}

/// The texts, `None` if the folder has none. They are those that the manifest has a checksum of, or
/// in a folder of an earlier version, those whose hash it has.
pub(crate) fn read(
    folder: &Path,
    manifest: &Manifest,
    labels: &Labels,
) -> Result<Option<Vec<String>>, ScanError> {
    let path = folder.join(TEXTS);
    let bad = |problem: String| ScanError::BadFile {
        path: path.clone(),
        problem,
    };
    let is_sealed = manifest.files.contains_key(TEXTS);
    if is_sealed {
        manifest.check_file(folder, TEXTS)?;
    }
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(bad(e.to_string())),
    };
    let mut table = csv::Reader::from_reader(BufReader::new(file));
    let mut texts = Vec::with_capacity(labels.len());
    for row in table.records() {
        let row = row.map_err(|e| bad(e.to_string()))?;
        texts.push(row.get(0).unwrap_or_default().to_owned());
    }
    if texts.len() != labels.len() {
        return Err(bad(format!(
            "{} texts where the manifest says {}",
            texts.len(),
            labels.len()
        )));
    }
    if !is_sealed && corpus_hash(&texts, labels) != manifest.corpus.hash {
        return Err(bad(
            "not the texts that were recorded, by their hash".to_owned()
        ));
    }
    Ok(Some(texts))
}
