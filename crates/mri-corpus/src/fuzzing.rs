//! Entry points of the fuzz targets of `fuzz/`: every reader, given bytes instead of a path.
//! Compiled only under `--cfg fuzzing`.

use std::io::Cursor;
use std::path::Path;

use crate::error::CorpusError;
use crate::file::CorpusFile;
use crate::format::Format;
use crate::formats::{dataset, input, json, table};
use crate::options::CorpusOptions;
use crate::quotes::Quotes;
use crate::row_filter::RowFilter;

/// A table. Its first byte chooses the separator, what quotes mean and what happens to rows without
/// a value.
pub fn csv(bytes: &[u8]) {
    let Some((&choice, bytes)) = bytes.split_first() else {
        return;
    };
    let delimiter = if choice & 1 == 0 { b',' } else { b'\t' };
    let options = options(choice);
    scan(Path::new("corpus.csv"), &options, |path, rows| {
        let text = input::text_of(path, bytes, &options)?;
        table::read(path, text, delimiter, &options, rows)
    });
}

/// JSON. The first byte chooses as for [`csv`], and between lines and a document.
pub fn json_lines(bytes: &[u8]) {
    if let Some((&choice, bytes)) = bytes.split_first() {
        let options = options(choice);
        let format = match choice & 16 {
            0 => Format::JsonLines,
            _ => Format::Json,
        };
        scan(Path::new("corpus.jsonl"), &options, |path, rows| {
            let text = input::text_of(path, bytes, &options)?;
            json::read(path, text, format, &options, rows)
        });
    }
}

/// An Arrow stream of a dataset. The first byte chooses as for [`csv`], and whether labels are
/// numbers of declared classes.
pub fn arrow(bytes: &[u8]) {
    let Some((&choice, bytes)) = bytes.split_first() else {
        return;
    };
    let classes = ["law".to_owned(), "art".to_owned()];
    let classes = if choice & 1 == 0 { &classes[..] } else { &[] };
    let options = options(choice);
    scan(
        Path::new("data-00000-of-00001.arrow"),
        &options,
        |path, rows| {
            if !classes.is_empty() {
                rows.declare(classes);
            }
            dataset::read_file(path, Cursor::new(bytes), 0, &options, rows).map(|_| ())
        },
    );
}

fn options(choice: u8) -> CorpusOptions {
    CorpusOptions::default()
        .with_drop_missing(choice & 2 == 0)
        .with_limit((choice & 4 == 0).then_some(3))
        .with_per_class((choice & 8 == 0).then_some(2))
        .with_quotes(Quotes::ALL[usize::from(choice >> 5) % 3])
}

fn scan(
    path: &Path,
    options: &CorpusOptions,
    read: impl FnOnce(&Path, &mut RowFilter<'_>) -> Result<(), CorpusError>,
) {
    let read = |rows: &mut RowFilter<'_>| read(path, rows);
    let _ = CorpusFile::scan_labels_with(path, options, &mut |_| (), read);
}
