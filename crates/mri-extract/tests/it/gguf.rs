use std::fs;
use std::path::PathBuf;

use mri_core::Backend;
use mri_extract::{Device, ModelError, TchBackend, TchOptions};

use crate::families::Case;
use crate::golden;

fn load(path: &std::path::Path) -> Result<TchBackend, ModelError> {
    TchBackend::load(path, &TchOptions::default().with_device(Device::Cpu))
}

/// The models of `tests/golden/families` that `gguf_families.py` wrote as llama.cpp's converter
/// does: their states are those of the folders.
#[test]
fn states_of_gguf_files_match_transformers() {
    let mut wrong = Vec::new();
    let mut architectures = std::collections::BTreeSet::new();
    let files = fs::read_dir(golden::folder().join("gguf")).unwrap();
    for path in files.map(|entry| entry.unwrap().path()) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let case = Case::read(golden::folder().join("families").join(&name));
        let mut backend = load(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(backend.model().name, name);
        architectures.insert(backend.model().family.clone());
        // The thread's panic is the case's failure; its message is on the test's output.
        let check = std::thread::spawn(move || case.check_all(&mut backend));
        if check.join().is_err() {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "wrong: {wrong:?}");
    // Those of `llama` are Llama's and Mixtral's.
    assert_eq!(architectures.len(), 15);
}

fn copy_as(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::copy(golden::folder().join("gguf/llama.gguf"), &path).unwrap();
    path
}

#[test]
fn damaged_and_foreign_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &std::path::Path, reason: &str| {
        let message = load(path).err().expect("refused").to_string();
        let shown = path.file_name().unwrap().to_str().unwrap();
        assert!(
            message.contains(shown) && message.contains(reason),
            "{message}"
        );
    };
    refused(&folder.path().join("none.gguf"), "No such file");
    let part = copy_as(&folder, "m-00001-of-00002.gguf");
    let message = load(&part).err().expect("a part is missing").to_string();
    assert!(message.contains("m-00002-of-00002.gguf"), "{message}");
    copy_as(&folder, "m-00002-of-00002.gguf");
    let message = load(&part).err().expect("parts overlap").to_string();
    assert!(message.contains("is in another part, too"), "{message}");

    let whole = fs::read(golden::folder().join("gguf/llama.gguf")).unwrap();
    let path = folder.path().join("changed.gguf");
    let change = |from: &[u8], to: &[u8], reason: &str| {
        let at = whole.windows(from.len()).position(|bytes| bytes == from);
        let at = at.expect("there");
        let mut bytes = whole.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        fs::write(&path, bytes).unwrap();
        refused(&path, reason);
    };
    change(b"GGUF", b"GGML", "does not start with the letters GGUF");
    change(b"GGUF\x03", b"GGUF\x01", "its version is 1");
    change(b"GGUF\x03\0\0\0", b"GGUF\0\0\0\x03", "big-endian");
    change(
        b"\x05\0\0\0\0\0\0\0llama",
        b"\x05\0\0\0\0\0\0\0lamba",
        "\"lamba\" is not supported",
    );
    change(
        b"llama.block_count",
        b"llama.block_caunt",
        "no llama.block_count",
    );
    // The type of the first matrix, after its name and shape.
    let name = b"token_embd.weight";
    let at = whole.windows(name.len()).position(|bytes| bytes == name);
    let at = at.expect("there") + name.len();
    let kind = at + 4 + 16;
    change(
        &whole[at - name.len()..kind + 4],
        &[&whole[at - name.len()..kind], &[16, 0, 0, 0]].concat(),
        "tensor \"token_embd.weight\" is stored as IQ2_XXS; supported are F32",
    );
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    refused(&path, "end past the end of the file");
}
