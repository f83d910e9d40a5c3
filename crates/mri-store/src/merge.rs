//! Merging the shards of a recording.

use std::fs::OpenOptions;
use std::path::Path;

use mri_core::{Activations, Labels, Shard, ShardOrigin};

use crate::error::{MergeError, StoreError};
use crate::files;
use crate::lock::FolderLock;
use crate::manifest::{LayerEntry, Manifest};
use crate::npy::{NpyMatrix, matrix_header};
use crate::open::{open_categories, open_matrix, open_store, recording_sums};
use crate::paths::Paths;
use crate::remove::{remove_files, remove_temporary};
use crate::state::{StoreState, inspect};
use crate::writer::prepare;

/// Rows are copied in blocks of about this many bytes: large enough for few calls, small beside
/// everything else.
const BLOCK_BYTES: usize = 1 << 22;

/// The store of a shard.
struct ShardStore {
    paths: Paths,
    manifest: Manifest,
    shard: Shard,
}

/// Merges the stores of all shards of a corpus into the store of the whole.
///
/// The parts may be given in any order; each is the recording of a [`Shard`] of one corpus, made
/// with the same model, tokenizer and options. They are not changed.
///
/// `out` is then equivalent to a recording of the whole corpus, so that a later run reuses it: it
/// has the same labels and, text by text, the same rows. The rows are equal in every byte if the
/// results of the engine do not depend on the other texts of a batch, and otherwise within the
/// tolerance of the backend conformance suite, since a shard has other batches than the whole.
///
/// Memory does not grow with the stores. `out` is complete or has no manifest: after a kill, merge
/// again. A complete merge of the same parts is opened as it is.
///
/// # Errors
/// [`StoreError::Merge`] if the parts do not belong together; what [`open_store`] says of a part,
/// [`StoreError::Damaged`] of its matrices included; [`StoreError::Mismatch`] or
/// [`StoreError::NotAStore`] if `out` holds something else, [`StoreError::Busy`],
/// [`StoreError::Io`].
pub fn merge_stores<P: AsRef<Path>>(
    parts: &[P],
    out: &Path,
) -> Result<(Manifest, Activations), StoreError> {
    let parts = read_parts(parts)?;
    let mut merged = merged_manifest(&parts)?;
    let paths = Paths::of(out);
    // As in a recording: a refusal leaves the folder as it is, and the lock keeps it so.
    inspect(&paths, &merged)?;
    let _lock = FolderLock::acquire(out)?;
    match inspect(&paths, &merged)? {
        StoreState::Complete => {
            remove_temporary(&paths)?;
            return open_store(out);
        }
        // The journal of a recording that was begun here would not match the merged rows.
        StoreState::Partial => remove_files(&paths)?,
        StoreState::Absent => {}
    }
    prepare(&paths, &merged, &labels(&parts, &merged)?)?;
    for &entry in &merged.recording.layers {
        copy_rows(&parts, &paths, entry, &merged)?;
    }
    let layers = merged.recording.layers.iter().map(|entry| entry.layer);
    merged.files = recording_sums(&paths, layers)?;
    merged.write_to(&paths.manifest)?;
    remove_temporary(&paths)?;
    open_store(out)
}

/// Opens the parts, in the order of the shards.
fn read_parts<P: AsRef<Path>>(folders: &[P]) -> Result<Vec<ShardStore>, StoreError> {
    let mut parts: Vec<ShardStore> = Vec::with_capacity(folders.len());
    for folder in folders {
        let folder = folder.as_ref();
        // Checks every matrix against the manifest.
        let (manifest, _) = open_store(folder)?;
        let not_a_shard = || MergeError::NotAShard {
            folder: folder.to_owned(),
        };
        let entry = manifest.shard.as_ref().ok_or_else(not_a_shard)?;
        let shard = entry.shard;
        if manifest.corpus.texts != shard.rows(entry.texts).len() {
            return Err(not_a_shard().into());
        }
        parts.push(ShardStore {
            paths: Paths::of(folder),
            manifest,
            shard,
        });
    }
    parts.sort_by_key(|part| part.shard);
    let Some(first) = parts.first() else {
        return Err(MergeError::Missing {
            missing: "all of them".to_owned(),
        }
        .into());
    };
    let expected = first.whole_manifest();
    for part in &parts[1..] {
        let mut differences = expected.differences(&part.whole_manifest(), true);
        let counts = [first.shard.count(), part.shard.count()];
        if counts[0] != counts[1] {
            differences.push(format!("one of {} shards, one of {}", counts[0], counts[1]));
        }
        if !differences.is_empty() {
            return Err(MergeError::Different {
                folder: part.paths.folder.clone(),
                other: first.paths.folder.clone(),
                differences: differences.join("; "),
            }
            .into());
        }
    }
    for pair in parts.windows(2) {
        if pair[0].shard == pair[1].shard {
            let folder = |part: &ShardStore| part.paths.folder.clone();
            return Err(MergeError::Duplicate {
                shard: pair[0].shard,
                folders: [folder(&pair[0]), folder(&pair[1])],
            }
            .into());
        }
    }
    let missing: Vec<String> = (1..=first.shard.count())
        .filter(|&number| parts.iter().all(|part| part.shard.number() != number))
        .map(|number| format!("{number}/{}", first.shard.count()))
        .collect();
    if missing.is_empty() {
        Ok(parts)
    } else {
        Err(MergeError::Missing {
            missing: missing.join(", "),
        }
        .into())
    }
}

impl ShardStore {
    /// The manifest of the whole recording, as far as one part determines it.
    fn whole_manifest(&self) -> Manifest {
        let mut manifest = self.manifest.clone();
        if let Some(ShardOrigin { corpus, texts, .. }) = manifest.shard.take() {
            manifest.corpus.hash = corpus;
            manifest.corpus.texts = texts;
        }
        // What later stages added is about the part.
        manifest.sections.clear();
        manifest.files.clear();
        manifest
    }

    fn matrix(&self, entry: LayerEntry) -> Result<NpyMatrix, StoreError> {
        open_matrix(&self.paths, &self.manifest, entry)
    }
}

/// The manifest of the merged store.
fn merged_manifest(parts: &[ShardStore]) -> Result<Manifest, StoreError> {
    let Some((first, others)) = parts.split_first() else {
        return Err(MergeError::Missing {
            missing: "all of them".to_owned(),
        }
        .into());
    };
    let mut merged = first.whole_manifest();
    for part in others {
        let manifest = &part.manifest;
        merged.tokenizer.truncated += manifest.tokenizer.truncated;
        for (sum, count) in merged.corpus.counts.iter_mut().zip(&manifest.corpus.counts) {
            *sum += count;
        }
        merged.stats += manifest.stats;
    }
    Ok(merged)
}

/// The labels of all parts, interleaved.
fn labels(parts: &[ShardStore], merged: &Manifest) -> Result<Labels, StoreError> {
    let mut ids = vec![0; merged.corpus.texts];
    for part in parts {
        let rows = part.shard.rows(ids.len());
        for (row, id) in rows.zip(open_categories(&part.paths, &part.manifest)?) {
            ids[row] = id;
        }
    }
    Ok(Labels::new(merged.corpus.labels.clone(), ids)?)
}

/// Interleaves the rows of a layer of all parts and syncs them.
fn copy_rows(
    parts: &[ShardStore],
    out: &Paths,
    entry: LayerEntry,
    merged: &Manifest,
) -> Result<(), StoreError> {
    let matrices: Vec<NpyMatrix> = parts
        .iter()
        .map(|part| part.matrix(entry))
        .collect::<Result<_, _>>()?;
    let LayerEntry { layer, width } = entry;
    let path = out.matrix(layer);
    let file = OpenOptions::new()
        .write(true)
        .open(&path)
        .map_err(StoreError::io(&path))?;
    let (rows, dtype) = (merged.corpus.texts, merged.recording.dtype);
    let offset = matrix_header(dtype, rows, width).len() as u64;
    let width = width * dtype.size();
    // A block has the same number of rows of every part, which are consecutive in the part.
    let rows_per_part = (BLOCK_BYTES / (width * parts.len()).max(1)).max(1);
    let mut block = vec![0; width * rows_per_part * parts.len()];
    let mut rows_of_part = Vec::new();
    for start in (0..rows).step_by(rows_per_part * parts.len()) {
        let n = (rows - start).min(rows_per_part * parts.len());
        for (at, (part, matrix)) in parts.iter().zip(&matrices).enumerate() {
            let given = part.shard.rows(n).len();
            rows_of_part.resize(given * width, 0);
            matrix
                .read_bytes(start / parts.len(), &mut rows_of_part)
                .map_err(StoreError::io(matrix.path()))?;
            for (i, row) in rows_of_part.chunks_exact(width.max(1)).enumerate() {
                let to = (i * parts.len() + at) * width;
                block[to..to + width].copy_from_slice(row);
            }
        }
        files::write_all_at(&file, &block[..n * width], offset + (start * width) as u64)
            .map_err(StoreError::io(&path))?;
    }
    file.sync_all().map_err(StoreError::io(&path))
}
