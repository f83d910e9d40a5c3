//! Recordings on disk: a folder that numpy opens, that survives a killed process, and that is read
//! in blocks.
//!
//! ```text
//! OUT/llm-mri.lock                held by the process that writes, and gone when it is done
//! OUT/manifest.json               what was recorded; exists only once the recording is complete
//! OUT/activations/resid.00.npy    one matrix per layer, (texts, width)
//! OUT/activations/labels.npy      the category index of every text
//! OUT/activations/recording.json  the manifest to be, while recording
//! OUT/activations/journal         the batches that are synced to the matrices, while recording
//! ```
//!
//! **Invariant:** a batch is in the journal only after its rows are synced, the journal exists only
//! after every matrix has its full length, and the manifest exists only after every batch is in the
//! journal. So a process may be killed at any instant.
//!
//! The manifest holds a checksum (XXH3-128) of every file that was written, and one of itself. A
//! file is compared with it when it is read, so that damage which leaves the length as it was is an
//! error, never another number.
//!
//! This crate needs no inference engine: anything that has one row per text and layer can be
//! written with a [`StoreWriter`], and anything that reads activations opens a store with
//! [`open_store`].
//!
//! ```
//! use mri_core::{CorpusOrigin, Labels, Layer, ModelInfo, ModelKind, Pooling, Site};
//! use mri_store::{
//!     LayerEntry, Manifest, Provenance, RecordStats, RecordingEntry, StoreDtype, StoreOptions,
//!     StoreSession, StoreWriter, TokenizerEntry, open_store,
//! };
//! use ndarray::array;
//!
//! // Three texts in two batches, one layer of width 2.
//! let labels = Labels::from_names(["law", "music", "law"])?;
//! let from = Provenance {
//!     model_hash: "of the model's files".into(),
//!     tokenizer: TokenizerEntry { hash: "of its file".into(), max_length: 512, truncated: 0 },
//!     corpus: CorpusOrigin {
//!         hash: "of texts and labels".into(),
//!         source: "topics.csv".into(),
//!         n_dropped: 0,
//!         n_read: 3,
//!         shard: None,
//!     },
//!     engine: Default::default(),
//! };
//! let layer = Layer::resid(0);
//! let recording = RecordingEntry {
//!     layers: vec![LayerEntry { layer, width: 2 }],
//!     pooling: Pooling::Mean,
//!     final_norm: true,
//!     dtype: StoreDtype::F32,
//!     tokens_per_batch: 1024,
//!     engine: Default::default(),
//! };
//! let stats = RecordStats { texts: 3, batches: 2, ..RecordStats::default() };
//! let model = ModelInfo {
//!     name: "mine".into(),
//!     family: "bert".into(),
//!     kind: ModelKind::Encoder,
//!     n_blocks: 1,
//!     width: 2,
//!     mlp_width: None,
//!     sites: vec![Site::Resid],
//!     vocab_size: 1000,
//!     max_length: Some(512),
//! };
//! let manifest = Manifest::new(model, &labels, recording, stats, &from);
//!
//! let folder = tempfile::tempdir()?;
//! let session = StoreWriter::begin(folder.path(), manifest, &labels, &StoreOptions::default())?;
//! let StoreSession::Incomplete(mut writer) = session else { panic!("a new folder") };
//! writer.write_batch(0, &[array![[1.0, 2.0], [3.0, 4.0]]], |i| [[0], [2]][i])?;
//! writer.write_batch(1, &[array![[5.0, 6.0]]], |_| [1])?;
//! writer.finish()?;
//!
//! let (manifest, activations) = open_store(folder.path())?;
//! assert_eq!(manifest.corpus.counts, [2, 1]);
//! let rows = activations.get(layer).unwrap().load()?;
//! assert_eq!(rows, array![[1.0, 2.0], [5.0, 6.0], [3.0, 4.0]]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod damage;
mod error;
mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
mod holder;
mod journal;
mod lock;
mod manifest;
mod merge;
mod npy;
mod open;
mod paths;
mod remove;
mod repair;
mod save;
mod seal;
mod state;
mod stats;
mod sum;
mod writer;

pub use damage::Damage;
pub use error::{MergeError, StoreError};
pub use files::read_exact_at;
pub use holder::LockHolder;
pub use lock::FolderLock;
pub use manifest::{
    CorpusEntry, LayerEntry, Manifest, ModelEntry, Provenance, RecordingEntry, TokenizerEntry,
};
pub use merge::merge_stores;
pub use npy::{NpyMatrix, StoreDtype, read_npy, write_npy};
pub use open::{is_store, open_store, unfinished_manifest};
pub use remove::remove_store;
pub use save::save_store;
pub use state::{holds_only_recording, is_barely_begun};
pub use stats::RecordStats;
pub use sum::{FileSum, FileSums};
pub use writer::{StoreOptions, StoreSession, StoreWriter};
