//! The weights of a model on the device.

use tch::Tensor;

use super::linear::Linear;
use super::norm::{NormWeights, QkNormWeights};

/// All weights of a model.
pub(super) struct ModelWeights {
    pub(super) embedding: EmbeddingWeights,
    pub(super) blocks: Vec<BlockWeights>,
    pub(super) final_norm: Option<NormWeights>,
    /// The table of relative position biases, shape (buckets, heads).
    pub(super) relative_bias: Option<Tensor>,
}

/// The weights of the embedding.
pub(super) struct EmbeddingWeights {
    pub(super) tokens: Tensor,
    pub(super) positions: Option<Tensor>,
    /// The embedding of token type 0, which every token gets.
    pub(super) token_type: Option<Tensor>,
    pub(super) norm: Option<NormWeights>,
    pub(super) projection: Option<Linear>,
}

/// The weights of one block.
pub(super) struct BlockWeights {
    pub(super) attn_in: Option<NormWeights>,
    pub(super) attn_out: Option<NormWeights>,
    pub(super) after_attn: Option<NormWeights>,
    pub(super) mlp_in: Option<NormWeights>,
    pub(super) mlp_out: Option<NormWeights>,
    pub(super) after_mlp: Option<NormWeights>,
    /// Outputs: all query heads, then all key heads, then all value heads.
    pub(super) qkv: Linear,
    /// The norms of queries and keys.
    pub(super) qk_norm: Option<[QkNormWeights; 2]>,
    pub(super) output: Linear,
    pub(super) mlp: MlpWeights,
}

/// The weights of an MLP.
pub(super) enum MlpWeights {
    Plain {
        up: Linear,
        down: Linear,
    },
    Gated {
        /// Outputs: the gates, then the neurons.
        gate_up: Linear,
        down: Linear,
    },
    Experts {
        router: Linear,
        /// `gate_up` and `down` of each expert.
        experts: Vec<(Linear, Linear)>,
    },
}

impl ModelWeights {
    /// Whether products run in our own kernels.
    pub(super) fn packed(&self) -> bool {
        let first = self.blocks.first();
        first.is_some_and(|block| block.output.packed())
    }
}
