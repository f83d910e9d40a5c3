//! ModernBERT.

use mri_core::ModelKind;

use super::common::{SLIDING, activation, family, sliding_blocks};
use super::rotary::RotaryReader;
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, Mlp, Norm, NormKind, QkvLayout, TokenEmbedding,
    TransformerSpec, WeightNames, WeightRole,
};

const WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embeddings.tok_embeddings"),
    (WeightRole::EmbeddingNorm, "embeddings.norm"),
    (WeightRole::AttnIn, "layers.{}.attn_norm"),
    (WeightRole::Qkv, "layers.{}.attn.Wqkv"),
    (WeightRole::Output, "layers.{}.attn.Wo"),
    (WeightRole::MlpIn, "layers.{}.mlp_norm"),
    (WeightRole::GateUp, "layers.{}.mlp.Wi"),
    (WeightRole::Down, "layers.{}.mlp.Wo"),
    (WeightRole::FinalNorm, "final_norm"),
];

/// ModernBERT (Warner et al. 2024, arXiv:2412.13663): a pre-norm encoder with rotary positions and
/// a gated MLP; two of three blocks have a sliding window.
pub(super) fn modernbert(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("hidden_size")?;
    let heads = config.count("num_attention_heads")?;
    let head_width = config.exact_quotient("num_attention_heads", width, heads)?;
    let n_blocks = config.blocks("num_hidden_layers")?;
    let norm = Norm {
        kind: NormKind::Layer {
            bias: config.bool_or("norm_bias", false)?,
        },
        eps: config.epsilon_or("norm_eps", 1e-5)?,
    };
    let every = config.count_or("global_attn_every_n_layers", 3)?;
    let rotary = |layer_type, old_base, default_base| {
        let reader = RotaryReader {
            layer_type: Some(layer_type),
            old_base,
            default_base,
            ..RotaryReader::new(config, head_width)
        };
        reader.read()
    };
    let global = rotary("full_attention", "global_rope_theta", 160_000.0)?;
    let local = rotary(SLIDING, "local_rope_theta", 10_000.0)?;
    // The entry counts both sides of the window.
    let window = config.count_or("local_attention", 128)? / 2 + 1;
    let bias = config.bool_or("attention_bias", false)?;
    let mlp = Mlp::Gated {
        width: config.count("intermediate_size")?,
        activation: activation(config, "hidden_activation", Activation::Gelu)?,
        bias: config.bool_or("mlp_bias", false)?,
        stacked: true,
    };
    let sliding = sliding_blocks(config, n_blocks, |i| i % every != 0)?;
    let blocks = sliding.into_iter().enumerate().map(|(i, sliding)| Block {
        norms: BlockNorms {
            // The embedding's norm serves the first block.
            attn_in: (i > 0).then_some(norm),
            mlp_in: Some(norm),
            ..BlockNorms::default()
        },
        ..Block::new(
            Attention {
                qkv_bias: bias,
                out_bias: bias,
                causal: false,
                window: sliding.then_some(window),
                rotary: Some(if sliding {
                    local.clone()
                } else {
                    global.clone()
                }),
                ..Attention::new(heads, heads, head_width, QkvLayout::Stacked)
            },
            mlp.clone(),
        )
    });
    Ok(TransformerSpec {
        family: family(config)?,
        kind: ModelKind::Encoder,
        vocab_size: config.count("vocab_size")?,
        width,
        max_length: config.count_opt("max_position_embeddings")?,
        embedding: TokenEmbedding {
            norm: Some(norm),
            ..TokenEmbedding::new(width)
        },
        blocks: blocks.collect(),
        final_norm: Some(norm),
        weights: WeightNames {
            prefixes: &["", "model."],
            names: WEIGHTS,
            transposed: false,
        },
        tied: false,
        quantization: None,
        unread: Vec::new(),
    })
}
