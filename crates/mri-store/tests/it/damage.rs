use std::fs;
use std::path::Path;

use mri_core::{Layer, Shard, SplitMix64};
use mri_store::{
    Damage, Manifest, StoreDtype, StoreError, StoreSession, StoreWriter, is_store, merge_stores,
    open_store,
};
use ndarray::Array2;

use crate::common::{LAYERS, begin, bytes, eager, labels, manifest, record, texts, value, write};

const F32: StoreDtype = StoreDtype::F32;

/// Manifest, the category of every text, and the rows of every layer.
type Whole = (Manifest, Vec<u32>, Vec<Array2<f32>>);

/// All that a recording says, read as a whole.
fn read(folder: &Path) -> Result<Whole, String> {
    let (manifest, activations) = open_store(folder).map_err(|e| e.to_string())?;
    let categories = activations.labels().row_categories().to_vec();
    let rows: Result<_, _> = activations.iter().map(|(_, rows)| rows.load()).collect();
    Ok((manifest, categories, rows.map_err(|e| e.to_string())?))
}

#[test]
fn a_flipped_bit_is_refused_with_the_file_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    record(out, None, F32);
    let whole = read(out).unwrap();
    let mut random = SplitMix64::new(7);
    for (name, bytes) in bytes(out) {
        let path = out.join(&name);
        let mut refused = 0;
        for _ in 0..150 {
            let mut flipped = bytes.clone();
            let place = random.next_below(8 * bytes.len() as u64) as usize;
            flipped[place / 8] ^= 1 << (place % 8);
            fs::write(&path, flipped).unwrap();
            match read(out) {
                Ok(found) => assert!(found == whole, "{name}, bit {place}"),
                Err(said) => {
                    refused += 1;
                    let file = path.to_str().unwrap();
                    assert!(said.contains(file), "{name}, bit {place}: {said}");
                }
            }
        }
        assert_eq!(refused, 150, "{name}: every byte counts");
        fs::write(&path, bytes).unwrap();
    }
    assert!(read(out).unwrap() == whole);
}

#[test]
fn missing_and_shorter_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    record(out, None, F32);
    for name in ["resid.01.npy", "labels.npy"] {
        let path = out.join("activations").join(name);
        let whole = fs::read(&path).unwrap();
        let damage = || match open_store(out) {
            Err(StoreError::Damaged {
                path: found,
                damage,
            }) if found == path => damage,
            other => panic!("{:?}", other.err()),
        };
        fs::write(&path, &whole[..whole.len() - 4]).unwrap();
        assert!(matches!(damage(), Damage::Length { .. }));
        fs::remove_file(&path).unwrap();
        assert_eq!(damage(), Damage::Missing);
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn folders_without_checksums_open_and_sections_of_others_may_change() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    record(out, None, F32);
    let whole = read(out).unwrap();
    let path = out.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    let edit = |change: &dyn Fn(&mut serde_json::Map<String, serde_json::Value>)| {
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        change(value.as_object_mut().unwrap());
        fs::write(&path, value.to_string()).unwrap();
    };
    edit(&|map| {
        map.insert("theirs".into(), serde_json::json!({"a": 1.5}));
    });
    let kept = Manifest::read(out).unwrap();
    assert_eq!(kept.sections["theirs"]["a"], 1.5);
    // Written by us again, the section of the other program still is no part of the checksum.
    kept.write(out).unwrap();
    let again = fs::read_to_string(&path).unwrap().replace("1.5", "2.5");
    fs::write(&path, again).unwrap();
    assert_eq!(Manifest::read(out).unwrap().sections["theirs"]["a"], 2.5);
    // One of ours is.
    let mut with_maps = Manifest::read(out).unwrap();
    let maps = serde_json::json!({"components": 2, "share": 0.1});
    with_maps.sections.insert("maps".into(), maps);
    with_maps.write(out).unwrap();
    assert!(Manifest::read(out).unwrap() == with_maps);
    let changed = fs::read_to_string(&path).unwrap();
    let changed = changed.replace("\"components\": 2", "\"components\": 3");
    fs::write(&path, changed).unwrap();
    let refused = Manifest::read(out);
    assert!(matches!(
        refused,
        Err(StoreError::Damaged {
            damage: Damage::Contents,
            ..
        })
    ));
    assert!(is_store(out), "it is one, though damaged");

    edit(&|map| {
        map.remove("checksum");
        map.remove("files");
    });
    let (manifest, ids, rows) = read(out).unwrap();
    assert!(manifest.files.is_empty());
    assert!((ids, rows) == (whole.1, whole.2));
}

/// The session of a run that may replace.
fn begin_replacing(out: &Path) -> StoreSession {
    let options = eager().with_replace(true);
    StoreWriter::begin(out, manifest(None, F32), &labels(&texts(None)), &options).unwrap()
}

/// Records what a repair asks for, which has to be these layers.
fn repair(out: &Path, expected: &[Layer]) {
    let StoreSession::Incomplete(mut writer) = begin_replacing(out) else {
        panic!("{expected:?} are damaged");
    };
    let layers: Vec<Layer> = writer.layers().collect();
    assert_eq!(layers, expected);
    let texts = texts(None);
    for batch in 0..writer.n_batches() {
        assert!(!writer.is_finished(batch));
        let rows: Vec<usize> = texts.iter().copied().skip(batch * 2).take(2).collect();
        let results: Vec<Array2<f32>> = layers
            .iter()
            .map(|layer| {
                let place = LAYERS.iter().position(|(l, _)| l == layer).unwrap();
                Array2::from_shape_fn((rows.len(), LAYERS[place].1), |(i, j)| {
                    value(place, rows[i], j)
                })
            })
            .collect();
        writer.write_batch(batch, &results, |i| [rows[i]]).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn only_what_is_damaged_is_recorded_again() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    record(out, None, F32);
    let whole = bytes(out);
    let [first, second] = LAYERS.map(|(layer, _)| layer);
    let path = out.join("activations/resid.01.npy");
    for damage in ["flip", "cut", "remove"] {
        let mut content = fs::read(&path).unwrap();
        match damage {
            "flip" => *content.last_mut().unwrap() ^= 1,
            "cut" => content.truncate(100),
            _ => {}
        }
        fs::write(&path, content).unwrap();
        if damage == "remove" {
            fs::remove_file(&path).unwrap();
        }
        // Without being asked nothing is written over.
        let before = bytes(out);
        match begin(out, None, F32) {
            Ok(StoreSession::Complete(..)) => assert_eq!(damage, "flip"),
            Ok(StoreSession::Incomplete(_)) => panic!("recorded again unasked"),
            Err(error) => assert!(matches!(error, StoreError::Damaged { .. }), "{error}"),
        }
        assert!(bytes(out) == before);
        // A repair that is given up leaves the rest as it is, and nothing of its own.
        drop(begin_replacing(out));
        let mut left = bytes(out);
        left.remove("activations/lock");
        assert!(left == before, "{damage}");
        repair(out, &[second]);
        assert!(bytes(out) == whole, "{damage}");
    }
    fs::write(&path, "").unwrap();
    fs::remove_file(out.join("activations/resid.00.npy")).unwrap();
    fs::write(out.join("activations/labels.npy"), "x").unwrap();
    repair(out, &[first, second]);
    assert!(bytes(out) == whole);
    fs::write(out.join("activations/labels.npy"), "x").unwrap();
    assert!(matches!(begin_replacing(out), StoreSession::Complete(..)));
    assert!(bytes(out) == whole);
}

#[test]
fn the_matrices_of_a_damaged_manifest_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    record(out, None, F32);
    let whole = bytes(out);
    let path = out.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    // A count, and a checksum of a matrix: the first is known anew, the second names a matrix.
    fs::write(
        &path,
        text.replace("\"tokens_run\": 55", "\"tokens_run\": 54"),
    )
    .unwrap();
    assert!(matches!(
        begin(out, None, F32),
        Err(StoreError::Damaged { .. })
    ));
    assert!(matches!(begin_replacing(out), StoreSession::Complete(..)));
    assert!(bytes(out) == whole);
    let sum = Manifest::read(out).unwrap().files["activations/resid.00.npy"]
        .xxh3
        .clone();
    let other = sum.replace(|digit: char| digit == sum.chars().next().unwrap(), "e");
    fs::write(&path, text.replace(&sum, &other)).unwrap();
    if sum != other {
        repair(out, &[LAYERS[0].0]);
    }
    assert!(bytes(out) == whole);
    // What cannot be read as a manifest, or names another recording, is recorded as a whole.
    fs::write(
        &path,
        text.replace("\"tokens_per_batch\": 8", "\"tokens_per_batch\": 9"),
    )
    .unwrap();
    repair(out, &LAYERS.map(|(layer, _)| layer));
    assert!(bytes(out) == whole);
}

#[test]
fn damaged_parts_are_not_merged() {
    let folder = tempfile::tempdir().unwrap();
    let parts: Vec<_> = (1..=2)
        .map(|number| {
            let part = folder.path().join(number.to_string());
            record(&part, Shard::new(number, 2), F32);
            part
        })
        .collect();
    let path = parts[1].join("activations/resid.01.npy");
    let mut content = fs::read(&path).unwrap();
    *content.last_mut().unwrap() ^= 1;
    fs::write(&path, content).unwrap();
    let out = folder.path().join("out");
    let refused = merge_stores(&parts, &out).err();
    assert!(matches!(refused, Some(StoreError::Damaged { path: found, .. }) if found == path));
    assert!(open_store(&out).is_err());
    // A recording that was begun is begun with the same manifest.
    let begun = folder.path().join("begun");
    let StoreSession::Incomplete(mut writer) = begin(&begun, None, F32).unwrap() else {
        panic!("nothing is there");
    };
    write(&mut writer, 0, None);
    drop(writer);
    let path = begun.join("activations/recording.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"batches\": 6", "\"batches\": 7")).unwrap();
    let refused = begin(&begun, None, F32).err();
    assert!(matches!(refused, Some(StoreError::Damaged { .. })));
}
