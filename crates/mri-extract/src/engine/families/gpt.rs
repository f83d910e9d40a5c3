//! GPT-2, GPT-Neo, GPT-J and GPT-NeoX (Pythia).

use super::common::activation;
use super::decoder::{decoder, layer_norm, learned_positions};
use super::rotary::RotaryReader;
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, Mlp, QkvLayout, Rotary, RotaryPairs, RotaryScaling,
    TokenEmbedding, TransformerSpec, WeightNames, WeightRole,
};

const GPT2_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "wte"),
    (WeightRole::Positions, "wpe"),
    (WeightRole::AttnIn, "h.{}.ln_1"),
    (WeightRole::Qkv, "h.{}.attn.c_attn"),
    (WeightRole::Output, "h.{}.attn.c_proj"),
    (WeightRole::MlpIn, "h.{}.ln_2"),
    (WeightRole::Up, "h.{}.mlp.c_fc"),
    (WeightRole::Down, "h.{}.mlp.c_proj"),
    (WeightRole::FinalNorm, "ln_f"),
];

const GPT_NEO_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "wte"),
    (WeightRole::Positions, "wpe"),
    (WeightRole::AttnIn, "h.{}.ln_1"),
    (WeightRole::Query, "h.{}.attn.attention.q_proj"),
    (WeightRole::Key, "h.{}.attn.attention.k_proj"),
    (WeightRole::Value, "h.{}.attn.attention.v_proj"),
    (WeightRole::Output, "h.{}.attn.attention.out_proj"),
    (WeightRole::MlpIn, "h.{}.ln_2"),
    (WeightRole::Up, "h.{}.mlp.c_fc"),
    (WeightRole::Down, "h.{}.mlp.c_proj"),
    (WeightRole::FinalNorm, "ln_f"),
];

const GPTJ_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "wte"),
    (WeightRole::AttnIn, "h.{}.ln_1"),
    (WeightRole::Query, "h.{}.attn.q_proj"),
    (WeightRole::Key, "h.{}.attn.k_proj"),
    (WeightRole::Value, "h.{}.attn.v_proj"),
    (WeightRole::Output, "h.{}.attn.out_proj"),
    (WeightRole::Up, "h.{}.mlp.fc_in"),
    (WeightRole::Down, "h.{}.mlp.fc_out"),
    (WeightRole::FinalNorm, "ln_f"),
];

const GPT_NEOX_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embed_in"),
    (WeightRole::AttnIn, "layers.{}.input_layernorm"),
    (WeightRole::Qkv, "layers.{}.attention.query_key_value"),
    (WeightRole::Output, "layers.{}.attention.dense"),
    (WeightRole::MlpIn, "layers.{}.post_attention_layernorm"),
    (WeightRole::Up, "layers.{}.mlp.dense_h_to_4h"),
    (WeightRole::Down, "layers.{}.mlp.dense_4h_to_h"),
    (WeightRole::FinalNorm, "final_layer_norm"),
];

/// GPT-2 (Radford et al. 2019).
pub(super) fn gpt2(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("n_embd")?;
    let heads = config.count("n_head")?;
    let head_width = config.exact_quotient("n_head", width, heads)?;
    let norm = layer_norm(config, "layer_norm_epsilon")?;
    let scaled = config.bool_or("scale_attn_weights", true)?;
    let by_block = config.bool_or("scale_attn_by_inverse_layer_idx", false)?;
    let plain = Attention::new(heads, heads, head_width, QkvLayout::Stacked);
    let mlp = Mlp::Plain {
        width: config.count_or("n_inner", 4 * width)?,
        activation: activation(config, "activation_function", Activation::GeluTanh)?,
        bias: true,
    };
    let block = |i: usize| {
        let scale = if scaled { plain.scale } else { 1.0 };
        let attention = Attention {
            qkv_bias: true,
            out_bias: true,
            scale: scale / if by_block { (i + 1) as f64 } else { 1.0 },
            ..plain.clone()
        };
        Block {
            norms: BlockNorms::pre(norm),
            ..Block::new(attention, mlp.clone())
        }
    };
    let blocks = (0..config.blocks("n_layer")?).map(block).collect();
    let embedding = learned_positions(config.count("n_positions")?, 0, width);
    let weights = WeightNames {
        prefixes: &["", "transformer."],
        names: GPT2_WEIGHTS,
        transposed: true,
    };
    decoder(config, width, blocks, embedding, norm, weights)
}

/// GPT-Neo (Black et al. 2021): unscaled scores, a sliding window in every other block.
pub(super) fn gpt_neo(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("hidden_size")?;
    let heads = config.count("num_heads")?;
    let head_width = config.exact_quotient("num_heads", width, heads)?;
    let norm = layer_norm(config, "layer_norm_epsilon")?;
    let n_blocks = config.blocks("num_layers")?;
    if !config.bool_or("is_causal", true)? {
        let hint = "; transformers runs this family causally whatever the entry says";
        return Err(config.unsupported("is_causal", hint));
    }
    let window = config.count_or("window_size", 256)?;
    let mlp = Mlp::Plain {
        width: config.count_or("intermediate_size", 4 * width)?,
        activation: activation(config, "activation_function", Activation::GeluTanh)?,
        bias: true,
    };
    let kinds = config.strings("attention_layers", n_blocks)?;
    let kinds = match kinds {
        Some(kinds) => kinds,
        // The default of transformers.
        None if config.get("attention_types").is_none() => ["global", "local"]
            .into_iter()
            .cycle()
            .take(n_blocks)
            .collect(),
        None => return Err(config.bad("attention_layers", "missing")),
    };
    let block = |kind: &str| {
        let local = match kind {
            "global" => None,
            "local" => Some(window),
            _ => {
                let hint = "; global and local are";
                return Err(config.unsupported("attention_layers", hint));
            }
        };
        let attention = Attention {
            out_bias: true,
            scale: 1.0,
            window: local,
            ..Attention::new(heads, heads, head_width, QkvLayout::Separate)
        };
        Ok(Block {
            norms: BlockNorms::pre(norm),
            ..Block::new(attention, mlp.clone())
        })
    };
    let blocks = kinds.into_iter().map(block).collect::<Result<_, _>>()?;
    let embedding = learned_positions(config.count("max_position_embeddings")?, 0, width);
    let weights = WeightNames {
        prefixes: &["", "transformer."],
        names: GPT_NEO_WEIGHTS,
        transposed: false,
    };
    decoder(config, width, blocks, embedding, norm, weights)
}

/// GPT-J (Wang & Komatsuzaki 2021): interleaved rotary pairs, attention and MLP in parallel
/// after a shared norm.
pub(super) fn gptj(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("n_embd")?;
    let heads = config.count("n_head")?;
    let head_width = config.exact_quotient("n_head", width, heads)?;
    let norm = layer_norm(config, "layer_norm_epsilon")?;
    let rotated = config.count_or("rotary_dim", head_width)?;
    if rotated % 2 != 0 || rotated > head_width {
        return Err(config.bad("rotary_dim", "has to be even and within a head"));
    }
    let attention = Attention {
        rotary: Some(Rotary {
            width: rotated,
            base: 10_000.0,
            pairs: RotaryPairs::Interleaved,
            scaling: RotaryScaling::None,
        }),
        ..Attention::new(heads, heads, head_width, QkvLayout::Separate)
    };
    let mlp = Mlp::Plain {
        width: config.count_or("n_inner", 4 * width)?,
        activation: activation(config, "activation_function", Activation::GeluTanh)?,
        bias: true,
    };
    let block = Block {
        norms: BlockNorms {
            attn_in: Some(norm),
            ..BlockNorms::default()
        },
        parallel: true,
        ..Block::new(attention, mlp)
    };
    let blocks = vec![block; config.blocks("n_layer")?];
    let weights = WeightNames {
        prefixes: &["", "transformer."],
        names: GPTJ_WEIGHTS,
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
    spec.max_length = config.count_opt("n_positions")?;
    Ok(spec)
}

/// GPT-NeoX (Black et al. 2022, arXiv:2204.06745) and Pythia.
pub(super) fn gpt_neox(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("hidden_size")?;
    let heads = config.count("num_attention_heads")?;
    let head_width = config.exact_quotient("num_attention_heads", width, heads)?;
    let norm = layer_norm(config, "layer_norm_eps")?;
    let bias = config.bool_or("attention_bias", true)?;
    let rotary = RotaryReader {
        old_base: "rotary_emb_base",
        old_fraction: "rotary_pct",
        default_fraction: 0.25,
        ..RotaryReader::new(config, head_width)
    };
    let attention = Attention {
        qkv_bias: bias,
        out_bias: bias,
        rotary: Some(rotary.read()?),
        ..Attention::new(heads, heads, head_width, QkvLayout::Grouped)
    };
    let mlp = Mlp::Plain {
        width: config.count("intermediate_size")?,
        activation: activation(config, "hidden_act", Activation::Gelu)?,
        bias: true,
    };
    let block = Block {
        norms: BlockNorms::pre(norm),
        parallel: config.bool_or("use_parallel_residual", true)?,
        ..Block::new(attention, mlp)
    };
    let blocks = vec![block; config.blocks("num_hidden_layers")?];
    let weights = WeightNames {
        prefixes: &["", "gpt_neox."],
        names: GPT_NEOX_WEIGHTS,
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
    spec.max_length = config.count_opt("max_position_embeddings")?;
    Ok(spec)
}
