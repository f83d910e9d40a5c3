use std::path::Path;

use mri_core::{ModelInfo, ModelKind, Site};

use super::block::Block;
use super::norm::Norm;
use super::quantization::Quantization;
use super::weight_names::WeightNames;
use crate::model_name::shown_name;

/// What a transformer computes, and the names under which its weights are stored.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TransformerSpec {
    /// The architecture: `model_type` in `config.json`.
    pub family: String,
    /// Encoder (attention in both directions) or decoder (causal).
    pub kind: ModelKind,
    /// The rows of the token embedding.
    pub vocab_size: usize,
    /// The width of the residual stream (`hidden_size`).
    pub width: usize,
    /// The maximum number of tokens of a text; `None` if positions set no limit.
    pub max_length: Option<usize>,
    /// From token ids to the first residual state.
    pub embedding: TokenEmbedding,
    /// The blocks in order.
    pub blocks: Vec<Block>,
    /// The norm after the last block of a pre-norm model.
    pub final_norm: Option<Norm>,
    /// The names of the stored weights.
    pub weights: WeightNames,
    /// Whether the token embedding may be stored under the name of the output embedding only, since
    /// both are one matrix.
    pub tied: bool,
    /// How weights are stored in few bits, if they are.
    pub quantization: Option<Quantization>,
    /// The entries of `config.json` about which nothing is known: whether they change what the
    /// model computes or not, they had no effect on this description.
    pub unread: Vec<String>,
}

/// From token ids to the first residual state.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TokenEmbedding {
    /// The width of the token embedding; other than [`TransformerSpec::width`] only with a
    /// projection.
    pub width: usize,
    /// A factor on the token embedding.
    pub scale: Option<f64>,
    /// A learned vector per position.
    pub positions: Option<LearnedPositions>,
    /// The rows of the token type table; every token gets row 0.
    pub token_types: Option<usize>,
    /// A norm of the sum of the embeddings.
    pub norm: Option<Norm>,
    /// A linear layer to the width of the residual stream.
    pub projection: Option<EmbeddingProjection>,
}

/// A linear layer from the embedding to the residual stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddingProjection {
    /// Whether it has a bias.
    pub bias: bool,
    /// Applied before positions are added (OPT) rather than after the norm (ELECTRA).
    pub before_positions: bool,
}

/// A table of position embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LearnedPositions {
    /// The rows of the table.
    pub rows: usize,
    /// The row of the first token.
    pub offset: usize,
    /// Tokens of this id get row `offset - 1` and do not advance the position (RoBERTa's padding
    /// id).
    pub uncounted: Option<u32>,
}

impl TokenEmbedding {
    /// A plain table of token embeddings.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self {
            width,
            scale: None,
            positions: None,
            token_types: None,
            norm: None,
            projection: None,
        }
    }
}

impl TransformerSpec {
    /// The [`ModelInfo`] of this model. Its name is that of `folder`, or the model id if the folder
    /// is in the cache of the Hugging Face hub.
    ///
    /// [`Site::MlpAct`] is among its sites if all blocks have the same number of neurons, which
    /// excludes mixtures of experts.
    #[must_use]
    pub fn model_info(&self, folder: &Path) -> ModelInfo {
        let neurons = |block: &Block| block.mlp.neurons();
        let first = self.blocks.first().and_then(neurons);
        // One width has to describe the site in all blocks.
        let mlp_width = first.filter(|_| self.blocks.iter().all(|block| neurons(block) == first));
        let sites = Site::ALL.into_iter();
        ModelInfo {
            name: shown_name(folder),
            family: self.family.clone(),
            kind: self.kind,
            n_blocks: self.blocks.len(),
            width: self.width,
            mlp_width,
            sites: sites
                .filter(|&site| site != Site::MlpAct || mlp_width.is_some())
                .collect(),
            vocab_size: self.vocab_size,
            max_length: self.max_length,
        }
    }
}
