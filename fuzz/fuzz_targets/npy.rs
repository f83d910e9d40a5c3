#![no_main]

use std::sync::LazyLock;
use std::{env, fs, path, process};

/// Matrices are read at places of a file, so the bytes have to be in one.
static FILE: LazyLock<path::PathBuf> =
    LazyLock::new(|| env::temp_dir().join(format!("fuzz-{}.npy", process::id())));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if fs::write(&*FILE, bytes).is_ok() {
        mri_store::fuzzing::npy(&FILE);
    }
});
