//! Recordings on disk: a folder that numpy opens, that survives a killed process, and that is read
//! in blocks.
//!
//! ```text
//! OUT/manifest.json               what was recorded; exists only once the recording is complete
//! OUT/activations/resid.00.npy    one matrix per layer, (texts, width)
//! OUT/activations/labels.npy      the category index of every text
//! OUT/activations/recording.json  the manifest to be, while recording
//! OUT/activations/lock            held by the process that records
//! OUT/activations/journal         the batches that are synced to the matrices, while recording
//! ```
//!
//! **Invariant:** a batch is in the journal only after its rows are synced, the journal exists only
//! after every matrix has its full length, and the manifest exists only after every batch is in the
//! journal. So a process may be killed at any instant.
//!
//! This crate needs no inference engine: anything that has one row per text and layer can be written
//! with a [`StoreWriter`], and anything that reads activations opens a store with [`open_store`].

mod error;
mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
mod journal;
mod lock;
mod manifest;
mod merge;
mod npy;
mod open;
mod paths;
mod remove;
mod save;
mod state;
mod stats;
mod writer;

pub use error::{MergeError, StoreError};
pub use files::read_exact_at;
pub use manifest::{
    CorpusEntry, LayerEntry, Manifest, ModelEntry, Provenance, RecordingEntry, TokenizerEntry,
};
pub use merge::merge_stores;
pub use npy::{NpyMatrix, StoreDtype, read_npy, write_npy};
pub use open::{is_store, open_store, unfinished_manifest};
pub use remove::remove_store;
pub use save::save_store;
pub use stats::RecordStats;
pub use writer::{StoreOptions, StoreSession, StoreWriter};
