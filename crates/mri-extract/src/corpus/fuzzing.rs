//! The readers of corpora, for the fuzz targets.

use std::path::Path;

use super::rows::Rows;
use super::{CorpusOptions, dataset, json_lines, table};

pub(crate) fn table(bytes: &[u8], delimiter: u8, options: &CorpusOptions) {
    let path = Path::new("corpus.csv");
    let mut rows = Rows::new(options);
    if table::read(path, bytes, delimiter, options, &mut rows).is_ok() {
        let _ = rows.finish(path);
    }
}

pub(crate) fn json_lines(bytes: &[u8], options: &CorpusOptions) {
    let path = Path::new("corpus.jsonl");
    let mut rows = Rows::new(options);
    if json_lines::read(path, bytes, options, &mut rows).is_ok() {
        let _ = rows.finish(path);
    }
}

pub(crate) fn arrow(bytes: &[u8], classes: &[String], options: &CorpusOptions) {
    let path = Path::new("data-00000-of-00001.arrow");
    let mut rows = Rows::new(options);
    if !classes.is_empty() {
        rows.declare(classes);
    }
    if dataset::read_file(path, bytes, 0, options, &mut rows).is_ok() {
        let _ = rows.finish(path);
    }
}
