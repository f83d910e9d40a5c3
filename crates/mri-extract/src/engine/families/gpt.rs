//! Decoders before Llama: GPT-2, GPT-Neo, GPT-J, GPT-NeoX (Pythia), OPT and Falcon.

use mri_core::ModelKind;

use super::rotary::RotaryReader;
use super::{activation, attention, embedding, family};
use crate::engine::ModelError;
use crate::engine::config::Config;
use crate::engine::rotary::{Rotary, RotaryPairs, RotaryScaling};
use crate::engine::spec::{
    Activation, Attention, Block, BlockNorms, Embedding, LearnedPositions, Mlp, Norm, NormKind,
    Part, Projection, QkvLayout, ScoreBias, TransformerSpec, WeightNames,
};

const GPT2_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "wte"),
    (Part::Positions, "wpe"),
    (Part::AttnIn, "h.{}.ln_1"),
    (Part::Qkv, "h.{}.attn.c_attn"),
    (Part::Output, "h.{}.attn.c_proj"),
    (Part::MlpIn, "h.{}.ln_2"),
    (Part::Up, "h.{}.mlp.c_fc"),
    (Part::Down, "h.{}.mlp.c_proj"),
    (Part::FinalNorm, "ln_f"),
];

const GPT_NEO_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "wte"),
    (Part::Positions, "wpe"),
    (Part::AttnIn, "h.{}.ln_1"),
    (Part::Query, "h.{}.attn.attention.q_proj"),
    (Part::Key, "h.{}.attn.attention.k_proj"),
    (Part::Value, "h.{}.attn.attention.v_proj"),
    (Part::Output, "h.{}.attn.attention.out_proj"),
    (Part::MlpIn, "h.{}.ln_2"),
    (Part::Up, "h.{}.mlp.c_fc"),
    (Part::Down, "h.{}.mlp.c_proj"),
    (Part::FinalNorm, "ln_f"),
];

const GPTJ_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "wte"),
    (Part::AttnIn, "h.{}.ln_1"),
    (Part::Query, "h.{}.attn.q_proj"),
    (Part::Key, "h.{}.attn.k_proj"),
    (Part::Value, "h.{}.attn.v_proj"),
    (Part::Output, "h.{}.attn.out_proj"),
    (Part::Up, "h.{}.mlp.fc_in"),
    (Part::Down, "h.{}.mlp.fc_out"),
    (Part::FinalNorm, "ln_f"),
];

const GPT_NEOX_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embed_in"),
    (Part::AttnIn, "layers.{}.input_layernorm"),
    (Part::Qkv, "layers.{}.attention.query_key_value"),
    (Part::Output, "layers.{}.attention.dense"),
    (Part::MlpIn, "layers.{}.post_attention_layernorm"),
    (Part::Up, "layers.{}.mlp.dense_h_to_4h"),
    (Part::Down, "layers.{}.mlp.dense_4h_to_h"),
    (Part::FinalNorm, "final_layer_norm"),
];

/// The same norms stand before or after their part, as the configuration says.
const OPT_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embed_tokens"),
    (Part::Positions, "embed_positions"),
    (Part::EmbeddingProjection, "project_in"),
    (Part::AttnIn, "layers.{}.self_attn_layer_norm"),
    (Part::AfterAttn, "layers.{}.self_attn_layer_norm"),
    (Part::Query, "layers.{}.self_attn.q_proj"),
    (Part::Key, "layers.{}.self_attn.k_proj"),
    (Part::Value, "layers.{}.self_attn.v_proj"),
    (Part::Output, "layers.{}.self_attn.out_proj"),
    (Part::MlpIn, "layers.{}.final_layer_norm"),
    (Part::AfterMlp, "layers.{}.final_layer_norm"),
    (Part::Up, "layers.{}.fc1"),
    (Part::Down, "layers.{}.fc2"),
    (Part::FinalNorm, "final_layer_norm"),
];

const FALCON_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "word_embeddings"),
    (Part::AttnIn, "h.{}.ln_attn"),
    (Part::AttnIn, "h.{}.input_layernorm"),
    (Part::Qkv, "h.{}.self_attention.query_key_value"),
    (Part::Output, "h.{}.self_attention.dense"),
    (Part::MlpIn, "h.{}.ln_mlp"),
    (Part::MlpIn, "h.{}.post_attention_layernorm"),
    (Part::Up, "h.{}.mlp.dense_h_to_4h"),
    (Part::Down, "h.{}.mlp.dense_4h_to_h"),
    (Part::FinalNorm, "ln_f"),
];

/// A norm with factor and summand, as all of these have.
fn norm(config: &Config, key: &str) -> Result<Norm, ModelError> {
    Ok(Norm {
        kind: NormKind::Layer { bias: true },
        eps: config.float_or(key, 1e-5)?,
    })
}

/// A pre-norm decoder of equal blocks.
fn decoder(
    config: &Config,
    width: usize,
    blocks: Vec<Block>,
    embedding: Embedding,
    norm: Norm,
    weights: WeightNames,
) -> Result<TransformerSpec, ModelError> {
    if config.flag_or("add_cross_attention", false)? {
        return Err(config.unsupported("add_cross_attention", "; only plain decoders are"));
    }
    Ok(TransformerSpec {
        family: family(config)?,
        kind: ModelKind::Decoder,
        vocab_size: config.count("vocab_size")?,
        width,
        max_length: embedding.positions.map(|p| p.rows - p.offset),
        embedding,
        blocks,
        final_norm: Some(norm),
        weights,
    })
}

fn pre_norms(norm: Norm) -> BlockNorms {
    BlockNorms {
        attn_in: Some(norm),
        mlp_in: Some(norm),
        ..BlockNorms::default()
    }
}

fn learned_positions(rows: usize, offset: usize, width: usize) -> Embedding {
    Embedding {
        positions: Some(LearnedPositions {
            rows,
            offset,
            uncounted: None,
        }),
        ..embedding(width)
    }
}

/// GPT-2 (Radford et al. 2019).
pub(super) fn gpt2(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("n_embd")?;
    let heads = config.count("n_head")?;
    let head_width = config.even("n_head", width, heads)?;
    let norm = norm(config, "layer_norm_epsilon")?;
    let scaled = config.flag_or("scale_attn_weights", true)?;
    let by_block = config.flag_or("scale_attn_by_inverse_layer_idx", false)?;
    let plain = attention(heads, heads, head_width, QkvLayout::Stacked);
    let mlp = Mlp::Plain {
        width: config.count_or("n_inner", 4 * width)?,
        activation: activation(config, "activation_function", Activation::GeluTanh)?,
        bias: true,
    };
    let block = |i: usize| {
        let scale = if scaled { plain.scale } else { 1.0 };
        Block {
            norms: pre_norms(norm),
            attention: Attention {
                qkv_bias: true,
                out_bias: true,
                scale: scale / if by_block { (i + 1) as f64 } else { 1.0 },
                ..plain.clone()
            },
            mlp: mlp.clone(),
            parallel: false,
        }
    };
    let blocks = (0..config.blocks("n_layer")?).map(block).collect();
    let embedding = learned_positions(config.count("n_positions")?, 0, width);
    let weights = WeightNames {
        prefixes: &["", "transformer."],
        parts: GPT2_PARTS,
        transposed: true,
    };
    decoder(config, width, blocks, embedding, norm, weights)
}

/// GPT-Neo (Black et al. 2021): no scaling of the scores, every other block with a window.
pub(super) fn gpt_neo(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("hidden_size")?;
    let heads = config.count("num_heads")?;
    let head_width = config.even("num_heads", width, heads)?;
    let norm = norm(config, "layer_norm_epsilon")?;
    let n_blocks = config.blocks("num_layers")?;
    let window = config.count_or("window_size", 256)?;
    let mlp = Mlp::Plain {
        width: config.count_or("intermediate_size", 4 * width)?,
        activation: activation(config, "activation_function", Activation::GeluTanh)?,
        bias: true,
    };
    let kinds = config.texts("attention_layers", n_blocks)?;
    let kinds = match kinds {
        Some(kinds) => kinds,
        // The default of the architecture.
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
        Ok(Block {
            norms: pre_norms(norm),
            attention: Attention {
                out_bias: true,
                scale: 1.0,
                window: local,
                ..attention(heads, heads, head_width, QkvLayout::Separate)
            },
            mlp: mlp.clone(),
            parallel: false,
        })
    };
    let blocks = kinds.into_iter().map(block).collect::<Result<_, _>>()?;
    let embedding = learned_positions(config.count("max_position_embeddings")?, 0, width);
    let weights = WeightNames {
        prefixes: &["", "transformer."],
        parts: GPT_NEO_PARTS,
        transposed: false,
    };
    decoder(config, width, blocks, embedding, norm, weights)
}

/// GPT-J (Wang & Komatsuzaki 2021): rotary neighbours, parts in parallel after one norm.
pub(super) fn gptj(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("n_embd")?;
    let heads = config.count("n_head")?;
    let head_width = config.even("n_head", width, heads)?;
    let norm = norm(config, "layer_norm_epsilon")?;
    let rotated = config.count_or("rotary_dim", head_width)?;
    if rotated % 2 != 0 || rotated > head_width {
        return Err(config.bad("rotary_dim", "has to be even and within a head"));
    }
    let block = Block {
        norms: BlockNorms {
            attn_in: Some(norm),
            ..BlockNorms::default()
        },
        attention: Attention {
            rotary: Some(Rotary {
                width: rotated,
                base: 10_000.0,
                pairs: RotaryPairs::Neighbours,
                scaling: RotaryScaling::None,
            }),
            ..attention(heads, heads, head_width, QkvLayout::Separate)
        },
        mlp: Mlp::Plain {
            width: config.count_or("n_inner", 4 * width)?,
            activation: activation(config, "activation_function", Activation::GeluTanh)?,
            bias: true,
        },
        parallel: true,
    };
    let blocks = vec![block; config.blocks("n_layer")?];
    let weights = WeightNames {
        prefixes: &["", "transformer."],
        parts: GPTJ_PARTS,
        transposed: false,
    };
    let mut spec = decoder(config, width, blocks, embedding(width), norm, weights)?;
    spec.max_length = config.count_opt("n_positions")?;
    Ok(spec)
}

/// GPT-NeoX (Black et al. 2022, arXiv:2204.06745) and Pythia.
pub(super) fn gpt_neox(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("hidden_size")?;
    let heads = config.count("num_attention_heads")?;
    let head_width = config.even("num_attention_heads", width, heads)?;
    let norm = norm(config, "layer_norm_eps")?;
    let bias = config.flag_or("attention_bias", true)?;
    let rotary = RotaryReader {
        old_base: "rotary_emb_base",
        old_share: "rotary_pct",
        default_share: 0.25,
        ..RotaryReader::new(config, head_width)
    };
    let block = Block {
        norms: pre_norms(norm),
        attention: Attention {
            qkv_bias: bias,
            out_bias: bias,
            rotary: Some(rotary.read()?),
            ..attention(heads, heads, head_width, QkvLayout::Grouped)
        },
        mlp: Mlp::Plain {
            width: config.count("intermediate_size")?,
            activation: activation(config, "hidden_act", Activation::Gelu)?,
            bias: true,
        },
        parallel: config.flag_or("use_parallel_residual", true)?,
    };
    let blocks = vec![block; config.blocks("num_hidden_layers")?];
    let weights = WeightNames {
        prefixes: &["", "gpt_neox."],
        parts: GPT_NEOX_PARTS,
        transposed: false,
    };
    let mut spec = decoder(config, width, blocks, embedding(width), norm, weights)?;
    spec.max_length = config.count_opt("max_position_embeddings")?;
    Ok(spec)
}

/// OPT (Zhang et al. 2022, arXiv:2205.01068). The smallest but one is a post-norm model with a
/// narrower embedding.
pub(super) fn opt(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("hidden_size")?;
    let heads = config.count("num_attention_heads")?;
    let head_width = config.even("num_attention_heads", width, heads)?;
    if !config.flag_or("layer_norm_elementwise_affine", true)? {
        return Err(config.unsupported("layer_norm_elementwise_affine", "; only true is"));
    }
    let norm = norm(config, "layer_norm_eps")?;
    let before = config.flag_or("do_layer_norm_before", true)?;
    let bias = config.flag_or("enable_bias", true)?;
    let block = Block {
        norms: if before {
            pre_norms(norm)
        } else {
            BlockNorms {
                after_attn: Some(norm),
                after_mlp: Some(norm),
                ..BlockNorms::default()
            }
        },
        attention: Attention {
            qkv_bias: bias,
            out_bias: bias,
            ..attention(heads, heads, head_width, QkvLayout::Separate)
        },
        mlp: Mlp::Plain {
            width: config.count("ffn_dim")?,
            activation: activation(config, "activation_function", Activation::Relu)?,
            bias,
        },
        parallel: false,
    };
    let blocks = vec![block; config.blocks("num_hidden_layers")?];
    // The table of positions has two rows that no token gets.
    let rows = config.count("max_position_embeddings")? + 2;
    let mut embedding = learned_positions(rows, 2, width);
    embedding.width = config.count_or("word_embed_proj_dim", width)?;
    if embedding.width != width {
        embedding.projection = Some(Projection {
            bias: false,
            before_positions: true,
        });
    }
    let weights = WeightNames {
        prefixes: &["decoder.", "model.decoder.", ""],
        parts: OPT_PARTS,
        transposed: false,
    };
    let mut spec = decoder(config, width, blocks, embedding, norm, weights)?;
    if !before || config.flag_or("_remove_final_layer_norm", false)? {
        spec.final_norm = None;
    }
    Ok(spec)
}

/// Falcon (Almazrouei et al. 2023, arXiv:2311.16867), of either generation.
pub(super) fn falcon(config: &Config) -> Result<TransformerSpec, ModelError> {
    let width = config.count("hidden_size")?;
    let heads = config.count("num_attention_heads")?;
    let head_width = config.even("num_attention_heads", width, heads)?;
    let norm = norm(config, "layer_norm_epsilon")?;
    let new = config.flag_or("new_decoder_architecture", false)?;
    let parallel = config.flag_or("parallel_attn", true)?;
    let bias = config.flag_or("bias", false)?;
    let kv_heads = if new {
        config.count_or("num_kv_heads", heads)?
    } else if config.flag_or("multi_query", true)? {
        1
    } else {
        heads
    };
    config.even("num_kv_heads", heads, kv_heads)?;
    let alibi = config.flag_or("alibi", false)?;
    let two_norms = match config.count_opt("num_ln_in_parallel_attn")? {
        Some(n) => n == 2,
        None => new,
    };
    let own_mlp_norm = if new { two_norms } else { !parallel };
    let block = Block {
        norms: BlockNorms {
            attn_in: Some(norm),
            mlp_in: own_mlp_norm.then_some(norm),
            ..BlockNorms::default()
        },
        attention: Attention {
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
            ..attention(heads, kv_heads, head_width, QkvLayout::Grouped)
        },
        mlp: Mlp::Plain {
            width: config.count_or("ffn_hidden_size", 4 * width)?,
            activation: activation(config, "activation", Activation::Gelu)?,
            bias,
        },
        parallel: new || parallel,
    };
    let blocks = vec![block; config.blocks("num_hidden_layers")?];
    let weights = WeightNames {
        prefixes: &["", "transformer."],
        parts: FALCON_PARTS,
        transposed: false,
    };
    let mut spec = decoder(config, width, blocks, embedding(width), norm, weights)?;
    if !alibi {
        spec.max_length = Some(config.count_or("max_position_embeddings", 2048)?);
    }
    Ok(spec)
}
