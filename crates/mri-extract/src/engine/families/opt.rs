//! OPT.

use super::common::activation;
use super::decoder::{decoder, layer_norm, learned_positions};
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, EmbeddingProjection, Mlp, QkvLayout, TransformerSpec,
    WeightNames, WeightRole,
};

/// The same norms come before or after attention and MLP, depending on the configuration.
const OPT_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embed_tokens"),
    (WeightRole::Positions, "embed_positions"),
    (WeightRole::EmbeddingProjection, "project_in"),
    (WeightRole::AttnIn, "layers.{}.self_attn_layer_norm"),
    (WeightRole::AfterAttn, "layers.{}.self_attn_layer_norm"),
    (WeightRole::Query, "layers.{}.self_attn.q_proj"),
    (WeightRole::Key, "layers.{}.self_attn.k_proj"),
    (WeightRole::Value, "layers.{}.self_attn.v_proj"),
    (WeightRole::Output, "layers.{}.self_attn.out_proj"),
    (WeightRole::MlpIn, "layers.{}.final_layer_norm"),
    (WeightRole::AfterMlp, "layers.{}.final_layer_norm"),
    (WeightRole::Up, "layers.{}.fc1"),
    (WeightRole::Down, "layers.{}.fc2"),
    (WeightRole::FinalNorm, "final_layer_norm"),
];

/// OPT (Zhang et al. 2022, arXiv:2205.01068). OPT-350m is a post-norm model with a narrower
/// embedding.
pub(super) fn opt(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("hidden_size")?;
    let heads = config.count("num_attention_heads")?;
    let head_width = config.exact_quotient("num_attention_heads", width, heads)?;
    if !config.bool_or("layer_norm_elementwise_affine", true)? {
        return Err(config.unsupported("layer_norm_elementwise_affine", "; only true is"));
    }
    let norm = layer_norm(config, "layer_norm_eps")?;
    let before = config.bool_or("do_layer_norm_before", true)?;
    let bias = config.bool_or("enable_bias", true)?;
    let attention = Attention {
        qkv_bias: bias,
        out_bias: bias,
        ..Attention::new(heads, heads, head_width, QkvLayout::Separate)
    };
    let mlp = Mlp::Plain {
        width: config.count("ffn_dim")?,
        activation: activation(config, "activation_function", Activation::Relu)?,
        bias,
    };
    let block = Block {
        norms: if before {
            BlockNorms::pre(norm)
        } else {
            BlockNorms::post(norm)
        },
        ..Block::new(attention, mlp)
    };
    let blocks = vec![block; config.blocks("num_hidden_layers")?];
    // The first two rows of the position table are unused.
    let rows = config.count("max_position_embeddings")? + 2;
    let mut embedding = learned_positions(rows, 2, width);
    embedding.width = config.count_or("word_embed_proj_dim", width)?;
    if embedding.width != width {
        embedding.projection = Some(EmbeddingProjection {
            bias: false,
            before_positions: true,
        });
    }
    let weights = WeightNames {
        prefixes: &["decoder.", "model.decoder.", ""],
        names: OPT_WEIGHTS,
        transposed: false,
    };
    let mut spec = decoder(config, width, blocks, embedding, norm, weights)?;
    if !before || config.bool_or("_remove_final_layer_norm", false)? {
        spec.final_norm = None;
    }
    Ok(spec)
}
