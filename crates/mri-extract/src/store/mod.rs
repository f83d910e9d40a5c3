//! Recordings on disk: a folder that numpy opens, that survives being killed, and is read in blocks.
//!
//! ```text
//! OUT/manifest.json               what was recorded; there only once the recording is whole
//! OUT/activations/resid.00.npy    one matrix per layer, (texts, width)
//! OUT/activations/labels.npy      the label index of every text
//! OUT/activations/recording.json  the manifest to be, while recording
//! OUT/activations/lock            held by the process that records
//! OUT/activations/journal         the batches that are safely in the matrices, while recording
//! ```
//!
//! **Invariant:** a batch stands in the journal only after its rows have been synced, the journal
//! appears only after every matrix has its full length, and the manifest appears only after every
//! batch stands in the journal. So a process may be killed at any instant.

mod journal;
mod manifest;
mod merge;
mod save;
mod stock;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mri_core::{Activations, Labels, Layer, RowSource};

pub use manifest::{
    CorpusEntry, LayerEntry, Manifest, ModelEntry, Provenance, RecordingEntry, TokenizerEntry,
    model_hash,
};
pub use merge::merge_stores;
pub use save::save_store;
pub use stock::remove_store;
pub use write::{StoreOptions, StoredRecording, record_to_store};

use crate::ExtractError;
use crate::npy::{NpyMatrix, read_ids};

/// Opens a finished recording. The matrices stay on disk and are read in blocks.
///
/// # Errors
/// [`ExtractError::StoreUnfinished`], [`ExtractError::NoRecording`], [`ExtractError::BadManifest`],
/// or [`ExtractError::BadNpy`] if a file is not what the manifest says.
pub fn open_store(folder: &Path) -> Result<(Manifest, Activations), ExtractError> {
    let paths = Paths::of(folder);
    let Some(manifest) = Manifest::read_if_there(&paths.manifest)? else {
        return Err(if paths.recording.exists() {
            ExtractError::StoreUnfinished {
                folder: folder.to_owned(),
            }
        } else {
            ExtractError::NoRecording {
                folder: folder.to_owned(),
            }
        });
    };
    let ids = read_ids(&paths.labels)?;
    let labels = Arc::new(Labels::new(manifest.corpus.labels.clone(), ids)?);
    let mut entries = Vec::new();
    for entry in &manifest.recording.layers {
        let path = paths.matrix(entry.layer);
        let matrix = NpyMatrix::open(&path)?;
        let expected = (manifest.corpus.texts, entry.width);
        if matrix.size() != expected || matrix.dtype() != manifest.recording.dtype {
            return Err(ExtractError::BadNpy {
                path,
                problem: format!(
                    "{:?} values of {:?} where the manifest says {expected:?} of {:?}",
                    matrix.size(),
                    matrix.dtype(),
                    manifest.recording.dtype
                ),
            });
        }
        entries.push((entry.layer, Arc::new(matrix) as Arc<dyn RowSource>));
    }
    let activations = Activations::new(labels, entries)?;
    Ok((manifest, activations))
}

/// Whether a folder holds a recording of this format, finished or not: what a program may go on with
/// or replace without asking.
#[must_use]
pub fn is_store(folder: &Path) -> bool {
    let paths = Paths::of(folder);
    let readable = |path: &Path| Manifest::read_if_there(path).is_ok_and(|found| found.is_some());
    readable(&paths.manifest) || readable(&paths.recording)
}

/// The files of a store.
struct Paths {
    folder: PathBuf,
    manifest: PathBuf,
    activations: PathBuf,
    recording: PathBuf,
    journal: PathBuf,
    labels: PathBuf,
}

impl Paths {
    fn of(folder: &Path) -> Self {
        let activations = folder.join("activations");
        Self {
            folder: folder.to_owned(),
            manifest: folder.join(Manifest::FILE_NAME),
            recording: activations.join("recording.json"),
            journal: activations.join("journal"),
            labels: activations.join("labels.npy"),
            activations,
        }
    }

    fn matrix(&self, layer: Layer) -> PathBuf {
        self.activations.join(format!("{layer}.npy"))
    }
}
