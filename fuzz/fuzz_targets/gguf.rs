#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mri_extract::fuzzing::gguf(bytes));
