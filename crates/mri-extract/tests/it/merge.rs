use std::fs;
use std::path::{Path, PathBuf};

use mri_core::{Backend, Layer, Pooling, Progress, Shard, Site, TokenBatch, Watch};
use mri_corpus::Corpus;
use mri_extract::{ExtractError, FakeBackend, RecordOptions, StoredRecording, record_to_store};
use mri_store::{
    Manifest, MergeError, Provenance, StoreDtype, StoreError, StoreOptions, merge_stores,
    open_store,
};

use crate::store::{bytes, provenance};

const TEXTS: usize = 23;

/// Texts of many lengths with three labels; every fifth text occurs twice.
fn corpus(n: usize) -> Corpus {
    let number = |i: usize| if i % 5 == 4 { i - 1 } else { i };
    let text = |i: usize| "word ".repeat(1 + number(i) * 7 % 11) + &number(i).to_string();
    Corpus::from_pairs((0..n).map(|i| (text(i), ["a", "b", "c"][i % 3]))).unwrap()
}

/// A stand-in for a tokenizer: the bytes of the text, as far as a vocabulary of 60 has them.
fn tokens(corpus: &Corpus) -> TokenBatch {
    let mut batch = TokenBatch::new();
    for text in corpus.texts() {
        let ids: Vec<u32> = text.bytes().map(|b| u32::from(b) % 60).collect();
        batch.push(&ids[..ids.len().min(20)]);
    }
    batch
}

fn options() -> RecordOptions {
    RecordOptions::default()
        .with_sites([Site::Resid, Site::MlpAct])
        .with_tokens_per_batch(60)
}

fn from(corpus: &Corpus) -> Provenance {
    let mut from = provenance(&corpus.hash());
    from.tokenizer.truncated = corpus.texts().iter().filter(|t| t.len() > 20).count();
    from.corpus.shard = corpus.shard_of().cloned();
    from
}

fn store(
    backend: &mut dyn Backend,
    corpus: &Corpus,
    folder: &Path,
    options: &RecordOptions,
    dtype: StoreDtype,
    watch: &dyn Watch,
) -> Result<StoredRecording, ExtractError> {
    let store = StoreOptions::default().with_dtype(dtype);
    record_to_store(
        backend,
        &tokens(corpus),
        corpus.labels(),
        &from(corpus),
        folder,
        options,
        &store,
        watch,
    )
}

/// Records every shard into a folder of its own, the last first.
fn shards(
    backend: &mut dyn Backend,
    corpus: &Corpus,
    count: usize,
    folder: &Path,
    dtype: StoreDtype,
) -> Vec<PathBuf> {
    let numbers = (1..=count).rev();
    numbers
        .map(|number| {
            let part = corpus.shard(Shard::new(number, count).unwrap()).unwrap();
            let out = folder.join(format!("{number}-of-{count}"));
            store(backend, &part, &out, &options(), dtype, &()).unwrap();
            out
        })
        .collect()
}

/// The files of the matrices and labels.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let all = bytes(folder).into_iter();
    all.filter(|(name, _)| name != "manifest.json").collect()
}

#[test]
fn merged_shards_are_the_whole_byte_for_byte() {
    let corpus = corpus(TEXTS);
    let mut fake = FakeBackend::default();
    for (dtype, counts) in [
        (StoreDtype::F32, vec![1, 2, TEXTS]),
        (StoreDtype::F16, vec![3]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("whole");
        let expected = store(&mut fake, &corpus, &whole, &options(), dtype, &()).unwrap();
        for count in counts {
            let parts = shards(&mut fake, &corpus, count, folder.path(), dtype);
            let before: Vec<_> = parts.iter().map(|part| bytes(part)).collect();
            let out = folder.path().join(format!("new/merged-{count}"));
            let (merged, activations) = merge_stores(&parts, &out).unwrap();
            assert!(files(&out) == files(&whole), "{count} shards, {dtype:?}");
            assert_eq!(activations.labels(), corpus.labels());
            for (part, before) in parts.iter().zip(before) {
                assert!(bytes(part) == before, "a part was changed");
            }
            // Texts that occur in two shards ran twice; everything else is as in one recording.
            let mut like_whole = merged.clone();
            like_whole.stats = expected.manifest.stats;
            assert_eq!(like_whole, expected.manifest);
            let (found, once) = (merged.stats, expected.manifest.stats);
            assert_eq!((found.texts, found.tokens), (once.texts, once.tokens));
            assert!(found.distinct_texts >= once.distinct_texts);
            assert_eq!(Manifest::read(&out).unwrap(), merged);

            // A recording of the whole takes it as its own, and so does a second merge.
            let before = bytes(&out);
            let again = store(&mut fake, &corpus, &out, &options(), dtype, &()).unwrap();
            assert_eq!(again.batches_resumed, merged.stats.batches);
            merge_stores(&parts, &out).unwrap();
            assert!(bytes(&out) == before);
        }
    }
}

/// A real engine packs a shard's texts into other batches than those of the whole, which decides
/// the last bits; so the rows agree within the engine's own tolerance.
#[cfg(feature = "tch")]
#[test]
fn shards_run_by_libtorch_agree_within_its_tolerance() {
    use mri_extract::{Device, TchBackend, TchOptions};

    let corpus = corpus(TEXTS);
    let folder = tempfile::tempdir().unwrap();
    for family in ["bert", "llama"] {
        let model = crate::golden::folder().join("families").join(family);
        let engine = TchOptions::default().with_device(Device::Cpu);
        let mut backend = TchBackend::load(&model, &engine).unwrap();
        let at = folder.path().join(family);
        let f32 = StoreDtype::F32;
        let whole = store(
            &mut backend,
            &corpus,
            &at.join("whole"),
            &options(),
            f32,
            &(),
        );
        let whole = whole.unwrap().activations;
        let parts = shards(&mut backend, &corpus, 3, &at, f32);
        let (_, merged) = merge_stores(&parts, &at.join("merged")).unwrap();
        for (layer, expected) in whole.iter() {
            let found = merged.get(layer).unwrap().load().unwrap();
            let expected = expected.load().unwrap();
            let what = format!("{family}, {layer}");
            crate::golden::assert_close(found.view(), expected.view(), &what);
        }
    }
}

#[test]
fn what_does_not_belong_together_is_not_merged() {
    let corpus = corpus(TEXTS);
    let mut fake = FakeBackend::default();
    let folder = tempfile::tempdir().unwrap();
    let f32 = StoreDtype::F32;
    let parts = shards(&mut fake, &corpus, 3, folder.path(), f32);
    let out = folder.path().join("out");
    let refused = |parts: &[PathBuf], word: &str| {
        let err = merge_stores(parts, &out).err().unwrap();
        assert!(err.to_string().contains(word), "{err}");
        assert!(!out.exists(), "a refusal makes nothing");
        err
    };

    let err = refused(&[], "all of them");
    assert!(matches!(err, StoreError::Merge(MergeError::Missing { .. })));
    let err = refused(&parts[..1], "1/3, 2/3");
    assert!(matches!(err, StoreError::Merge(MergeError::Missing { .. })));
    let twice = [&parts[..], &parts[1..2]].concat();
    let err = refused(&twice, "2/3");
    assert!(matches!(
        err,
        StoreError::Merge(MergeError::Duplicate { .. })
    ));

    let mut with = |name: &str, corpus: &Corpus, shard: Option<&str>, options: &RecordOptions| {
        let at = folder.path().join(name);
        let part = shard.map(|shard| corpus.shard(shard.parse().unwrap()).unwrap());
        let corpus = part.as_ref().unwrap_or(corpus);
        store(&mut fake, corpus, &at, options, f32, &()).unwrap();
        [&parts[..2], &[at]].concat()
    };
    let whole = with("whole", &corpus, None, &options());
    assert!(matches!(
        refused(&whole, "not the recording of a shard"),
        StoreError::Merge(MergeError::NotAShard { .. })
    ));
    let mean = options().with_pooling(Pooling::Mean);
    let batches = options().with_tokens_per_batch(61);
    let shorter = self::corpus(TEXTS - 1);
    for (parts, word) in [
        (with("mean", &corpus, Some("1/3"), &mean), "pooling"),
        (
            with("batches", &corpus, Some("1/3"), &batches),
            "tokens per batch",
        ),
        (with("corpus", &shorter, Some("1/3"), &options()), "corpus"),
        (
            with("other", &corpus, Some("1/4"), &options()),
            "one of 4 shards",
        ),
    ] {
        let err = refused(&parts, word);
        assert!(
            matches!(err, StoreError::Merge(MergeError::Different { .. })),
            "{err}"
        );
    }
    let nowhere = [&parts[..2], &[folder.path().join("nowhere")]].concat();
    assert!(matches!(
        refused(&nowhere, "nowhere"),
        StoreError::NoRecording { .. }
    ));

    // A folder that holds something else stays as it is.
    for taken in ["whole", "1-of-3"] {
        let taken = folder.path().join(taken);
        if taken.ends_with("whole") {
            let mut manifest = Manifest::read(&taken).unwrap();
            manifest.model.hash = "another".into();
            manifest.write(&taken).unwrap();
        }
        let before = bytes(&taken);
        let err = merge_stores(&parts, &taken).err();
        assert!(matches!(err, Some(StoreError::Mismatch { .. })));
        assert!(bytes(&taken) == before);
    }
}

#[test]
fn a_merge_that_was_killed_is_made_again() {
    let corpus = corpus(TEXTS);
    let mut fake = FakeBackend::default();
    let folder = tempfile::tempdir().unwrap();
    let parts = shards(&mut fake, &corpus, 3, folder.path(), StoreDtype::F32);
    let out = folder.path().join("out");
    merge_stores(&parts, &out).unwrap();
    let expected = bytes(&out);
    let (manifest, inside) = (out.join("manifest.json"), out.join("activations"));

    // Killed between two matrices: the manifest is not there yet, rows are missing.
    fs::rename(&manifest, inside.join("recording.json")).unwrap();
    let matrix = inside.join(format!("{}.npy", Layer::resid(2)));
    let mut half = fs::read(&matrix).unwrap();
    let middle = half.len() / 2;
    half[middle..].fill(0);
    fs::write(&matrix, half).unwrap();
    fs::write(inside.join("journal"), "").unwrap();
    assert!(matches!(
        open_store(&out),
        Err(StoreError::Unfinished { .. })
    ));
    merge_stores(&parts, &out).unwrap();
    assert!(bytes(&out) == expected);

    // A recording of the whole that was stopped half-way gives way to the merge.
    fs::remove_dir_all(&out).unwrap();
    let stop = |p: Progress<'_>| p.done < p.total / 2;
    let stopped = store(&mut fake, &corpus, &out, &options(), StoreDtype::F32, &stop);
    assert!(matches!(stopped, Err(ExtractError::Cancelled(_))));
    assert!(inside.join("journal").exists());
    merge_stores(&parts, &out).unwrap();
    assert!(bytes(&out) == expected);
}
