use std::fs;

use mri_store::{
    StoreDtype, StoreError, StoreSession, StoreWriter, is_store, open_store, unfinished_manifest,
};
use ndarray::Array2;

use crate::common::{
    LAYERS, N_TEXTS, begin, bytes, eager, incomplete, labels, manifest, record, texts, value, write,
};

const F32: StoreDtype = StoreDtype::F32;

#[test]
fn a_recording_has_the_rows_that_were_written() {
    for dtype in [StoreDtype::F32, StoreDtype::F16] {
        let folder = tempfile::tempdir().unwrap();
        record(folder.path(), None, dtype);
        let (mut found, activations) = open_store(folder.path()).unwrap();
        let files: Vec<String> = std::mem::take(&mut found.files).into_keys().collect();
        let expected = ["labels", "resid.00", "resid.01"];
        assert_eq!(
            files,
            expected.map(|name| format!("activations/{name}.npy"))
        );
        assert_eq!(found, manifest(None, dtype));
        assert_eq!(activations.labels().as_ref(), &labels(&texts(None)));
        for (i, (layer, width)) in LAYERS.into_iter().enumerate() {
            let expected = Array2::from_shape_fn((N_TEXTS, width), |(row, j)| value(i, row, j));
            let rows = activations.get(layer).unwrap();
            assert_eq!(rows.load().unwrap(), expected, "{layer}, {dtype:?}");
            let path = folder.path().join(format!("activations/{layer}.npy"));
            let values = N_TEXTS * width * if dtype == F32 { 4 } else { 2 };
            assert_eq!(fs::metadata(path).unwrap().len() as usize % 64, values % 64);
        }
        let names: Vec<String> = bytes(folder.path()).into_keys().collect();
        assert_eq!(
            names,
            [
                "activations/labels.npy",
                "activations/resid.00.npy",
                "activations/resid.01.npy",
                "manifest.json"
            ]
        );
    }
}

#[test]
fn equal_texts_take_the_same_row() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = incomplete(begin(folder.path(), None, F32));
    let results = LAYERS.map(|(_, width)| Array2::from_elem((1, width), 7.0));
    for batch in 0..writer.n_batches() {
        writer.write_batch(batch, &results, |_| 0..N_TEXTS).unwrap();
    }
    let (_, activations) = writer.finish().unwrap();
    for (layer, _) in LAYERS {
        let rows = activations.get(layer).unwrap().load().unwrap();
        assert!(rows.iter().all(|&value| value == 7.0), "{layer}");
    }
}

#[test]
fn an_interrupted_recording_resumes_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    record(&whole, None, F32);
    let n_batches = manifest(None, F32).stats.batches;
    for stop in 0..n_batches {
        let out = folder.path().join(stop.to_string());
        let mut writer = incomplete(begin(&out, None, F32));
        // In any order.
        for batch in (0..n_batches).rev().take(stop) {
            write(&mut writer, batch, None);
        }
        drop(writer);
        assert!(is_store(&out));
        assert!(matches!(
            open_store(&out),
            Err(StoreError::Unfinished { .. })
        ));
        assert_eq!(
            unfinished_manifest(&out).unwrap(),
            Some(manifest(None, F32))
        );

        let mut writer = incomplete(begin(&out, None, F32));
        let finished: Vec<bool> = (0..n_batches).map(|b| writer.is_finished(b)).collect();
        let expected: Vec<bool> = (0..n_batches).map(|b| b >= n_batches - stop).collect();
        assert_eq!(finished, expected);
        for batch in 0..n_batches - stop {
            write(&mut writer, batch, None);
        }
        writer.finish().unwrap();
        assert!(bytes(&out) == bytes(&whole), "stopped after {stop}");
        assert_eq!(unfinished_manifest(&out).unwrap(), None);
    }
}

#[test]
fn a_recording_with_missing_batches_is_not_completed() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = incomplete(begin(folder.path(), None, F32));
    write(&mut writer, 0, None);
    assert!(matches!(
        writer.finish(),
        Err(StoreError::Unfinished { .. })
    ));
    assert!(!folder.path().join("manifest.json").exists());
}

#[test]
fn batches_are_in_the_journal_only_after_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let lazy = mri_store::StoreOptions::default()
        .with_commit_interval(std::time::Duration::from_secs(3600));
    let labels = labels(&texts(None));
    let session = StoreWriter::begin(folder.path(), manifest(None, F32), &labels, &lazy);
    let mut writer = incomplete(session);
    write(&mut writer, 1, None);
    assert!(!writer.is_finished(1));
    writer.commit().unwrap();
    assert!(writer.is_finished(1) && !writer.is_finished(0));
}

#[test]
fn only_one_writer_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let writer = incomplete(begin(folder.path(), None, F32));
    assert!(matches!(
        begin(folder.path(), None, F32),
        Err(StoreError::Busy { .. })
    ));
    drop(writer);
    incomplete(begin(folder.path(), None, F32));
}

#[test]
fn another_recording_is_refused_or_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    record(out, None, F32);
    let before = bytes(out);
    assert!(matches!(
        begin(out, None, F32),
        Ok(StoreSession::Complete(..))
    ));
    let labels = labels(&texts(None));
    for (change, word) in [
        ("model", "model: model stored, other requested"),
        ("tokenizer", "tokenizer: tokenizer stored"),
        ("length", "maximum length: 64 stored, 65 requested"),
        ("corpus", "corpus: whole stored, other requested"),
        (
            "layers",
            "layers: resid.00 resid.01 stored, resid.00 requested",
        ),
        ("pooling", "pooling: mean stored, max requested"),
        ("norm", "final norm: true stored, false requested"),
        ("dtype", "number format: F32 stored, F16 requested"),
        ("engine", "engine: "),
    ] {
        let mut other = manifest(None, F32);
        match change {
            "model" => other.model.hash = "other".into(),
            "tokenizer" => other.tokenizer.hash = "other".into(),
            "length" => other.tokenizer.max_length = 65,
            "corpus" => other.corpus.hash = "other".into(),
            "layers" => drop(other.recording.layers.pop()),
            "pooling" => other.recording.pooling = mri_core::Pooling::Max,
            "norm" => other.recording.final_norm = false,
            "dtype" => other.recording.dtype = StoreDtype::F16,
            _ => other.recording.engine.clear(),
        }
        let refused = StoreWriter::begin(out, other.clone(), &labels, &eager()).err();
        let m = refused.unwrap().to_string();
        assert!(m.contains(word) && !m.contains(';'), "{m}");
        assert!(bytes(out) == before, "a refusal changes nothing");
        let replace = eager().with_replace(true);
        let copy = tempfile::tempdir().unwrap();
        record(copy.path(), None, F32);
        incomplete(StoreWriter::begin(copy.path(), other, &labels, &replace));
        assert!(!copy.path().join("manifest.json").exists());
    }
    // The size of batches matters only where rows of both would be in one matrix.
    let mut batches = manifest(None, F32);
    batches.recording.tokens_per_batch = 9;
    let session = StoreWriter::begin(out, batches.clone(), &labels, &eager());
    assert!(matches!(session, Ok(StoreSession::Complete(..))));
    let part = folder.path().join("part");
    drop(incomplete(begin(&part, None, F32)));
    let refused = StoreWriter::begin(&part, batches, &labels, &eager()).err();
    let m = refused.unwrap().to_string();
    assert!(m.contains("tokens per batch: 8 stored, 9 requested"), "{m}");
}

#[test]
fn foreign_files_and_wrong_counts_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("activations");
    fs::create_dir(&inside).unwrap();
    fs::write(inside.join("notes.txt"), "mine").unwrap();
    assert!(!is_store(folder.path()));
    assert!(matches!(
        begin(folder.path(), None, F32),
        Err(StoreError::NotAStore { .. })
    ));
    let labels = labels(&texts(None)[1..]);
    let other = tempfile::tempdir().unwrap();
    let refused = StoreWriter::begin(other.path(), manifest(None, F32), &labels, &eager());
    assert!(matches!(refused, Err(StoreError::Core(_))));
    assert!(bytes(other.path()).is_empty());
}

#[test]
fn a_value_too_large_for_half_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = incomplete(begin(folder.path(), None, StoreDtype::F16));
    let mut results = LAYERS.map(|(_, width)| Array2::zeros((2, width)));
    results[1][(1, 0)] = f32::INFINITY;
    writer.write_batch(0, &results, |i| [5 + i]).unwrap();
    results[1][(1, 0)] = 1e6;
    let error = writer.write_batch(1, &results, |i| [5 + i]).unwrap_err();
    assert!(matches!(
        error,
        StoreError::HalfOverflow { row: 6, layer, value: 1e6 } if layer == LAYERS[1].0
    ));
}

#[test]
fn temporary_files_of_killed_processes_go_with_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    drop(incomplete(begin(folder.path(), None, F32)));
    // As `write_atomic` names them, in a process that no longer runs.
    for left in [
        "manifest.json.4000000-0.partial",
        "activations/recording.json.4000000-1.partial",
        "activations/resid.00.npy.4000000-2.partial",
    ] {
        let target = mri_core::temporary_target(left.rsplit('/').next().unwrap());
        assert!(target.is_some(), "{left}");
        fs::write(folder.path().join(left), "half").unwrap();
    }
    let foreign = "activations/notes.txt.4000000-3.partial";
    fs::write(folder.path().join(foreign), "mine").unwrap();
    record(folder.path(), None, F32);
    let names: Vec<String> = bytes(folder.path()).into_keys().collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(names.contains(&foreign.to_owned()));
}
