//! The readers of corpora, for the fuzz targets.

use std::path::Path;

use super::rows::Rows;
use super::{CorpusFile, CorpusOptions, dataset, json_lines, table};
use crate::ExtractError;

pub(crate) fn table(bytes: &[u8], delimiter: u8, options: &CorpusOptions) {
    let path = Path::new("corpus.csv");
    survey(path, options, |rows| {
        table::read(path, bytes, delimiter, options, rows)
    });
}

pub(crate) fn json_lines(bytes: &[u8], options: &CorpusOptions) {
    let path = Path::new("corpus.jsonl");
    survey(path, options, |rows| {
        json_lines::read(path, bytes, options, rows)
    });
}

pub(crate) fn arrow(bytes: &[u8], classes: &[String], options: &CorpusOptions) {
    let path = Path::new("data-00000-of-00001.arrow");
    survey(path, options, |rows| {
        if !classes.is_empty() {
            rows.declare(classes);
        }
        dataset::read_file(path, bytes, 0, options, rows).map(|_| ())
    });
}

fn survey(
    path: &Path,
    options: &CorpusOptions,
    read: impl FnOnce(&mut Rows<'_>) -> Result<(), ExtractError>,
) {
    let _ = CorpusFile::survey_of(path, options, &mut |_| (), read);
}
