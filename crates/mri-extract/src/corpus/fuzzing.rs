//! The readers of corpora, for the fuzz targets.

use std::path::Path;

use super::rows::Rows;
use super::sample::Sample;
use super::{CorpusOptions, dataset, json_lines, table};
use crate::ExtractError;

pub(crate) fn table(bytes: &[u8], delimiter: u8, options: &CorpusOptions) {
    let path = Path::new("corpus.csv");
    sampled(options, |rows| {
        table::read(path, bytes, delimiter, options, rows)
    });
}

pub(crate) fn json_lines(bytes: &[u8], options: &CorpusOptions) {
    let path = Path::new("corpus.jsonl");
    sampled(options, |rows| json_lines::read(path, bytes, options, rows));
}

pub(crate) fn arrow(bytes: &[u8], classes: &[String], options: &CorpusOptions) {
    let path = Path::new("data-00000-of-00001.arrow");
    sampled(options, |rows| {
        if !classes.is_empty() {
            rows.declare(classes);
        }
        dataset::read_file(path, bytes, 0, options, rows).map(|_| ())
    });
}

/// Draws a sample of what a reader reads.
fn sampled(options: &CorpusOptions, read: impl FnOnce(&mut Rows<'_>) -> Result<(), ExtractError>) {
    let mut sample = Sample::new(options);
    let mut take = |_: &str, label| {
        sample.push(label);
        Ok(())
    };
    if read(&mut Rows::new(options, &mut take)).is_ok() {
        let _ = sample.finish();
    }
}
