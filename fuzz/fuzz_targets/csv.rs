#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mri_corpus::fuzzing::csv(bytes));
