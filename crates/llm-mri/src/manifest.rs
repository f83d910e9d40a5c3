use std::collections::BTreeMap;
use std::path::PathBuf;

use mri_core::{Layer, ModelInfo, Pooling, Site};
use mri_extract::RecordStats;
use serde::{Deserialize, Serialize};

/// What a scan's folder says about itself: `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format, 1.
    pub format: u32,
    /// The version of llm-mri that wrote the folder.
    pub version: String,
    /// The model.
    pub model: ModelInfo,
    /// The texts.
    pub corpus: CorpusNote,
    /// What was asked for.
    pub options: OptionsNote,
    /// Texts, tokens and batches.
    pub counts: RecordStats,
    /// Texts that were longer than the limit and cut.
    pub truncated: usize,
    /// The recorded layers, in order.
    pub layers: Vec<LayerNote>,
    /// How long the stages took.
    pub timings: Timings,
}

/// The texts of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorpusNote {
    /// Where they were read from.
    pub source: PathBuf,
    /// SHA-256 over texts and labels ([`Corpus::hash`](mri_extract::Corpus::hash)).
    pub sha256: String,
    /// Rows without text or label that were left out.
    pub dropped: usize,
    /// The categories in their order.
    pub categories: Vec<String>,
    /// Texts of each category.
    pub texts_per_category: Vec<usize>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionsNote {
    /// The recorded sites.
    pub sites: Vec<Site>,
    /// How token states became rows.
    pub pooling: Pooling,
    /// Tokens after which a text is cut.
    pub max_length: usize,
    /// Whether the last residual layer is taken after the final norm.
    pub final_norm: bool,
    /// SHA-256 of the tokenizer's file.
    pub tokenizer_sha256: String,
    /// Where the model ran, as it was asked for; `None` for an engine of the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The number format of the model's arithmetic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtype: Option<String>,
    /// The reducer's name; `None` if only activations were recorded, as are the next two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reducer: Option<String>,
    /// Components kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<usize>,
    /// How the maps were cut into cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<mri_grid::Binning>,
}

/// One recorded layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerNote {
    /// The layer; its files are named `{layer}.npy`.
    pub layer: Layer,
    /// Columns of its activations.
    pub width: usize,
    /// All its rows are equal, so that its map is a single point.
    #[serde(default)]
    pub degenerate: bool,
    /// The share of the variance along each component, where the reducer has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub explained_variance_ratio: Vec<f64>,
}

/// Seconds per stage, by name.
pub type Timings = BTreeMap<String, f64>;
