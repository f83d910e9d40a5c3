use std::path::{Path, PathBuf};

use mri_core::Shard;
use mri_store::{Manifest, MergeError, StoreDtype, StoreError, merge_stores, open_store};

use crate::common::{N_TEXTS, begin, bytes, incomplete, manifest, record, write};

const F32: StoreDtype = StoreDtype::F32;

/// Records all shards, the last first.
fn shards(folder: &Path, count: usize, dtype: StoreDtype) -> Vec<PathBuf> {
    let numbers = (1..=count).rev();
    numbers
        .map(|number| {
            let out = folder.join(format!("{number}-of-{count}"));
            record(&out, Shard::new(number, count), dtype);
            out
        })
        .collect()
}

#[test]
fn merged_shards_are_the_whole_byte_for_byte() {
    for dtype in [StoreDtype::F32, StoreDtype::F16] {
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("whole");
        record(&whole, None, dtype);
        for count in [1, 2, 3, N_TEXTS] {
            let parts = shards(folder.path(), count, dtype);
            let out = folder.path().join(format!("merged-{count}"));
            let (merged, activations) = merge_stores(&parts, &out).unwrap();
            let mut expected = bytes(&whole);
            let mut found = bytes(&out);
            // Shards have other batches, and each counts its truncated text.
            expected.remove("manifest.json");
            found.remove("manifest.json");
            assert!(found == expected, "{count} shards, {dtype:?}");
            assert_eq!(merged.tokenizer.truncated, count);
            assert_eq!(merged.corpus, manifest(None, dtype).corpus);
            assert_eq!(merged.shard, None);
            assert_eq!(merged.stats.texts, N_TEXTS);
            assert_eq!(merged.stats.tokens, 5 * N_TEXTS);
            assert_eq!(activations.len(), 2);
            assert_eq!(Manifest::read(&out).unwrap(), merged);
        }
    }
}

#[test]
fn a_merge_is_reused_and_replaces_what_was_begun() {
    let folder = tempfile::tempdir().unwrap();
    let parts = shards(folder.path(), 3, F32);
    let out = folder.path().join("out");
    merge_stores(&parts, &out).unwrap();
    let expected = bytes(&out);
    merge_stores(&parts, &out).unwrap();
    assert!(bytes(&out) == expected);

    let begun = folder.path().join("begun");
    let mut writer = incomplete(begin(&begun, None, F32));
    write(&mut writer, 0, None);
    assert!(matches!(
        merge_stores(&parts, &begun),
        Err(StoreError::Busy { .. })
    ));
    drop(writer);
    merge_stores(&parts, &begun).unwrap();
    assert!(bytes(&begun) == expected);
    assert!(open_store(&begun).is_ok());
}

#[test]
fn what_does_not_belong_together_is_not_merged() {
    let folder = tempfile::tempdir().unwrap();
    let parts = shards(folder.path(), 3, F32);
    let out = folder.path().join("out");
    let refused = |parts: &[PathBuf]| {
        let error = merge_stores(parts, &out).err().unwrap();
        assert!(!out.exists(), "a refusal makes nothing");
        match error {
            StoreError::Merge(error) => error,
            error => panic!("{error}"),
        }
    };
    let none = refused(&[]);
    assert!(matches!(none, MergeError::Missing { missing } if missing == "all of them"));
    let one = refused(&parts[..1]);
    assert!(matches!(one, MergeError::Missing { missing } if missing == "1/3, 2/3"));
    let twice = refused(&[&parts[..], &parts[1..2]].concat());
    assert!(
        matches!(twice, MergeError::Duplicate { folders, .. } if folders == [parts[1].clone(), parts[1].clone()])
    );

    let whole = folder.path().join("whole");
    record(&whole, None, F32);
    let whole = refused(&[&parts[..2], &[whole]].concat());
    assert!(matches!(whole, MergeError::NotAShard { .. }));

    let other = folder.path().join("other");
    record(&other, Shard::new(1, 4), F32);
    let other = refused(&[&parts[..2], &[other]].concat()).to_string();
    assert!(
        other.contains("one of 3 shards, one of 4") || other.contains("one of 4 shards, one of 3"),
        "{other}"
    );

    let changed = folder.path().join("changed");
    record(&changed, Shard::new(1, 3), F32);
    let mut stored = Manifest::read(&changed).unwrap();
    stored.recording.tokens_per_batch = 9;
    stored.write(&changed).unwrap();
    let changed = refused(&[&parts[..2], &[changed]].concat()).to_string();
    assert!(changed.contains("tokens per batch"), "{changed}");
}
