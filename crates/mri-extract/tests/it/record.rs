use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mri_core::{
    Backend, BackendError, Capture, Labels, Layer, ModelKind, Pooling, Progress, Site, TokenBatch,
};
use mri_extract::{ExtractError, FakeBackend, RecordOptions, record};

/// Twelve texts of many lengths; the third and the last are equal.
fn texts() -> TokenBatch {
    let mut batch = TokenBatch::new();
    for i in 0..11_u32 {
        let length = 1 + (i * 7) % 11;
        batch.push(&(0..length).map(|j| 1 + i * 31 + j).collect::<Vec<_>>());
    }
    let third = batch.get(2).unwrap().to_vec();
    batch.push(&third);
    batch
}

fn labels(n: usize) -> Arc<Labels> {
    Arc::new(Labels::from_names((0..n).map(|i| (i % 3).to_string())).unwrap())
}

fn options(tokens: usize) -> RecordOptions {
    RecordOptions::default()
        .with_sites(Site::ALL)
        .with_tokens_per_batch(tokens)
}

#[test]
fn rows_are_in_corpus_order_whatever_the_batches() {
    let texts = texts();
    for kind in [ModelKind::Encoder, ModelKind::Decoder] {
        let mut backend = FakeBackend::new(kind, 2, 5);
        let layers: Vec<Layer> = Site::ALL
            .iter()
            .flat_map(|&site| backend.model().layers(site))
            .collect();
        let pooling = Pooling::default_for(kind);
        for budget in [1, 20, 1000] {
            let recording =
                record(&mut backend, &texts, &labels(12), &options(budget), &()).unwrap();
            assert_eq!(recording.pooling, pooling);
            // The reference runs each text alone.
            for (row, tokens) in texts.iter().enumerate() {
                let one: TokenBatch = [tokens].into_iter().collect();
                let capture = Capture {
                    layers: layers.clone(),
                    pooling,
                    final_norm: true,
                };
                let expected = backend.forward(&one, &capture).unwrap();
                for (layer, expected) in layers.iter().zip(expected) {
                    let matrix = recording.activations.get(*layer).unwrap().load().unwrap();
                    assert_eq!(matrix.row(row), expected.row(0), "{layer}, text {row}");
                }
            }
        }
    }
}

#[test]
fn equal_texts_run_once_and_progress_counts_tokens() {
    let texts = texts();
    let (last, total) = (AtomicU64::new(0), AtomicU64::new(0));
    let watch = |progress: Progress<'_>| {
        assert!(progress.done >= last.swap(progress.done, Ordering::Relaxed));
        total.store(progress.total, Ordering::Relaxed);
        true
    };
    let stats = record(
        &mut FakeBackend::default(),
        &texts,
        &labels(12),
        &options(16),
        &watch,
    )
    .unwrap()
    .stats;
    assert_eq!((stats.texts, stats.distinct_texts), (12, 11));
    assert_eq!(stats.tokens, texts.n_tokens());
    assert_eq!(
        stats.tokens_run,
        texts.n_tokens() - texts.get(2).unwrap().len()
    );
    assert_eq!(last.load(Ordering::Relaxed), stats.tokens_run as u64);
    assert_eq!(total.load(Ordering::Relaxed), stats.tokens_run as u64);
}

#[test]
fn an_error_names_the_row_of_the_corpus_and_not_of_the_batch() {
    let mut texts = texts();
    texts.push(&[5, 999_999]);
    let err = record(
        &mut FakeBackend::default(),
        &texts,
        &labels(13),
        &options(1000),
        &(),
    );
    let err = err.err().unwrap();
    assert!(
        matches!(
            err,
            ExtractError::Text {
                row: 12,
                source: BackendError::UnknownToken { id: 999_999, .. }
            }
        ),
        "{err}"
    );
}

#[test]
fn what_cannot_be_recorded_is_refused() {
    let mut backend = FakeBackend::default();
    let tokens = options(100).with_pooling(Pooling::Tokens);
    let err = record(&mut backend, &texts(), &labels(12), &tokens, &())
        .err()
        .unwrap();
    assert!(matches!(err, ExtractError::Options(_)));
    let twice = options(100).with_sites([Site::Resid, Site::MlpAct, Site::Resid]);
    let found = record(&mut backend, &texts(), &labels(12), &twice, &()).unwrap();
    assert_eq!(found.activations.len(), 4 + 3, "every site once");
    let nothing = options(100).with_sites([]);
    let err = record(&mut backend, &texts(), &labels(12), &nothing, &())
        .err()
        .unwrap();
    assert!(matches!(err, ExtractError::Options(_)));
    let err = record(&mut backend, &texts(), &labels(5), &options(100), &())
        .err()
        .unwrap();
    assert!(matches!(err, ExtractError::Core(_)));
    let stop = |_: Progress<'_>| false;
    let err = record(&mut backend, &texts(), &labels(12), &options(100), &stop)
        .err()
        .unwrap();
    assert!(matches!(err, ExtractError::Cancelled(_)));
}
