use std::fs::{self, File, OpenOptions};
use std::iter;
use std::path::Path;
use std::time::{Duration, Instant};

use half::f16;
use mri_core::{Activations, Backend, Labels, Layer, RowSource, Watch};
use ndarray::Array2;
use sha2::{Digest, Sha256};

use super::journal::Journal;
use super::manifest::{LayerEntry, Manifest, Provenance, RecordingEntry};
use super::stock::{Lock, Stock, remove_files, replaceable, take_stock};
use super::{Paths, open_store};
use crate::batch::{BatchPlan, plan_batches};
use crate::npy::{NpyMatrix, StoreDtype, matrix_header, write_ids};
use crate::record::{RecordOptions, RecordStats, limits, run};
use crate::{ExtractError, TokenSource, files};

/// How a recording is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// The number format of the matrices.
    pub dtype: StoreDtype,
    /// Replace a recording of something else, instead of refusing. One of the same is reused or
    /// resumed all the same.
    pub replace: bool,
    /// A killed process loses about this much work: finished batches are made safe this often.
    pub commit_interval: Duration,
}

impl Default for StoreOptions {
    /// `float32`, nothing replaced, and at most two seconds of work lost.
    fn default() -> Self {
        Self {
            dtype: StoreDtype::F32,
            replace: false,
            // Syncing some dozens of files takes tens of milliseconds, so that this costs about 1 %.
            commit_interval: Duration::from_secs(2),
        }
    }
}

/// A recording on disk.
pub struct StoredRecording {
    /// What it holds.
    pub manifest: Manifest,
    /// The matrices, which are read from their files as they are asked for.
    pub activations: Activations,
    /// The batches that an earlier run had left finished; all of them where nothing had to be run.
    pub batches_resumed: usize,
}

/// Runs texts through a model and keeps the layers asked for in a folder.
///
/// As [`crate::record`], except that the rows are written to their files as batches finish: memory
/// grows neither with layers nor with the length of texts, and with their number by some 40 bytes for
/// each if `texts` lie in a [`TokenFile`](crate::TokenFile). A recording that was stopped is
/// gone on with, and its bytes are those of one that was not; a finished one is opened as it is.
///
/// # Errors
/// As [`crate::record`]; [`ExtractError::StoreMismatch`] or [`ExtractError::NotAStore`] if the
/// folder holds something else and [`StoreOptions::replace`] is off; [`ExtractError::StoreBusy`];
/// [`ExtractError::Io`], for a full disk before the first batch where the file system allows it;
/// [`ExtractError::HalfOverflow`]. After an error what was done is kept for the next run.
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
        let layer = Layer::resid(0);
        let (rows, labels) = (texts.len(), labels.len());
        return Err(mri_core::CoreError::RowMismatch {
            layer,
            rows,
            labels,
        }
        .into());
    }
    let capture = options.capture(backend.model())?;
    let paths = Paths::of(folder);
    let tokens_per_batch = match options.tokens_per_batch {
        Some(tokens) => tokens,
        // What was begun goes on in the batches that it was begun with.
        None => match Manifest::read_if_there(&paths.recording) {
            Ok(Some(begun)) => begun.recording.tokens_per_batch,
            // An unreadable one is answered below.
            _ => backend.tokens_per_batch(),
        },
    };
    let limits = limits(backend.model(), &capture, tokens_per_batch);
    let plan = plan_batches(texts, limits)?;
    let layers = capture.layers.iter().map(|&layer| LayerEntry {
        layer,
        width: backend.model().layer_width(layer).unwrap_or(0),
    });
    let asked = Manifest::new(
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
        RecordStats::of(texts, &plan),
        from,
    );

    // Looked at before anything is written, so that a refusal leaves the folder as it is, and
    // again once no other process can change it.
    take_stock(&paths, &asked).or_else(|e| replaceable(e, store.replace))?;
    let lock = Lock::take(&paths)?;
    let stock = take_stock(&paths, &asked).or_else(|e| {
        let stock = replaceable(e, store.replace)?;
        remove_files(&paths).map(|()| stock)
    })?;
    if stock == Stock::Finished {
        lock.clear_traces(&paths)?;
        let (manifest, activations) = open_store(folder)?;
        return Ok(StoredRecording {
            batches_resumed: manifest.stats.batches,
            manifest,
            activations,
        });
    }
    let mut writer = Writer::open(&paths, &asked, labels, &plan, store)?;
    let finished: Vec<bool> = (0..plan.batches.len())
        .map(|batch| writer.journal.is_finished(batch))
        .collect();
    let outcome = run(
        backend,
        texts,
        &plan,
        &capture,
        &|batch| finished[batch],
        watch,
        &mut |batch, rows, results| writer.put(batch, rows, results),
    );
    // What was done before an error or a cancellation is as good as any.
    let kept = writer.commit();
    outcome.and(kept)?;
    asked.write_to(&paths.manifest)?;
    drop(writer);
    lock.clear_traces(&paths)?;
    let (manifest, activations) = open_store(folder)?;
    Ok(StoredRecording {
        manifest,
        activations,
        batches_resumed: finished.iter().filter(|&&done| done).count(),
    })
}

/// The matrices of a recording that is being made.
struct Writer<'a> {
    paths: &'a Paths,
    dtype: StoreDtype,
    layers: Vec<LayerFile>,
    journal: Journal,
    plan: &'a BatchPlan,
    /// Batches that are written but not yet synced.
    pending: Vec<usize>,
    commit_interval: Duration,
    committed: Instant,
}

struct LayerFile {
    layer: Layer,
    width: usize,
    file: File,
    offset: u64,
}

impl<'a> Writer<'a> {
    /// Opens the files of a recording, making them first where that has not been done.
    fn open(
        paths: &'a Paths,
        asked: &Manifest,
        labels: &Labels,
        plan: &'a BatchPlan,
        store: &StoreOptions,
    ) -> Result<Self, ExtractError> {
        let rows = asked.corpus.texts;
        if !paths.journal.exists()
            && let Err(error) = prepare(paths, asked, labels)
        {
            // Nothing is recorded yet: what was made so far would only fill the disk.
            let _ = remove_files(paths);
            return Err(error);
        }
        let salt =
            Sha256::digest(fs::read(&paths.recording).map_err(ExtractError::io(&paths.recording))?);
        let journal = Journal::open(&paths.journal, salt.into(), plan.batches.len());
        let journal = journal.map_err(ExtractError::io(&paths.journal))?;
        let mut layers = Vec::new();
        for &LayerEntry { layer, width } in &asked.recording.layers {
            let path = paths.matrix(layer);
            let there = NpyMatrix::open(&path)?;
            if there.size() != (rows, width) || there.dtype() != store.dtype {
                return Err(ExtractError::BadNpy {
                    path,
                    problem: "not the matrix that the recording began with".into(),
                });
            }
            layers.push(LayerFile {
                layer,
                width,
                file: OpenOptions::new()
                    .write(true)
                    .open(&path)
                    .map_err(ExtractError::io(&path))?,
                offset: matrix_header(store.dtype, rows, width).len() as u64,
            });
        }
        Ok(Self {
            paths,
            dtype: store.dtype,
            layers,
            journal,
            plan,
            pending: Vec::new(),
            commit_interval: store.commit_interval,
            committed: Instant::now(),
        })
    }

    /// Writes the rows of a finished batch, and those of equal texts.
    fn put(
        &mut self,
        batch: usize,
        rows: &[usize],
        results: &[Array2<f32>],
    ) -> Result<(), ExtractError> {
        let mut bytes = Vec::new();
        for (file, result) in self.layers.iter().zip(results) {
            for (&row, values) in rows.iter().zip(result.rows()) {
                bytes.clear();
                for &value in values {
                    match self.dtype {
                        StoreDtype::F32 => bytes.extend(value.to_le_bytes()),
                        StoreDtype::F16 => {
                            let half = f16::from_f32(value);
                            if half.is_infinite() && value.is_finite() {
                                let layer = file.layer;
                                return Err(ExtractError::HalfOverflow { row, layer, value });
                            }
                            bytes.extend(half.to_le_bytes());
                        }
                    }
                }
                for row in iter::once(row).chain(self.plan.copies_of(row)) {
                    let at = file.offset + (row * file.width * self.dtype.size()) as u64;
                    files::write_all_at(&file.file, &bytes, at).map_err(|source| {
                        ExtractError::Io {
                            path: self.paths.matrix(file.layer),
                            source,
                        }
                    })?;
                }
            }
        }
        self.pending.push(batch);
        if self.committed.elapsed() >= self.commit_interval {
            self.commit()?;
        }
        Ok(())
    }

    /// Makes what is written safe, and only then says so in the journal.
    fn commit(&mut self) -> Result<(), ExtractError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        for file in &self.layers {
            let path = self.paths.matrix(file.layer);
            file.file.sync_data().map_err(ExtractError::io(&path))?;
        }
        self.journal
            .append(&self.pending)
            .map_err(ExtractError::io(&self.paths.journal))?;
        self.pending.clear();
        self.committed = Instant::now();
        Ok(())
    }
}

/// Makes the files of a new recording: first what it is to be, then the matrices in their full
/// length, and last the journal.
pub(super) fn prepare(
    paths: &Paths,
    asked: &Manifest,
    labels: &Labels,
) -> Result<(), ExtractError> {
    fs::create_dir_all(&paths.activations).map_err(ExtractError::io(&paths.activations))?;
    asked.write_to(&paths.recording)?;
    write_ids(&paths.labels, labels.row_categories())?;
    let dtype = asked.recording.dtype;
    for &LayerEntry { layer, width } in &asked.recording.layers {
        let path = paths.matrix(layer);
        let header = matrix_header(dtype, asked.corpus.texts, width);
        let length = header.len() + asked.corpus.texts * width * dtype.size();
        let made = File::create(&path).and_then(|file| {
            files::reserve(&file, length as u64)?;
            files::write_all_at(&file, &header, 0)?;
            file.sync_all()
        });
        made.map_err(ExtractError::io(&path))?;
    }
    mri_core::sync_folder(&paths.activations).map_err(ExtractError::io(&paths.activations))?;
    Journal::create(&paths.journal)
}
