//! Entry points of the fuzz targets of `fuzz/`; compiled only under `--cfg fuzzing`.

use std::path::Path;

use crate::manifest::Manifest;
use crate::npy::{read_categories, read_npy};

/// `manifest.json` of a store.
pub fn manifest(bytes: &[u8]) {
    let _ = Manifest::parse(Path::new("manifest.json"), bytes);
}

/// `.npy` files of matrices and of labels.
pub fn npy(path: &Path) {
    let _ = read_npy(path);
    let _ = read_categories(path);
}
