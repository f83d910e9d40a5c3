//! A transformer, described by data.
//!
//! [`TransformerSpec`] says what a model computes, without a word on how: every architecture that
//! the engine knows is one value of it, read from `config.json` by a function in
//! [`families`](super::families). Engines execute the description and never ask for the
//! architecture's name, so that a new family costs one table entry and no line of engine code.

use std::path::Path;

use mri_core::{ModelInfo, ModelKind, Site};

use super::rotary::Rotary;
use crate::model_name::shown_name;

/// What a transformer computes and under which names its weights are stored.
#[derive(Debug, Clone, PartialEq)]
pub struct TransformerSpec {
    /// The architecture, as `model_type` in `config.json` calls it.
    pub family: String,
    /// Whether tokens see each other in both directions or only backwards.
    pub kind: ModelKind,
    /// The rows of the token embedding.
    pub vocab_size: usize,
    /// The width of the residual stream.
    pub width: usize,
    /// The longest text, where positions set a limit.
    pub max_length: Option<usize>,
    /// From token ids to the first residual state.
    pub embedding: Embedding,
    /// The blocks in order.
    pub blocks: Vec<Block>,
    /// The norm after the last block of a pre-norm model.
    pub final_norm: Option<Norm>,
    /// Where the weights are found.
    pub weights: WeightNames,
}

/// From token ids to the first residual state.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// The width of the token embedding, where a projection leads to the residual stream.
    pub width: usize,
    /// The token embedding is multiplied by this.
    pub scale: Option<f64>,
    /// A learned vector per position.
    pub positions: Option<LearnedPositions>,
    /// The rows of the token type table, of which every token gets the first.
    pub token_types: Option<usize>,
    /// A norm over the sum.
    pub norm: Option<Norm>,
    /// A linear map to the residual stream, with or without a bias.
    pub projection: Option<Projection>,
}

/// A linear map of the embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Projection {
    /// Whether it adds a bias.
    pub bias: bool,
    /// It comes before positions are added, not after the norm.
    pub before_positions: bool,
}

/// A table with one vector per position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LearnedPositions {
    /// The rows of the table.
    pub rows: usize,
    /// The row of the first token.
    pub offset: usize,
    /// Tokens of this id get row `offset - 1` and are not counted (RoBERTa's padding).
    pub uncounted: Option<u32>,
}

/// A normalisation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Norm {
    /// Which one.
    pub kind: NormKind,
    /// Added to the variance.
    pub eps: f64,
}

/// The kinds of normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormKind {
    /// Zero mean and unit variance, then a learned factor and, if so, a learned summand.
    Layer {
        /// Whether there is a summand.
        bias: bool,
    },
    /// Unit root mean square, then a learned factor.
    Rms {
        /// The factor is one plus the stored weight (Gemma).
        one_plus: bool,
    },
}

/// One transformer block.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Where it normalises.
    pub norms: BlockNorms,
    /// The attention.
    pub attention: Attention,
    /// The feed-forward part.
    pub mlp: Mlp,
    /// Both parts read the block's input and are added together (GPT-J, Pythia), instead of the
    /// second reading what the first left. Without an `mlp_in` norm of its own the feed-forward
    /// part shares the norm of the attention.
    pub parallel: bool,
}

/// Where a block normalises; every place is optional.
///
/// Post-norm models (BERT) have the two `after` norms, pre-norm models (GPT-2, Llama) the two `in`
/// norms; Gemma 2 has all four of the branches, OLMo 2 only the two `out` norms.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BlockNorms {
    /// Before the attention.
    pub attn_in: Option<Norm>,
    /// On what the attention adds to the residual stream.
    pub attn_out: Option<Norm>,
    /// On the residual stream after the attention.
    pub after_attn: Option<Norm>,
    /// Before the feed-forward part.
    pub mlp_in: Option<Norm>,
    /// On what the feed-forward part adds to the residual stream.
    pub mlp_out: Option<Norm>,
    /// On the residual stream after the feed-forward part.
    pub after_mlp: Option<Norm>,
}

/// An attention.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; each serves `heads / kv_heads` query heads.
    pub kv_heads: usize,
    /// The width of a head.
    pub head_width: usize,
    /// How the query, key and value weights are stored.
    pub layout: QkvLayout,
    /// Whether queries and values have a bias.
    pub qkv_bias: bool,
    /// Whether the output has a bias.
    pub out_bias: bool,
    /// The scores are multiplied by this.
    pub scale: f64,
    /// Whether a token sees only itself and those before it.
    pub causal: bool,
    /// A token sees only those less than this far away.
    pub window: Option<usize>,
    /// Rotary positions.
    pub rotary: Option<Rotary>,
    /// A norm of queries and keys, before rotary positions.
    pub qk_norm: Option<QkNorm>,
    /// What is added to the scores.
    pub bias: ScoreBias,
    /// Scores `s` become `c tanh(s / c)`, before anything is added to them.
    pub softcap: Option<f64>,
}

/// A norm of queries and keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QkNorm {
    /// Which norm.
    pub norm: Norm,
    /// What it normalises.
    pub over: QkNormOver,
}

/// What a norm of queries and keys normalises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QkNormOver {
    /// Each head, with one weight for all.
    Head,
    /// Each head, with weights of its own, stored one by one.
    EachHead,
    /// All heads together.
    AllHeads,
}

/// What is added to attention scores, by position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScoreBias {
    /// Nothing.
    None,
    /// A slope per head times the key's position (Press et al. 2022, arXiv:2108.12409), in
    /// bfloat16 and then scaled like the scores, as Falcon does.
    Alibi,
    /// A learned number per head and bucket of distances (Raffel et al. 2020, arXiv:1910.10683),
    /// the same for all blocks.
    Relative {
        /// How many buckets, half of them for keys that follow.
        buckets: usize,
        /// From this distance on all share the last bucket.
        max_distance: usize,
        /// The rows of the stored table.
        rows: usize,
    },
}

/// How the query, key and value weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QkvLayout {
    /// Three matrices.
    Separate,
    /// One matrix: all query heads, then all key heads, then all value heads.
    Stacked,
    /// One matrix: for each key head its query heads, the key head and the value head.
    Grouped,
}

/// A feed-forward part.
#[derive(Debug, Clone, PartialEq)]
pub enum Mlp {
    /// `down(activation(up(x)))`.
    Plain {
        /// The number of neurons.
        width: usize,
        /// The activation.
        activation: Activation,
        /// Whether both maps have a bias.
        bias: bool,
    },
    /// `down(activation(gate(x)) · up(x))`.
    Gated {
        /// The number of neurons.
        width: usize,
        /// The activation of the gate.
        activation: Activation,
        /// Whether the maps have a bias.
        bias: bool,
        /// Gate and up are stored as one matrix, the gate first.
        stacked: bool,
    },
    /// Several gated parts, of which a router picks some for each token.
    Experts {
        /// How many there are.
        count: usize,
        /// How many see a token.
        per_token: usize,
        /// The neurons of each.
        width: usize,
        /// The activation of the gates.
        activation: Activation,
        /// The weights of the picked ones are scaled to sum to 1.
        normalised: bool,
    },
}

impl TransformerSpec {
    /// What the description means to those who record, under the name of the model's `folder`.
    #[must_use]
    pub fn model_info(&self, folder: &Path) -> ModelInfo {
        let neurons = |block: &Block| block.mlp.neurons();
        let first = self.blocks.first().and_then(neurons);
        // Recorded only where every block has the same number, so that one width describes them all.
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

impl Mlp {
    /// The number of neurons that [`mri_core::Site::MlpAct`] records; `None` for experts.
    #[must_use]
    pub fn neurons(&self) -> Option<usize> {
        match self {
            Self::Plain { width, .. } | Self::Gated { width, .. } => Some(*width),
            // Which neurons there are differs from token to token.
            Self::Experts { .. } => None,
        }
    }
}

/// A function on single numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x Φ(x)`, by the error function.
    Gelu,
    /// The same, approximated with a hyperbolic tangent.
    GeluTanh,
    /// `x / (1 + exp(-1.702 x))`.
    QuickGelu,
    /// `max(x, 0)`.
    Relu,
    /// The square of `max(x, 0)`.
    ReluSquared,
    /// `x / (1 + exp(-x))`, also called swish.
    Silu,
    /// The hyperbolic tangent.
    Tanh,
}

/// A weight of a transformer, by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Token embedding.
    Tokens,
    /// Position embedding.
    Positions,
    /// Token type embedding.
    TokenTypes,
    /// Norm of the embedding.
    EmbeddingNorm,
    /// Map from the embedding to the residual stream.
    EmbeddingProjection,
    /// Norm after the last block.
    FinalNorm,
    /// [`BlockNorms::attn_in`].
    AttnIn,
    /// [`BlockNorms::attn_out`].
    AttnOut,
    /// [`BlockNorms::after_attn`].
    AfterAttn,
    /// [`BlockNorms::mlp_in`].
    MlpIn,
    /// [`BlockNorms::mlp_out`].
    MlpOut,
    /// [`BlockNorms::after_mlp`].
    AfterMlp,
    /// Queries.
    Query,
    /// Keys.
    Key,
    /// Values.
    Value,
    /// Queries, keys and values in one.
    Qkv,
    /// Norm of queries; `{h}` is the head where each has its own.
    QueryNorm,
    /// Norm of keys.
    KeyNorm,
    /// The table of [`ScoreBias::Relative`].
    RelativeBias,
    /// Output of the attention.
    Output,
    /// The gate of the neurons.
    Gate,
    /// Into the neurons.
    Up,
    /// Gate and up in one.
    GateUp,
    /// Out of the neurons.
    Down,
    /// The choice of experts.
    Router,
    /// The gate of expert `{e}`.
    ExpertGate,
    /// Into the neurons of expert `{e}`.
    ExpertUp,
    /// Out of the neurons of expert `{e}`.
    ExpertDown,
}

/// Under which names the weights are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightNames {
    /// What may stand before every name; the one under which the token embedding is found counts.
    pub prefixes: &'static [&'static str],
    /// The name of each part without `.weight` or `.bias`; `{}` is the number of the block. A part
    /// that is listed twice may stand under either name.
    pub parts: &'static [(Part, &'static str)],
    /// Linear maps are stored as (in, out), as GPT-2 does, instead of (out, in).
    pub transposed: bool,
}

impl WeightNames {
    /// The names of a part, without prefix and without `.weight` or `.bias`. `inner` is the number
    /// of the head or the expert.
    pub fn names(&self, part: Part, block: usize, inner: usize) -> impl Iterator<Item = String> {
        let these = self.parts.iter().filter(move |(other, _)| *other == part);
        these.map(move |(_, name)| {
            let name = name.replace("{}", &block.to_string());
            let inner = inner.to_string();
            name.replace("{e}", &inner).replace("{h}", &inner)
        })
    }
}
