//! The encoder of T5.

use mri_core::ModelKind;

use super::common::{activation, family};
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, Mlp, Norm, NormKind, QkvLayout, ScoreBias,
    TokenEmbedding, TransformerSpec, WeightNames, WeightRole,
};

const WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "shared"),
    (WeightRole::Tokens, "encoder.embed_tokens"),
    (
        WeightRole::RelativeBias,
        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias",
    ),
    (WeightRole::AttnIn, "encoder.block.{}.layer.0.layer_norm"),
    (
        WeightRole::Query,
        "encoder.block.{}.layer.0.SelfAttention.q",
    ),
    (WeightRole::Key, "encoder.block.{}.layer.0.SelfAttention.k"),
    (
        WeightRole::Value,
        "encoder.block.{}.layer.0.SelfAttention.v",
    ),
    (
        WeightRole::Output,
        "encoder.block.{}.layer.0.SelfAttention.o",
    ),
    (WeightRole::MlpIn, "encoder.block.{}.layer.1.layer_norm"),
    (WeightRole::Up, "encoder.block.{}.layer.1.DenseReluDense.wi"),
    (
        WeightRole::Up,
        "encoder.block.{}.layer.1.DenseReluDense.wi_1",
    ),
    (
        WeightRole::Gate,
        "encoder.block.{}.layer.1.DenseReluDense.wi_0",
    ),
    (
        WeightRole::Down,
        "encoder.block.{}.layer.1.DenseReluDense.wo",
    ),
    (WeightRole::FinalNorm, "encoder.final_layer_norm"),
];

/// The encoder of T5 (Raffel et al. 2020, arXiv:1910.10683) and of its 1.1 revision; the decoder,
/// if any, is not read.
pub(super) fn t5(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("d_model")?;
    let heads = config.count("num_heads")?;
    let norm = Norm {
        kind: NormKind::Rms { one_plus: false },
        eps: config.epsilon_or("layer_norm_epsilon", 1e-6)?,
    };
    let buckets = config.count_or("relative_attention_num_buckets", 32)?;
    let max_distance = config.count_or("relative_attention_max_distance", 128)?;
    if buckets < 4 || buckets % 2 != 0 || max_distance <= buckets / 4 {
        let problem = "has to be even, 4 or more, and less than four times the largest distance";
        return Err(config.bad("relative_attention_num_buckets", problem));
    }
    let neurons = config.count("d_ff")?;
    let spelled = config.string_opt("feed_forward_proj")?.unwrap_or("relu");
    let mlp = match spelled {
        // "gated-gelu" of T5 1.1 is the tanh approximation.
        "gated-gelu" => Mlp::Gated {
            width: neurons,
            activation: Activation::GeluTanh,
            bias: false,
            stacked: false,
        },
        "gated-silu" => Mlp::Gated {
            width: neurons,
            activation: Activation::Silu,
            bias: false,
            stacked: false,
        },
        _ => Mlp::Plain {
            width: neurons,
            activation: activation(config, "feed_forward_proj", Activation::Relu)?,
            bias: false,
        },
    };
    let attention = Attention {
        scale: 1.0,
        causal: false,
        bias: ScoreBias::Relative {
            buckets,
            max_distance,
            rows: buckets,
        },
        ..Attention::new(
            heads,
            heads,
            config.count_or("d_kv", 64)?,
            QkvLayout::Separate,
        )
    };
    let block = Block {
        norms: BlockNorms::pre(norm),
        ..Block::new(attention, mlp)
    };
    Ok(TransformerSpec {
        family: family(config)?,
        kind: ModelKind::Encoder,
        vocab_size: config.count("vocab_size")?,
        width,
        max_length: None,
        embedding: TokenEmbedding::new(width),
        blocks: vec![block; config.blocks("num_layers")?],
        final_norm: Some(norm),
        weights: WeightNames {
            prefixes: &["", "transformer."],
            names: WEIGHTS,
            transposed: false,
        },
        tied: false,
        quantization: None,
        unread: Vec::new(),
    })
}
