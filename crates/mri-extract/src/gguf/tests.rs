use std::path::Path;

use super::Gguf;

fn golden() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gguf/llama.gguf");
    std::fs::read(path).unwrap()
}

/// Everything that a reader of a model asks of a file.
fn read_all(bytes: Vec<u8>) -> bool {
    let Ok(gguf) = Gguf::from_bytes(Path::new("m.gguf"), bytes) else {
        return false;
    };
    let keys: Vec<String> = gguf.keys().map(str::to_owned).collect();
    for key in keys {
        let _ = (gguf.text(&key), gguf.texts(&key), gguf.float(&key));
        let _ = (gguf.numbers(&key), gguf.whole(&key), gguf.flag(&key));
    }
    let names: Vec<String> = gguf.names().map(str::to_owned).collect();
    let tensors = names.iter().map(|name| gguf.tensor(name));
    tensors.fold(true, |all, tensor| {
        // An unknown type is an error of its own.
        all & tensor.is_ok_and(|tensor| tensor.is_some())
    })
}

#[test]
fn cut_files_are_errors() {
    let whole = golden();
    assert!(read_all(whole.clone()));
    // The file ends with up to 31 bytes of padding.
    for length in (0..whole.len() - 32).rev().step_by(97).chain(0..4_000) {
        assert!(!read_all(whole[..length].to_vec()), "{length}");
    }
}

#[test]
fn changed_headers_are_read_or_refused() {
    let whole = golden();
    let header = 4_000;
    for at in 0..header {
        for value in [0, 1, 0x7F, 0x80, 0xFF, whole[at] ^ 1, whole[at] ^ 16] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            read_all(bytes);
        }
        // Counts, lengths, offsets and sizes of eight bytes.
        for value in [u64::MAX, u64::MAX / 2, 1 << 62, 1 << 40] {
            let mut bytes = whole.clone();
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            read_all(bytes);
        }
    }
}
