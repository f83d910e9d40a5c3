#![no_main]

use std::sync::LazyLock;
use std::{env, fs, panic, path, process};

use mri_corpus::{CorpusFile, CorpusOptions};

/// Columns are read at places of a file, so the bytes have to be in one.
static FILE: LazyLock<path::PathBuf> = LazyLock::new(|| {
    // libFuzzer's hook ends the process at any panic. Those of the decoder are caught, and those
    // that are not still end it.
    panic::set_hook(Box::new(|_| ()));
    env::temp_dir().join(format!("fuzz-{}.parquet", process::id()))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let options = CorpusOptions::default().with_drop_missing(true);
    if fs::write(&*FILE, bytes).is_ok() {
        let _ = CorpusFile::open(&FILE, &options);
    }
});
