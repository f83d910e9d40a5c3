use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mri_core::{CorpusOrigin, Labels, Layer, ModelInfo, Pooling, ShardOrigin};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::damage::Damage;
use crate::error::StoreError;
use crate::files;
use crate::npy::StoreDtype;
use crate::seal::{self, Seal};
use crate::stats::RecordStats;
use crate::sum::{FileSums, length};

/// The layout of a store that this version writes and reads.
const FORMAT: u32 = 1;

/// What decides the values of a recording. Recordings that differ in it are never mixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The hash of the model's files.
    pub model_hash: String,
    /// The tokenizer and its limit.
    pub tokenizer: TokenizerEntry,
    /// The corpus.
    pub corpus: CorpusOrigin,
    /// What else decides the values: the engine, its number format, its device.
    pub engine: BTreeMap<String, String>,
}

impl Provenance {
    /// Adds an entry to [`Provenance::engine`], such as `("dtype", "bf16")`.
    #[must_use]
    pub fn with_engine(mut self, key: &str, value: impl ToString) -> Self {
        self.engine.insert(key.to_owned(), value.to_string());
        self
    }
}

/// What a store holds: `manifest.json`.
///
/// Entries that this crate does not know are kept in `sections`, so that later stages can add what
/// they made from the recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout of the folder.
    pub format: u32,
    /// The version of this crate that recorded.
    pub version: String,
    /// The model.
    pub model: ModelEntry,
    /// The tokenizer.
    pub tokenizer: TokenizerEntry,
    /// The corpus.
    pub corpus: CorpusEntry,
    /// The whole corpus, if the recorded texts are a shard of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardOrigin>,
    /// What was recorded.
    pub recording: RecordingEntry,
    /// The amount of work of an uninterrupted recording.
    pub stats: RecordStats,
    /// The files of the folder as they were written; empty in a folder of an earlier version.
    #[serde(default, skip_serializing_if = "FileSums::is_empty")]
    pub files: FileSums,
    /// Everything else in the file.
    #[serde(flatten)]
    pub sections: Map<String, Value>,
}

/// The model of a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// The hash of its files.
    pub hash: String,
    /// Its size and kind.
    #[serde(flatten)]
    pub info: ModelInfo,
}

/// The tokenizer of a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenizerEntry {
    /// The hash of its file.
    pub hash: String,
    /// Texts were truncated after this many tokens.
    pub max_length: usize,
    /// How many texts were truncated.
    pub truncated: usize,
}

/// The corpus of a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorpusEntry {
    /// The hash of texts and labels.
    pub hash: String,
    /// Where it was read from.
    pub source: PathBuf,
    /// The number of texts: the rows of every matrix.
    pub texts: usize,
    /// The names of the labels; `labels.npy` holds one index into them per text.
    pub labels: Vec<String>,
    /// Texts per label, in the order of the names.
    pub counts: Vec<usize>,
    /// Rows that were dropped because they lack a text or a label.
    pub dropped: usize,
    /// Labeled texts that were read; `texts` of them, a sample or a shard, were recorded.
    #[serde(default)]
    pub read: usize,
}

/// What a [`Manifest`] says was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingEntry {
    /// The layers with a matrix each, in their order.
    pub layers: Vec<LayerEntry>,
    /// How token states became rows.
    pub pooling: Pooling,
    /// Whether the last residual layer is that after the final norm.
    pub final_norm: bool,
    /// The number format of the matrices.
    pub dtype: StoreDtype,
    /// Tokens per batch, padding counted; it can change the last bits of the values.
    pub tokens_per_batch: usize,
    /// As [`Provenance::engine`].
    pub engine: BTreeMap<String, String>,
}

/// A layer of a [`Manifest`]; its file is `activations/LAYER.npy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerEntry {
    /// Which one.
    pub layer: Layer,
    /// The columns of its matrix.
    pub width: usize,
}

impl CorpusEntry {
    /// The entry of a corpus with these labels.
    fn new(labels: &Labels, origin: &CorpusOrigin) -> Self {
        Self {
            hash: origin.hash.clone(),
            source: origin.source.clone(),
            texts: labels.len(),
            labels: labels.category_names().to_vec(),
            counts: labels.category_counts(),
            dropped: origin.n_dropped,
            read: origin.n_read,
        }
    }
}

impl Manifest {
    /// The manifest's name in a store's folder.
    pub const FILE_NAME: &'static str = "manifest.json";

    /// The sections that later stages of this workspace add; the checksum in the file covers them
    /// and the fields of this type, but no section of another program.
    pub const SECTIONS: [&'static str; 5] = ["graph", "grid", "grid_begun", "maps", "timings"];

    /// The manifest of a recording of this version, of texts with these labels, without sections.
    #[must_use]
    pub fn new(
        model: ModelInfo,
        labels: &Labels,
        recording: RecordingEntry,
        stats: RecordStats,
        from: &Provenance,
    ) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: ModelEntry {
                hash: from.model_hash.clone(),
                info: model,
            },
            tokenizer: from.tokenizer.clone(),
            corpus: CorpusEntry::new(labels, &from.corpus),
            shard: from.corpus.shard.clone(),
            recording,
            stats,
            files: FileSums::new(),
            sections: Map::new(),
        }
    }

    /// Reads the manifest of a store's folder.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::BadManifest`], or [`StoreError::Damaged`] if it is not
    /// what was written, by the checksum in it.
    pub fn read(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(Self::FILE_NAME);
        let bytes = fs::read(&path).map_err(StoreError::io(&path))?;
        Self::parse(&path, &bytes)
    }

    /// Writes the manifest of a store's folder atomically.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn write(&self, folder: &Path) -> Result<(), StoreError> {
        self.write_to(&folder.join(Self::FILE_NAME))
    }

    pub(crate) fn write_to(&self, path: &Path) -> Result<(), StoreError> {
        files::write_atomic(path, |out| {
            let mut bytes = serde_json::to_vec_pretty(&self.sealed()?)?;
            bytes.push(b'\n');
            out.write_all(&bytes)
        })
    }

    /// The manifest with its checksum, as it stands in the file.
    fn sealed(&self) -> io::Result<Sealed<'_>> {
        let entries = seal::entries(&serde_json::to_vec(self)?)?;
        let foreign =
            |name: &str| self.sections.contains_key(name) && !Self::SECTIONS.contains(&name);
        let mut ours: Vec<String> = entries.keys().filter(|k| !foreign(k)).cloned().collect();
        ours.sort_unstable();
        Ok(Sealed {
            manifest: self,
            checksum: Seal::over(ours, &entries),
        })
    }

    /// Compares a file of the folder with its checksum; `name` is its path in the folder, with `/`.
    /// A file without a checksum, as in a folder of an earlier version, only has to be there.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Io`].
    pub fn check_file(&self, folder: &Path, name: &str) -> Result<(), StoreError> {
        let path = folder.join(name);
        match self.files.get(name) {
            Some(sum) => sum.check(&path),
            None => length(&path).map(drop),
        }
    }

    pub(crate) fn read_if_exists(path: &Path) -> Result<Option<Self>, StoreError> {
        match fs::read(path) {
            Ok(bytes) => Self::parse(path, &bytes).map(Some),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io(path)(e)),
        }
    }

    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, StoreError> {
        let bad = |problem: String| StoreError::BadManifest {
            path: path.to_owned(),
            problem,
        };
        let mut manifest: Self = serde_json::from_slice(bytes).map_err(|e| bad(e.to_string()))?;
        if manifest.format != FORMAT {
            return Err(bad(format!(
                "it has format {}, this version reads format {FORMAT}",
                manifest.format
            )));
        }
        let whole = match manifest.sections.remove(seal::ENTRY) {
            Some(seal) => {
                let entries = seal::entries(bytes).map_err(|e| bad(e.to_string()))?;
                serde_json::from_value(seal).is_ok_and(|seal: Seal| seal.holds(&entries))
            }
            // Earlier versions wrote no checksums at all.
            None => manifest.files.is_empty(),
        };
        if !whole {
            return Err(StoreError::damaged(path, Damage::Contents));
        }
        Ok(manifest)
    }

    /// The name of the shard, or `none`.
    fn shard_name(&self) -> String {
        let shard = self.shard.as_ref().map(|entry| entry.shard.to_string());
        shard.unwrap_or_else(|| "none".to_owned())
    }

    /// The entries in which this recording differs from the requested one, with both values; empty
    /// if both give the same numbers. The size of batches counts only for `same_batches`: where
    /// rows of both would be in one matrix.
    pub(crate) fn differences(&self, requested: &Self, same_batches: bool) -> Vec<String> {
        let layers = |m: &Self| {
            let names = m.recording.layers.iter().map(|l| l.layer.to_string());
            names.collect::<Vec<_>>().join(" ")
        };
        let parts = |m: &Self| {
            let mut parts = vec![
                ("model", m.model.hash.clone()),
                ("tokenizer", m.tokenizer.hash.clone()),
                ("maximum length", m.tokenizer.max_length.to_string()),
                ("corpus", m.corpus.hash.clone()),
                ("shard", m.shard_name()),
                ("layers", layers(m)),
                ("pooling", m.recording.pooling.to_string()),
                ("final norm", m.recording.final_norm.to_string()),
                ("number format", format!("{:?}", m.recording.dtype)),
                ("engine", format!("{:?}", m.recording.engine)),
            ];
            if same_batches {
                parts.push(("tokens per batch", m.recording.tokens_per_batch.to_string()));
            }
            parts
        };
        parts(self)
            .into_iter()
            .zip(parts(requested))
            .filter(|(stored, requested)| stored != requested)
            .map(|((what, stored), (_, requested))| {
                format!(
                    "{what}: {} stored, {} requested",
                    short(&stored),
                    short(&requested)
                )
            })
            .collect()
    }
}

/// A manifest as it stands in its file.
#[derive(Serialize)]
struct Sealed<'a> {
    #[serde(flatten)]
    manifest: &'a Manifest,
    checksum: Seal,
}

/// The first 12 digits of a hash; other values as they are.
fn short(value: &str) -> &str {
    match value.get(..12) {
        Some(start) if value.len() == 64 && !value.contains(' ') => start,
        _ => value,
    }
}
