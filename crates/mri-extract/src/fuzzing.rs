//! What the fuzz targets of `fuzz/` call: every reader, given bytes instead of a path. Only there
//! under `--cfg fuzzing`.

use crate::CorpusOptions;
use crate::corpus;

/// `config.json`, down to the description of the model.
pub fn config(bytes: &[u8]) {
    crate::engine::fuzzing::config(bytes);
}

/// The header of a safetensors file, and its kin, the index of several.
pub fn safetensors(bytes: &[u8]) {
    crate::engine::fuzzing::safetensors(bytes);
}

/// A table. Its first byte chooses the separator and what happens to rows without a value.
pub fn csv(bytes: &[u8]) {
    let Some((&choice, bytes)) = bytes.split_first() else {
        return;
    };
    let delimiter = if choice & 1 == 0 { b',' } else { b'\t' };
    corpus::fuzzing::table(bytes, delimiter, &options(choice));
}

/// JSON Lines. The first byte chooses as for [`csv`].
pub fn json_lines(bytes: &[u8]) {
    if let Some((&choice, bytes)) = bytes.split_first() {
        corpus::fuzzing::json_lines(bytes, &options(choice));
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
    corpus::fuzzing::arrow(bytes, classes, &options(choice));
}

fn options(choice: u8) -> CorpusOptions {
    CorpusOptions {
        drop_missing: choice & 2 == 0,
        limit: (choice & 4 == 0).then_some(3),
        per_class: (choice & 8 == 0).then_some(2),
        ..CorpusOptions::default()
    }
}
