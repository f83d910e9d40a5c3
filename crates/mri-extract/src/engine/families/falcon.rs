//! Falcon.

use super::common::activation;
use super::decoder::{decoder, layer_norm};
use super::rotary::RotaryReader;
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, Mlp, QkvLayout, ScoreBias, TokenEmbedding,
    TransformerSpec, WeightNames, WeightRole,
};

const FALCON_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "word_embeddings"),
    (WeightRole::AttnIn, "h.{}.ln_attn"),
    (WeightRole::AttnIn, "h.{}.input_layernorm"),
    (WeightRole::Qkv, "h.{}.self_attention.query_key_value"),
    (WeightRole::Output, "h.{}.self_attention.dense"),
    (WeightRole::MlpIn, "h.{}.ln_mlp"),
    (WeightRole::MlpIn, "h.{}.post_attention_layernorm"),
    (WeightRole::Up, "h.{}.mlp.dense_h_to_4h"),
    (WeightRole::Down, "h.{}.mlp.dense_4h_to_h"),
    (WeightRole::FinalNorm, "ln_f"),
];

/// Falcon (Almazrouei et al. 2023, arXiv:2311.16867), both
/// generations.
pub(super) fn falcon(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("hidden_size")?;
    let heads = config.count("num_attention_heads")?;
    let head_width = config.exact_quotient("num_attention_heads", width, heads)?;
    let norm = layer_norm(config, "layer_norm_epsilon")?;
    let new = config.bool_or("new_decoder_architecture", false)?;
    let parallel = config.bool_or("parallel_attn", true)?;
    let bias = config.bool_or("bias", false)?;
    let kv_heads = if new {
        config.count_or("num_kv_heads", heads)?
    } else if config.bool_or("multi_query", true)? {
        1
    } else {
        heads
    };
    config.exact_quotient("num_kv_heads", heads, kv_heads)?;
    let alibi = config.bool_or("alibi", false)?;
    let two_norms = match config.count_opt("num_ln_in_parallel_attn")? {
        Some(n) => n == 2,
        None => new,
    };
    let own_mlp_norm = if new { two_norms } else { !parallel };
    let attention = Attention {
        qkv_bias: bias,
        out_bias: bias,
        rotary: if alibi {
            None
        } else {
            Some(RotaryReader::new(config, head_width).read()?)
        },
        bias: if alibi {
            ScoreBias::Alibi
        } else {
            ScoreBias::None
        },
        ..Attention::new(heads, kv_heads, head_width, QkvLayout::Grouped)
    };
    let mlp = Mlp::Plain {
        width: config.count_or("ffn_hidden_size", 4 * width)?,
        activation: activation(config, "activation", Activation::Gelu)?,
        bias,
    };
    let block = Block {
        norms: BlockNorms {
            attn_in: Some(norm),
            mlp_in: own_mlp_norm.then_some(norm),
            ..BlockNorms::default()
        },
        parallel: new || parallel,
        ..Block::new(attention, mlp)
    };
    let blocks = vec![block; config.blocks("num_hidden_layers")?];
    let weights = WeightNames {
        prefixes: &["", "transformer."],
        names: FALCON_WEIGHTS,
        transposed: false,
    };
    let mut spec = decoder(
        config,
        width,
        blocks,
        TokenEmbedding::new(width),
        norm,
        weights,
    )?;
    if !alibi {
        spec.max_length = Some(config.count_or("max_position_embeddings", 2048)?);
    }
    Ok(spec)
}
