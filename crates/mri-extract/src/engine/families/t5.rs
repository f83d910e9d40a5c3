//! The encoder of T5.

use mri_core::ModelKind;

use super::{activation, attention, embedding, family};
use crate::engine::ModelError;
use crate::engine::config::Config;
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, Mlp, Norm, NormKind, Part, QkvLayout, ScoreBias,
    TransformerSpec, WeightNames,
};

const PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "shared"),
    (Part::Tokens, "encoder.embed_tokens"),
    (
        Part::RelativeBias,
        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias",
    ),
    (Part::AttnIn, "encoder.block.{}.layer.0.layer_norm"),
    (Part::Query, "encoder.block.{}.layer.0.SelfAttention.q"),
    (Part::Key, "encoder.block.{}.layer.0.SelfAttention.k"),
    (Part::Value, "encoder.block.{}.layer.0.SelfAttention.v"),
    (Part::Output, "encoder.block.{}.layer.0.SelfAttention.o"),
    (Part::MlpIn, "encoder.block.{}.layer.1.layer_norm"),
    (Part::Up, "encoder.block.{}.layer.1.DenseReluDense.wi"),
    (Part::Up, "encoder.block.{}.layer.1.DenseReluDense.wi_1"),
    (Part::Gate, "encoder.block.{}.layer.1.DenseReluDense.wi_0"),
    (Part::Down, "encoder.block.{}.layer.1.DenseReluDense.wo"),
    (Part::FinalNorm, "encoder.final_layer_norm"),
];

/// The encoder of T5 (Raffel et al. 2020, arXiv:1910.10683) and of its 1.1 revision; the decoder,
/// where there is one, is not read.
pub(super) fn t5(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("d_model")?;
    let heads = config.count("num_heads")?;
    let norm = Norm {
        kind: NormKind::Rms { one_plus: false },
        eps: config.float_or("layer_norm_epsilon", 1e-6)?,
    };
    let buckets = config.count_or("relative_attention_num_buckets", 32)?;
    let max_distance = config.count_or("relative_attention_max_distance", 128)?;
    if buckets < 4 || buckets % 2 != 0 || max_distance <= buckets / 4 {
        let problem = "has to be even, 4 or more, and less than four times the largest distance";
        return Err(config.bad("relative_attention_num_buckets", problem));
    }
    let neurons = config.count("d_ff")?;
    let spelled = config.text_opt("feed_forward_proj")?.unwrap_or("relu");
    let mlp = match spelled {
        // The first T5 1.1 models say "gated-gelu" and mean its approximation.
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
    let block = Block {
        norms: BlockNorms {
            attn_in: Some(norm),
            mlp_in: Some(norm),
            ..BlockNorms::default()
        },
        attention: Attention {
            scale: 1.0,
            causal: false,
            bias: ScoreBias::Relative {
                buckets,
                max_distance,
                rows: buckets,
            },
            ..attention(
                heads,
                heads,
                config.count_or("d_kv", 64)?,
                QkvLayout::Separate,
            )
        },
        mlp,
        parallel: false,
    };
    Ok(TransformerSpec {
        family: family(config)?,
        kind: ModelKind::Encoder,
        vocab_size: config.count("vocab_size")?,
        width,
        max_length: None,
        embedding: embedding(width),
        blocks: vec![block; config.blocks("num_layers")?],
        final_norm: Some(norm),
        weights: WeightNames {
            prefixes: &["", "transformer."],
            parts: PARTS,
            transposed: false,
        },
    })
}
