//! ModernBERT.

use mri_core::ModelKind;

use super::rotary::RotaryReader;
use super::{SLIDING, activation, attention, embedding, family, sliding_blocks};
use crate::engine::ModelError;
use crate::engine::config::Config;
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, Embedding, Mlp, Norm, NormKind, Part, QkvLayout,
    TransformerSpec, WeightNames,
};

const PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embeddings.tok_embeddings"),
    (Part::EmbeddingNorm, "embeddings.norm"),
    (Part::AttnIn, "layers.{}.attn_norm"),
    (Part::Qkv, "layers.{}.attn.Wqkv"),
    (Part::Output, "layers.{}.attn.Wo"),
    (Part::MlpIn, "layers.{}.mlp_norm"),
    (Part::GateUp, "layers.{}.mlp.Wi"),
    (Part::Down, "layers.{}.mlp.Wo"),
    (Part::FinalNorm, "final_norm"),
];

/// ModernBERT (Warner et al. 2024, arXiv:2412.13663): a pre-norm encoder with rotary positions and
/// gated neurons, in which two of three blocks look at a window only.
pub(super) fn modernbert(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("hidden_size")?;
    let heads = config.count("num_attention_heads")?;
    let head_width = config.even("num_attention_heads", width, heads)?;
    let n_blocks = config.blocks("num_hidden_layers")?;
    let norm = Norm {
        kind: NormKind::Layer {
            bias: config.flag_or("norm_bias", false)?,
        },
        eps: config.float_or("norm_eps", 1e-5)?,
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
    // The window is given as its whole width, half of it to each side.
    let window = config.count_or("local_attention", 128)? / 2 + 1;
    let bias = config.flag_or("attention_bias", false)?;
    let mlp = Mlp::Gated {
        width: config.count("intermediate_size")?,
        activation: activation(config, "hidden_activation", Activation::Gelu)?,
        bias: config.flag_or("mlp_bias", false)?,
        stacked: true,
    };
    let sliding = sliding_blocks(config, n_blocks, |i| i % every != 0)?;
    let blocks = sliding.into_iter().enumerate().map(|(i, sliding)| Block {
        norms: BlockNorms {
            // The first block follows the norm of the embedding directly.
            attn_in: (i > 0).then_some(norm),
            mlp_in: Some(norm),
            ..BlockNorms::default()
        },
        attention: Attention {
            qkv_bias: bias,
            out_bias: bias,
            causal: false,
            window: sliding.then_some(window),
            rotary: Some(if sliding {
                local.clone()
            } else {
                global.clone()
            }),
            ..attention(heads, heads, head_width, QkvLayout::Stacked)
        },
        mlp: mlp.clone(),
        parallel: false,
    });
    Ok(TransformerSpec {
        family: family(config)?,
        kind: ModelKind::Encoder,
        vocab_size: config.count("vocab_size")?,
        width,
        max_length: config.count_opt("max_position_embeddings")?,
        embedding: Embedding {
            norm: Some(norm),
            ..embedding(width)
        },
        blocks: blocks.collect(),
        final_norm: Some(norm),
        weights: WeightNames {
            prefixes: &["", "model."],
            parts: PARTS,
            transposed: false,
        },
    })
}
