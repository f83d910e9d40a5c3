use std::fs;
use std::sync::Arc;

use mri_core::{Activations, Labels};
use mri_store::{Manifest, StoreDtype, StoreError, is_store, open_store, remove_store, save_store};
use ndarray::Array2;

use crate::common::{LAYERS, bytes, labels, manifest, record, texts, value};

const F32: StoreDtype = StoreDtype::F32;

/// The rows of the whole recording, in memory.
fn activations() -> Activations {
    let labels: Arc<Labels> = Arc::new(labels(&texts(None)));
    let n = labels.len();
    let entries = LAYERS.into_iter().enumerate().map(|(i, (layer, width))| {
        let rows = Array2::from_shape_fn((n, width), |(row, j)| value(i, row, j));
        (layer, rows)
    });
    Activations::from_arrays(labels.clone(), entries).unwrap()
}

#[test]
fn saved_activations_are_a_recording() {
    let folder = tempfile::tempdir().unwrap();
    let [saved, written] = ["saved", "written"].map(|name| folder.path().join(name));
    save_store(&saved, &manifest(None, F32), &activations()).unwrap();
    record(&written, None, F32);
    assert!(bytes(&saved) == bytes(&written));
    let again = save_store(&saved, &manifest(None, F32), &activations());
    assert!(matches!(again, Err(StoreError::NotAStore { .. })));
    let half = save_store(
        &folder.path().join("half"),
        &manifest(None, StoreDtype::F16),
        &activations(),
    );
    assert!(matches!(half, Err(StoreError::NotF32)));
}

#[test]
fn sections_of_later_stages_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), None, F32);
    let mut stored = Manifest::read(folder.path()).unwrap();
    let section = serde_json::json!({"reducer": "pca"});
    stored.sections.insert("reduce".into(), section.clone());
    stored.write(folder.path()).unwrap();
    let (found, _) = open_store(folder.path()).unwrap();
    assert_eq!(found.sections["reduce"], section);
}

#[test]
fn damaged_stores_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    assert!(!is_store(out));
    assert!(matches!(
        open_store(out),
        Err(StoreError::NoRecording { .. })
    ));
    record(out, None, F32);
    assert!(is_store(out));
    for name in ["resid.01.npy", "labels.npy"] {
        let path = out.join("activations").join(name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 4]).unwrap();
        assert!(
            matches!(open_store(out), Err(StoreError::Damaged { .. })),
            "{name}"
        );
        fs::write(&path, whole).unwrap();
    }
    // A whole matrix of another shape, and labels that are not those of the manifest.
    let path = out.join("activations/resid.01.npy");
    let whole = fs::read(&path).unwrap();
    fs::copy(out.join("activations/resid.00.npy"), &path).unwrap();
    assert!(matches!(open_store(out), Err(StoreError::Damaged { .. })));
    let manifest = out.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let mut earlier: serde_json::Value = serde_json::from_str(&text).unwrap();
    for entry in ["files", "checksum"] {
        earlier.as_object_mut().unwrap().remove(entry);
    }
    fs::write(&manifest, earlier.to_string()).unwrap();
    assert!(matches!(open_store(out), Err(StoreError::BadNpy { .. })));
    fs::write(&manifest, text).unwrap();
    fs::write(&path, whole).unwrap();
    assert!(open_store(out).is_ok());

    let manifest = out.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    for bad in [
        "",
        "{}",
        &text[..text.len() / 2],
        &text.replace("\"format\": 1", "\"format\": 2"),
    ] {
        fs::write(&manifest, bad).unwrap();
        assert!(
            matches!(open_store(out), Err(StoreError::BadManifest { .. })),
            "{bad}"
        );
        assert!(!is_store(out));
    }
}

#[test]
fn removing_a_recording_leaves_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    record(out, None, F32);
    fs::write(out.join("activations/notes.txt"), "mine").unwrap();
    fs::write(out.join("corpus.csv"), "mine too").unwrap();
    // What a killed process leaves of a matrix.
    fs::write(out.join("activations/resid.00.npy.partial"), "").unwrap();
    remove_store(out).unwrap();
    let left: Vec<String> = bytes(out).into_keys().collect();
    assert_eq!(left, ["activations/notes.txt", "corpus.csv"]);
    remove_store(&out.join("nowhere")).unwrap();
}
