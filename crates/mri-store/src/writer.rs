use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use half::f16;
use mri_core::{Activations, CoreError, Labels, Layer, RowSource};
use ndarray::Array2;
use sha2::{Digest, Sha256};

use crate::error::StoreError;
use crate::files;
use crate::journal::Journal;
use crate::lock::FolderLock;
use crate::manifest::{LayerEntry, Manifest};
use crate::npy::{NpyMatrix, StoreDtype, matrix_header, write_categories};
use crate::open::{open_store, recording_sums};
use crate::paths::Paths;
use crate::remove::{remove_files, remove_temporary};
use crate::repair::{damaged_layers, repair_labels, salvage};
use crate::state::{StoreState, absent_if_replaceable, inspect};

/// How a recording is kept.
///
/// ```
/// use mri_store::{StoreDtype, StoreOptions};
///
/// let options = StoreOptions::default().with_dtype(StoreDtype::F16).with_replace(true);
/// assert_eq!(options.dtype, StoreDtype::F16);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreOptions {
    /// The number format of the matrices.
    pub dtype: StoreDtype,
    /// Replace a recording of something else instead of refusing. A recording of the same thing is
    /// reused or resumed in either case, and with this set, what is damaged of it is recorded
    /// again.
    pub replace: bool,
    /// How often finished batches are synced to disk; a killed process loses about this much work.
    pub commit_interval: Duration,
    /// The lock of the folder, where the caller has it already.
    pub lock: Option<FolderLock>,
}

impl StoreOptions {
    /// Sets [`StoreOptions::dtype`].
    #[must_use]
    pub fn with_dtype(mut self, dtype: StoreDtype) -> Self {
        self.dtype = dtype;
        self
    }

    /// Sets [`StoreOptions::replace`].
    #[must_use]
    pub fn with_replace(mut self, replace: bool) -> Self {
        self.replace = replace;
        self
    }

    /// Sets [`StoreOptions::commit_interval`].
    #[must_use]
    pub fn with_commit_interval(mut self, interval: Duration) -> Self {
        self.commit_interval = interval;
        self
    }

    /// Sets [`StoreOptions::lock`].
    #[must_use]
    pub fn with_lock(mut self, lock: FolderLock) -> Self {
        self.lock = Some(lock);
        self
    }

    /// The lock of a folder: the caller's, or a new one.
    fn lock_of(&self, folder: &Path) -> Result<FolderLock, StoreError> {
        match &self.lock {
            Some(lock) if lock.folder() == folder => Ok(lock.clone()),
            _ => FolderLock::acquire(folder),
        }
    }
}

impl Default for StoreOptions {
    /// `float32`, nothing replaced, and at most two seconds of work lost.
    fn default() -> Self {
        Self {
            dtype: StoreDtype::F32,
            replace: false,
            // Syncing some dozens of files takes tens of milliseconds, so that this costs about 1
            // %.
            commit_interval: Duration::from_secs(2),
            lock: None,
        }
    }
}

/// What [`StoreWriter::begin`] finds or starts in a folder.
pub enum StoreSession {
    /// The same recording is already complete.
    Complete(Box<Manifest>, Activations),
    /// Batches are missing: all of them, or those that an interrupted run did not finish; or
    /// matrices of a complete recording are damaged, which need all batches.
    Incomplete(Box<StoreWriter>),
}

/// The matrices of a recording that is being made.
///
/// Rows are written to their files batch by batch, so that memory does not grow with the recording.
/// A writer that is dropped, or a process that is killed, leaves a recording that
/// [`StoreWriter::begin`] resumes.
#[derive(Debug)]
pub struct StoreWriter {
    paths: Paths,
    manifest: Manifest,
    layers: Vec<LayerFile>,
    journal: Journal,
    /// Batches that are written but not yet synced.
    pending: Vec<usize>,
    commit_interval: Duration,
    committed: Instant,
    lock: FolderLock,
}

#[derive(Debug)]
struct LayerFile {
    layer: Layer,
    width: usize,
    file: File,
    /// Where the file is.
    path: PathBuf,
    /// Where the file goes once it is whole, if it is to replace a damaged one.
    target: Option<PathBuf>,
    /// Where the values start, in bytes.
    offset: u64,
}

impl LayerFile {
    /// Opens the matrix of a layer for writing.
    fn open(
        path: PathBuf,
        target: Option<PathBuf>,
        manifest: &Manifest,
        LayerEntry { layer, width }: LayerEntry,
    ) -> Result<Self, StoreError> {
        let (rows, dtype) = (manifest.corpus.texts, manifest.recording.dtype);
        let file = OpenOptions::new().write(true).open(&path);
        Ok(Self {
            layer,
            width,
            file: file.map_err(StoreError::io(&path))?,
            offset: matrix_header(dtype, rows, width).len() as u64,
            path,
            target,
        })
    }

    /// Syncs a file that is to replace a damaged one, and gives it its name.
    fn put_in_place(&self) -> Result<(), StoreError> {
        let Some(target) = &self.target else {
            return Ok(());
        };
        let put = self.file.sync_all();
        put.and_then(|()| fs::rename(&self.path, target))
            .map_err(StoreError::io(target))
    }
}

impl Drop for LayerFile {
    fn drop(&mut self) {
        if self.target.is_some() {
            // After its renaming it is not there; its name says that it is a rest.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl StoreWriter {
    /// Starts the recording that a manifest describes, resumes it, or opens it if it is complete.
    ///
    /// The matrices are allocated at once, zero-filled. `manifest.recording.dtype` decides their
    /// number format, and `manifest.stats.batches` the number of batches to write.
    ///
    /// # Errors
    /// [`StoreError::Mismatch`] or [`StoreError::NotAStore`] if the folder holds something else and
    /// [`StoreOptions::replace`] is off; [`StoreError::Busy`] while another process writes it;
    /// [`StoreError::Core`] if `labels` are not as many as the manifest's texts;
    /// [`StoreError::Io`], for a full disk before the first batch where the file system allows it.
    /// A refusal leaves the folder as it is.
    pub fn begin(
        folder: &Path,
        manifest: Manifest,
        labels: &Labels,
        options: &StoreOptions,
    ) -> Result<StoreSession, StoreError> {
        let rows = manifest.corpus.texts;
        if rows != labels.len() {
            return Err(StoreError::Core(CoreError::RowMismatch {
                layer: Layer::resid(0),
                rows,
                labels: labels.len(),
            }));
        }
        let paths = Paths::of(folder);
        // Checked before anything is written, so that a refusal leaves the folder as it is, and
        // again once no other process can change it.
        inspect(&paths, &manifest).or_else(|e| absent_if_replaceable(e, options.replace))?;
        let lock = options.lock_of(folder)?;
        let state = inspect(&paths, &manifest).or_else(|e| {
            let state = absent_if_replaceable(e, options.replace)?;
            if let Some(salvaged) = salvage(&paths, &manifest) {
                salvaged.write_to(&paths.manifest)?;
                return Ok(StoreState::Complete);
            }
            remove_files(&paths).map(|()| state)
        })?;
        if state == StoreState::Complete && options.replace {
            let stored = Manifest::read(folder)?;
            repair_labels(&paths, &stored, labels)?;
            let damaged = damaged_layers(&paths, &stored)?;
            if !damaged.is_empty() {
                let writer = Self::repair(paths, stored, &damaged, options, lock)?;
                return Ok(StoreSession::Incomplete(Box::new(writer)));
            }
        }
        if state == StoreState::Complete {
            remove_temporary(&paths)?;
            let (manifest, activations) = open_store(folder)?;
            return Ok(StoreSession::Complete(Box::new(manifest), activations));
        }
        if !paths.journal.exists()
            && let Err(error) = prepare(&paths, &manifest, labels)
        {
            // Nothing is recorded yet: what was made so far would only fill the disk.
            let _ = remove_files(&paths);
            let _ = fs::remove_dir(&paths.activations);
            return Err(error);
        }
        let salt =
            Sha256::digest(fs::read(&paths.recording).map_err(StoreError::io(&paths.recording))?);
        let journal = Journal::open(&paths.journal, salt.into(), manifest.stats.batches);
        let journal = journal.map_err(StoreError::io(&paths.journal))?;
        Ok(StoreSession::Incomplete(Box::new(Self {
            layers: layer_files(&paths, &manifest)?,
            paths,
            manifest,
            journal,
            pending: Vec::new(),
            commit_interval: options.commit_interval,
            committed: Instant::now(),
            lock,
        })))
    }

    /// Starts to record some layers of a complete recording again, beside their files.
    fn repair(
        paths: Paths,
        manifest: Manifest,
        damaged: &[LayerEntry],
        options: &StoreOptions,
        lock: FolderLock,
    ) -> Result<Self, StoreError> {
        let mut layers = Vec::new();
        for &entry in damaged {
            let target = paths.matrix(entry.layer);
            let beside = mri_core::temporary_path(&target);
            let path = beside.unwrap_or_else(|| target.with_extension("partial"));
            create_matrix(&path, &manifest, entry)?;
            layers.push(LayerFile::open(path, Some(target), &manifest, entry)?);
        }
        Ok(Self {
            journal: Journal::in_memory(manifest.stats.batches),
            layers,
            paths,
            manifest,
            pending: Vec::new(),
            commit_interval: options.commit_interval,
            committed: Instant::now(),
            lock,
        })
    }

    /// What is recorded.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The layers whose rows are to be written: all of them, or the damaged ones of a complete
    /// recording.
    pub fn layers(&self) -> impl Iterator<Item = Layer> {
        self.layers.iter().map(|file| file.layer)
    }

    /// The number of batches of the recording.
    #[must_use]
    pub fn n_batches(&self) -> usize {
        self.manifest.stats.batches
    }

    /// Whether a batch (counted from 0) is synced and in the journal.
    #[must_use]
    pub fn is_finished(&self, batch: usize) -> bool {
        self.journal.is_finished(batch)
    }

    /// Writes the rows of a batch: one matrix per layer of [`StoreWriter::layers`].
    ///
    /// `rows(i)` gives the rows of the recording that row `i` of every matrix is written to: more
    /// than one where texts are equal.
    ///
    /// # Errors
    /// [`StoreError::HalfOverflow`], [`StoreError::Io`].
    pub fn write_batch<I: IntoIterator<Item = usize>>(
        &mut self,
        batch: usize,
        results: &[Array2<f32>],
        rows: impl Fn(usize) -> I,
    ) -> Result<(), StoreError> {
        let dtype = self.manifest.recording.dtype;
        let mut bytes = Vec::new();
        for (file, result) in self.layers.iter().zip(results) {
            for (i, values) in result.rows().into_iter().enumerate() {
                bytes.clear();
                for &value in values {
                    match dtype {
                        StoreDtype::F32 => bytes.extend(value.to_le_bytes()),
                        StoreDtype::F16 => {
                            let half = f16::from_f32(value);
                            if half.is_infinite() && value.is_finite() {
                                return Err(StoreError::HalfOverflow {
                                    row: rows(i).into_iter().next().unwrap_or(i),
                                    layer: file.layer,
                                    value,
                                });
                            }
                            bytes.extend(half.to_le_bytes());
                        }
                    }
                }
                for row in rows(i) {
                    let at = file.offset + (row * file.width * dtype.size()) as u64;
                    files::write_all_at(&file.file, &bytes, at)
                        .map_err(StoreError::io(&file.path))?;
                }
            }
        }
        self.pending.push(batch);
        if self.committed.elapsed() >= self.commit_interval {
            self.commit()?;
        }
        Ok(())
    }

    /// Syncs what is written, and only then notes it in the journal.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn commit(&mut self) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        for file in &self.layers {
            let synced = file.file.sync_data();
            synced.map_err(StoreError::io(&file.path))?;
        }
        self.journal
            .append(&self.pending)
            .map_err(StoreError::io(&self.paths.journal))?;
        self.pending.clear();
        self.committed = Instant::now();
        Ok(())
    }

    /// Completes the recording: reads it back for its checksums, writes its manifest and opens it.
    ///
    /// # Errors
    /// [`StoreError::Unfinished`] if batches are missing, [`StoreError::Io`].
    pub fn finish(mut self) -> Result<(Manifest, Activations), StoreError> {
        self.commit()?;
        if !(0..self.n_batches()).all(|batch| self.is_finished(batch)) {
            return Err(StoreError::Unfinished {
                folder: self.paths.folder,
            });
        }
        for file in &self.layers {
            file.put_in_place()?;
        }
        let sums = recording_sums(&self.paths, self.layers())?;
        self.manifest.files.extend(sums);
        self.manifest.write_to(&self.paths.manifest)?;
        let Self {
            paths,
            layers,
            journal,
            lock,
            ..
        } = self;
        // Systems that lock open files do not remove them.
        drop((layers, journal));
        remove_temporary(&paths)?;
        let opened = open_store(&paths.folder);
        drop(lock);
        opened
    }
}

/// Opens the matrices for writing, after checking that they are those that the recording began
/// with.
fn layer_files(paths: &Paths, manifest: &Manifest) -> Result<Vec<LayerFile>, StoreError> {
    let (rows, dtype) = (manifest.corpus.texts, manifest.recording.dtype);
    let mut layers = Vec::new();
    for &entry in &manifest.recording.layers {
        let path = paths.matrix(entry.layer);
        let matrix = NpyMatrix::open(&path)?;
        if matrix.size() != (rows, entry.width) || matrix.dtype() != dtype {
            return Err(StoreError::BadNpy {
                path,
                problem: "not the matrix that the recording began with".into(),
            });
        }
        layers.push(LayerFile::open(path, None, manifest, entry)?);
    }
    Ok(layers)
}

/// Makes the files of a new recording: first the manifest to be, then the matrices in their full
/// length, and last the journal.
pub(crate) fn prepare(
    paths: &Paths,
    manifest: &Manifest,
    labels: &Labels,
) -> Result<(), StoreError> {
    fs::create_dir_all(&paths.activations).map_err(StoreError::io(&paths.activations))?;
    manifest.write_to(&paths.recording)?;
    write_categories(&paths.labels, labels.row_categories())?;
    for &entry in &manifest.recording.layers {
        create_matrix(&paths.matrix(entry.layer), manifest, entry)?;
    }
    mri_core::sync_folder(&paths.activations).map_err(StoreError::io(&paths.activations))?;
    Journal::create(&paths.journal)
}

/// Makes the matrix of a layer in its full length, filled with zeros.
fn create_matrix(path: &Path, manifest: &Manifest, entry: LayerEntry) -> Result<(), StoreError> {
    let (rows, dtype) = (manifest.corpus.texts, manifest.recording.dtype);
    let header = matrix_header(dtype, rows, entry.width);
    let length = header.len() + rows * entry.width * dtype.size();
    let made = File::create(path).and_then(|file| {
        files::reserve(&file, length as u64)?;
        files::write_all_at(&file, &header, 0)?;
        file.sync_all()
    });
    made.map_err(StoreError::io(path))
}
