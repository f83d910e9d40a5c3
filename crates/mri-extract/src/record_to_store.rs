use std::iter;
use std::path::Path;

use mri_core::{Activations, Backend, CoreError, Labels, Layer, Watch};
use mri_store::{
    LayerEntry, Manifest, Provenance, RecordingEntry, StoreOptions, StoreSession, StoreWriter,
    unfinished_manifest,
};

use crate::batch::plan_batches;
use crate::error::ExtractError;
use crate::record::{RecordOptions, Work, limits, run, stats_of};
use crate::tokens::TokenSource;

/// A recording on disk.
pub struct StoredRecording {
    /// What it holds.
    pub manifest: Manifest,
    /// The matrices, which are read from their files on demand.
    pub activations: Activations,
    /// The number of batches that an earlier run had finished; all of them where nothing had to be
    /// run.
    pub batches_resumed: usize,
}

/// Runs texts through a model and keeps the requested layers in a folder.
///
/// As [`record`](crate::record), except that rows are written to their files as batches finish:
/// memory grows neither with the layers nor with the length of texts, and only by some 40 bytes per
/// text if their tokens are in a file ([`TextTokenizer::encode_corpus`] with a folder). An
/// interrupted recording resumes and has the same bytes as one that was not interrupted; a complete
/// one is opened as it is, or where [`StoreOptions::replace`] is set and matrices are damaged,
/// these are recorded again.
///
/// [`TextTokenizer::encode_corpus`]: crate::TextTokenizer::encode_corpus
///
/// # Errors
/// As [`record`](crate::record); [`ExtractError::Store`] with what [`StoreWriter`] reports. After
/// an error the finished batches are kept for the next run.
#[allow(
    clippy::too_many_arguments,
    reason = "each is a value of its own that callers have at hand"
)]
pub fn record_to_store(
    backend: &mut dyn Backend,
    texts: &dyn TokenSource,
    labels: &Labels,
    from: &Provenance,
    folder: &Path,
    options: &RecordOptions,
    store: &StoreOptions,
    watch: &dyn Watch,
) -> Result<StoredRecording, ExtractError> {
    if texts.len() != labels.len() {
        return Err(ExtractError::Core(CoreError::RowMismatch {
            layer: Layer::resid(0),
            rows: texts.len(),
            labels: labels.len(),
        }));
    }
    let mut capture = options.capture(backend.model())?;
    let tokens_per_batch = match options.tokens_per_batch {
        Some(tokens) => tokens,
        // An interrupted recording resumes with the batches that it began with.
        None => match unfinished_manifest(folder) {
            Ok(Some(begun)) => begun.recording.tokens_per_batch,
            // An unreadable one is reported below.
            _ => backend.tokens_per_batch(),
        },
    };
    let limits_of = |capture, tokens| limits(backend.model(), capture, tokens);
    let mut plan = plan_batches(texts, limits_of(&capture, tokens_per_batch))?;
    let layers = capture.layers.iter().map(|&layer| LayerEntry {
        layer,
        width: backend.model().layer_width(layer).unwrap_or(0),
    });
    let manifest = Manifest::new(
        backend.model().clone(),
        labels,
        RecordingEntry {
            layers: layers.collect(),
            pooling: capture.pooling,
            final_norm: capture.final_norm,
            dtype: store.dtype,
            tokens_per_batch,
            engine: from.engine.clone(),
        },
        stats_of(texts, &plan),
        from,
    );
    let mut writer = match StoreWriter::begin(folder, manifest, labels, store)? {
        StoreSession::Incomplete(writer) => writer,
        StoreSession::Complete(manifest, activations) => {
            return Ok(StoredRecording {
                batches_resumed: manifest.stats.batches,
                manifest: *manifest,
                activations,
            });
        }
    };
    // What is damaged of a complete recording is recorded with the batches that it was made with.
    let recorded_with = writer.manifest().recording.tokens_per_batch;
    if recorded_with != tokens_per_batch {
        plan = plan_batches(texts, limits_of(&capture, recorded_with))?;
    }
    capture.layers = writer.layers().collect();
    let finished: Vec<bool> = (0..plan.batches.len())
        .map(|batch| writer.is_finished(batch))
        .collect();
    let work = Work {
        texts,
        plan: &plan,
        capture: &capture,
        keep_non_finite: options.keep_non_finite,
    };
    let outcome = run(
        backend,
        &work,
        &|batch| finished[batch],
        watch,
        &mut |batch, rows, results| {
            let rows_of = |i: usize| iter::once(rows[i]).chain(plan.copies_of(rows[i]));
            Ok(writer.write_batch(batch, results, rows_of)?)
        },
    );
    // Batches that were finished before an error or a cancellation are kept.
    let kept = writer.commit();
    outcome?;
    kept?;
    let (manifest, activations) = writer.finish()?;
    Ok(StoredRecording {
        manifest,
        activations,
        batches_resumed: finished.iter().filter(|&&done| done).count(),
    })
}
