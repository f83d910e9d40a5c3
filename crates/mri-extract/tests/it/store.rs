use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use mri_core::{
    Backend, BackendError, Capture, CorpusOrigin, Labels, ModelInfo, Progress, Site, TokenBatch,
};
use mri_extract::{
    ExtractError, FakeBackend, RecordOptions, StoredRecording, record, record_to_store,
};
use mri_store::{
    Manifest, Provenance, StoreDtype, StoreError, StoreOptions, TokenizerEntry, open_store,
    read_npy, remove_store,
};
use ndarray::Array2;

/// Texts of many lengths, every seventh equal to its neighbour.
fn texts(n: u32) -> TokenBatch {
    let mut batch = TokenBatch::new();
    for i in 0..n {
        let i = if i % 7 == 6 { i - 1 } else { i };
        let length = 1 + (i * 5) % 13;
        batch.push(&(0..length).map(|j| (i * 31 + j) % 997).collect::<Vec<_>>());
    }
    batch
}

fn labels(n: usize) -> Labels {
    Labels::from_names((0..n).map(|i| (i % 3).to_string())).unwrap()
}

pub(crate) fn provenance(corpus: &str) -> Provenance {
    Provenance {
        model_hash: "model".into(),
        tokenizer: TokenizerEntry {
            hash: "tokenizer".into(),
            max_length: 64,
            truncated: 0,
        },
        corpus: CorpusOrigin {
            hash: corpus.into(),
            source: "texts.csv".into(),
            n_dropped: 0,
            n_read: 0,
            shard: None,
        },
        engine: BTreeMap::new(),
    }
}

fn options() -> RecordOptions {
    RecordOptions::default()
        .with_sites([Site::Resid, Site::MlpAct])
        .with_tokens_per_batch(30)
}

/// Every batch is made safe at once, so that every batch is a place to be killed at.
pub(crate) fn eager() -> StoreOptions {
    StoreOptions::default().with_commit_interval(Duration::ZERO)
}

pub(crate) fn store(
    folder: &Path,
    backend: &mut dyn Backend,
    store: &StoreOptions,
) -> Result<StoredRecording, ExtractError> {
    let from = provenance("corpus");
    let (texts, labels) = (texts(60), labels(60));
    record_to_store(
        backend,
        &texts,
        &labels,
        &from,
        folder,
        &options(),
        store,
        &(),
    )
}

/// Every file below a folder with its bytes.
pub(crate) fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            let inner = bytes(&path).into_iter();
            files.extend(inner.map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

/// Counts batches, fails after a number of them, and takes its time.
pub(crate) struct Counting {
    inner: FakeBackend,
    batches: usize,
    fail_after: usize,
    pub(crate) pause: Duration,
}

impl Counting {
    pub(crate) fn new(fail_after: usize) -> Self {
        Self {
            inner: FakeBackend::default(),
            batches: 0,
            fail_after,
            pause: Duration::ZERO,
        }
    }
}

impl Backend for Counting {
    fn model(&self) -> &ModelInfo {
        self.inner.model()
    }

    fn forward(
        &mut self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, BackendError> {
        if self.batches == self.fail_after {
            return Err(BackendError::Engine {
                engine: "test",
                source: "out of memory".into(),
            });
        }
        self.batches += 1;
        sleep(self.pause);
        self.inner.forward(batch, capture)
    }
}

#[test]
fn a_store_holds_what_a_recording_in_memory_holds() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/out");
    let mut backend = FakeBackend::default();
    let stored = store(&out, &mut backend, &StoreOptions::default()).unwrap();
    let labels = std::sync::Arc::new(labels(60));
    let memory = record(&mut backend, &texts(60), &labels, &options(), &()).unwrap();
    assert_eq!(stored.manifest.stats, memory.stats);
    assert_eq!(stored.activations.labels(), &labels);
    assert_eq!(stored.activations.len(), 4 + 3);
    for (layer, matrix) in memory.activations.iter() {
        let expected = matrix.load().unwrap();
        let path = out.join(format!("activations/{layer}.npy"));
        assert_eq!(read_npy(&path).unwrap(), expected);
        let stored = stored.activations.get(layer).unwrap();
        assert_eq!(stored.load().unwrap(), expected);
        assert!(stored.in_memory().is_none());
    }
    let (manifest, opened) = open_store(&out).unwrap();
    assert_eq!(manifest, stored.manifest);
    assert_eq!(opened.labels(), &labels);
    let names: Vec<String> = bytes(&out).into_keys().collect();
    assert_eq!(
        names.len(),
        7 + 2,
        "only matrices, labels and manifest: {names:?}"
    );
}

#[test]
fn half_the_room_keeps_three_digits_and_refuses_what_it_cannot_hold() {
    let folder = tempfile::tempdir().unwrap();
    let half = StoreOptions::default().with_dtype(StoreDtype::F16);
    let out = folder.path().join("half");
    let stored = store(&out, &mut FakeBackend::default(), &half).unwrap();
    let full = store(
        &folder.path().join("full"),
        &mut FakeBackend::default(),
        &StoreOptions::default(),
    )
    .unwrap();
    for (layer, matrix) in full.activations.iter() {
        let half = stored.activations.get(layer).unwrap().load().unwrap();
        for (half, full) in half.iter().zip(matrix.load().unwrap()) {
            // Half a unit in the last of 11 binary digits, for values up to 1.
            assert!(
                (half - full).abs() <= 2.0_f32.powi(-12),
                "{half} for {full}"
            );
        }
    }

    struct Loud(FakeBackend);
    impl Backend for Loud {
        fn model(&self) -> &ModelInfo {
            self.0.model()
        }
        fn forward(
            &mut self,
            batch: &TokenBatch,
            capture: &Capture,
        ) -> Result<Vec<Array2<f32>>, BackendError> {
            let quiet = self.0.forward(batch, capture)?;
            Ok(quiet.into_iter().map(|m| m * 1e6).collect())
        }
    }
    let out = folder.path().join("loud");
    let err = store(&out, &mut Loud(FakeBackend::default()), &half).err();
    assert!(matches!(
        err,
        Some(ExtractError::Store(StoreError::HalfOverflow { .. }))
    ));
    assert!(matches!(
        open_store(&out),
        Err(StoreError::Unfinished { .. })
    ));
}

#[test]
fn a_finished_store_is_reused_and_another_one_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    store(out, &mut FakeBackend::default(), &StoreOptions::default()).unwrap();
    let before = bytes(out);
    let mut never = Counting::new(0);
    let again = store(out, &mut never, &StoreOptions::default()).unwrap();
    assert_eq!(again.batches_resumed, again.manifest.stats.batches);

    // What later stages note in the manifest stays.
    let mut manifest = Manifest::read(out).unwrap();
    let note = serde_json::json!({"reducer": "pca"});
    manifest.sections.insert("reduce".into(), note.clone());
    manifest.write(out).unwrap();
    assert_eq!(open_store(out).unwrap().0.sections["reduce"], note);
    assert!(store(out, &mut never, &StoreOptions::default()).is_ok());

    let other = |from: &Provenance, options: &RecordOptions, store: &StoreOptions| {
        let mut backend = FakeBackend::default();
        let (texts, labels) = (texts(60), labels(60));
        record_to_store(
            &mut backend,
            &texts,
            &labels,
            from,
            out,
            options,
            store,
            &(),
        )
    };
    let same = provenance("corpus");
    for (from, options, word) in [
        (
            provenance("other"),
            options(),
            "corpus: corpus stored, other requested",
        ),
        (same.clone().with_engine("dtype", "bf16"), options(), "bf16"),
        (same.clone(), options().with_sites([Site::Resid]), "layers"),
        (
            same.clone(),
            options().with_pooling(mri_core::Pooling::Mean),
            "pooling: first stored, mean requested",
        ),
    ] {
        let err = other(&from, &options, &StoreOptions::default())
            .err()
            .unwrap();
        assert!(matches!(
            err,
            ExtractError::Store(StoreError::Mismatch { .. })
        ));
        assert!(err.to_string().contains(word), "{err}");
    }
    manifest.sections.clear();
    manifest.write(out).unwrap();
    assert_eq!(bytes(out), before, "a refusal changes nothing");

    let replace = StoreOptions::default().with_replace(true);
    let new = other(&provenance("other"), &options(), &replace).unwrap();
    assert_eq!(new.manifest.corpus.hash, "other");
    fs::write(out.join("activations/notes.txt"), "mine").unwrap();
    remove_store(out).unwrap();
    let left: Vec<String> = bytes(out).into_keys().collect();
    assert_eq!(left, ["activations/notes.txt"], "foreign files stay");
    let err = other(&same, &options(), &StoreOptions::default()).err();
    assert!(matches!(
        err,
        Some(ExtractError::Store(StoreError::NotAStore { .. }))
    ));
}

#[test]
fn an_error_at_any_batch_leaves_a_part_that_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let n = store(&whole, &mut FakeBackend::default(), &eager()).unwrap();
    let n = n.manifest.stats.batches;
    for fail_after in 0..n {
        let out = folder.path().join(fail_after.to_string());
        for lazy in [eager(), StoreOptions::default()] {
            let err = store(&out, &mut Counting::new(fail_after), &lazy).err();
            assert!(matches!(err, Some(ExtractError::Backend(_))));
            assert!(matches!(
                open_store(&out),
                Err(StoreError::Unfinished { .. })
            ));
            let mut rest = Counting::new(usize::MAX);
            let stored = store(&out, &mut rest, &lazy).unwrap();
            assert_eq!(
                (stored.batches_resumed, rest.batches),
                (fail_after, n - fail_after)
            );
            assert!(bytes(&out) == bytes(&whole));
            remove_store(&out).unwrap();
        }
    }
}

#[test]
fn a_cancelled_recording_goes_on_and_other_batches_are_not_mixed_in() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let seen = AtomicU64::new(0);
    let stop = |p: Progress<'_>| {
        seen.store(p.done, Ordering::Relaxed);
        p.done < p.total / 2
    };
    let run = |options: &RecordOptions, watch: &dyn mri_core::Watch| {
        let from = provenance("corpus");
        let (texts, labels) = (texts(60), labels(60));
        let mut backend = FakeBackend::default();
        let lazy = StoreOptions::default();
        record_to_store(
            &mut backend,
            &texts,
            &labels,
            &from,
            out,
            options,
            &lazy,
            watch,
        )
    };
    assert!(matches!(
        run(&options(), &stop),
        Err(ExtractError::Cancelled(_))
    ));
    let larger = options().with_tokens_per_batch(99);
    let err = run(&larger, &()).err().unwrap().to_string();
    assert!(
        err.contains("tokens per batch: 30 stored, 99 requested"),
        "{err}"
    );
    // Who asks for no size goes on with what was begun.
    let any = options().with_tokens_per_batch(None);
    assert!(matches!(run(&any, &stop), Err(ExtractError::Cancelled(_))));
    let whole = run(&any, &()).unwrap();
    assert!(whole.batches_resumed > 0);
    assert_eq!(whole.manifest.recording.tokens_per_batch, 30);
    // Of a finished one the batches no longer matter.
    assert!(run(&larger, &()).is_ok());
}

#[test]
fn damaged_stores_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    assert!(matches!(
        open_store(out),
        Err(StoreError::NoRecording { .. })
    ));
    store(out, &mut FakeBackend::default(), &StoreOptions::default()).unwrap();
    let path = out.join("activations/resid.02.npy");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 4]).unwrap();
    assert!(matches!(open_store(out), Err(StoreError::Damaged { .. })));
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
        let err = store(out, &mut FakeBackend::default(), &StoreOptions::default()).err();
        assert!(matches!(
            err,
            Some(ExtractError::Store(StoreError::BadManifest { .. }))
        ));
    }
}
