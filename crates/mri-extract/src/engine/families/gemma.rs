//! Gemma 1 to 3: Llama's kin with a scaled embedding and norms that are stored less one.

use super::llama::{Base, LLAMA_PARTS, default_head_width, with_windows};
use super::rotary::RotaryReader;
use super::{SLIDING, activation, sliding_blocks};
use crate::engine::ModelError;
use crate::engine::config::Config;
use crate::engine::rotary::RotaryScaling;
use crate::engine::spec::{Activation, Block, Mlp, NormKind, Part, TransformerSpec};

/// Norms before and after each part.
const GEMMA2_PARTS: &[(Part, &str)] = &[
    (Part::Tokens, "embed_tokens"),
    (Part::AttnIn, "layers.{}.input_layernorm"),
    (Part::Query, "layers.{}.self_attn.q_proj"),
    (Part::Key, "layers.{}.self_attn.k_proj"),
    (Part::Value, "layers.{}.self_attn.v_proj"),
    (Part::QueryNorm, "layers.{}.self_attn.q_norm"),
    (Part::KeyNorm, "layers.{}.self_attn.k_norm"),
    (Part::Output, "layers.{}.self_attn.o_proj"),
    (Part::AttnOut, "layers.{}.post_attention_layernorm"),
    (Part::MlpIn, "layers.{}.pre_feedforward_layernorm"),
    (Part::Gate, "layers.{}.mlp.gate_proj"),
    (Part::Up, "layers.{}.mlp.up_proj"),
    (Part::Down, "layers.{}.mlp.down_proj"),
    (Part::MlpOut, "layers.{}.post_feedforward_layernorm"),
    (Part::FinalNorm, "norm"),
];

const GEMMA_RMS: NormKind = NormKind::Rms { one_plus: true };

/// The gated part of Gemma; `key` is the entry that names the activation.
fn gemma_mlp(config: &Config, key: &str) -> Result<Mlp, ModelError> {
    Ok(Mlp::Gated {
        width: config.count("intermediate_size")?,
        activation: activation(config, key, Activation::GeluTanh)?,
        bias: false,
        stacked: false,
    })
}

/// Gemma (Mesnard et al. 2024, arXiv:2403.08295): a scaled embedding, wide heads.
pub(super) fn gemma(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut base = Base::read_with_head(config, GEMMA_RMS, 256)?;
    base.attention.qkv_bias = config.flag_or("attention_bias", false)?;
    base.attention.out_bias = base.attention.qkv_bias;
    let block = base.block(gemma_mlp(config, "hidden_act")?)?;
    let blocks = vec![block; base.n_blocks];
    scaled(base.spec(blocks, LLAMA_PARTS)?)
}

/// Gemma 2 (Rivière et al. 2024, arXiv:2408.00118): norms around both parts, capped scores.
pub(super) fn gemma2(config: &Config) -> Result<TransformerSpec, ModelError> {
    let base = Base::read_with_head(config, GEMMA_RMS, 256)?;
    let block = gemma2_block(&base)?;
    let mut blocks = with_windows(config, &block, base.n_blocks, |i| i % 2 == 0)?;
    // Configurations before `layer_types` may leave the cap to the family.
    let cap = match config.get("attn_logit_softcapping") {
        None if config.get("layer_types").is_none() => Some(50.0),
        _ => config.float_opt("attn_logit_softcapping")?,
    };
    for block in &mut blocks {
        block.attention.softcap = cap;
    }
    scaled(base.spec(blocks, GEMMA2_PARTS)?)
}

/// Gemma 3's text model (Kamath et al. 2025, arXiv:2503.19786): norms of queries and keys, other
/// frequencies for the blocks with a window.
pub(super) fn gemma3(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut base = Base::read_with_head(config, GEMMA_RMS, 256)?;
    let softcap = config.float_opt("attn_logit_softcapping")?;
    let every = config.count_or("sliding_window_pattern", 6)?;
    base.rotary.default_base = 1e6;
    base.rotary.layer_type = Some("full_attention");
    let mut block = gemma2_block(&base)?;
    block.attention.qk_norm = Some(base.head_norm());
    block.attention.softcap = softcap;
    let mut blocks = with_windows(config, &block, base.n_blocks, |i| (i + 1) % every != 0)?;
    let mut local = RotaryReader {
        layer_type: Some(SLIDING),
        old_base: "rope_local_base_freq",
        ..RotaryReader::new(config, base.attention.head_width)
    }
    .read()?;
    if config.get("rope_parameters").is_none() {
        // In the older spelling the scaling is about the blocks without a window only.
        local.scaling = RotaryScaling::None;
    }
    for (block, sliding) in blocks
        .iter_mut()
        .zip(sliding_blocks(config, base.n_blocks, |i| {
            (i + 1) % every != 0
        })?)
    {
        if sliding {
            block.attention.rotary = Some(local.clone());
        }
    }
    scaled(base.spec(blocks, GEMMA2_PARTS)?)
}

impl<'a> Base<'a> {
    /// For families with a width of heads that does not follow from the others.
    fn read_with_head(
        config: &'a Config,
        kind: NormKind,
        default: usize,
    ) -> Result<Self, ModelError> {
        let mut base = Self::read(config, kind, "rms_norm_eps")?;
        default_head_width(&mut base, default)?;
        Ok(base)
    }
}

fn gemma2_block(base: &Base<'_>) -> Result<Block, ModelError> {
    let config = base.config;
    let scale = config.float_or("query_pre_attn_scalar", 256.0)?;
    if scale <= 0.0 {
        return Err(config.bad("query_pre_attn_scalar", "has to be positive"));
    }
    let mut block = base.block(gemma_mlp(config, "hidden_activation")?)?;
    block.attention.scale = 1.0 / scale.sqrt();
    block.attention.qkv_bias = config.flag_or("attention_bias", false)?;
    block.attention.out_bias = block.attention.qkv_bias;
    block.norms.attn_out = Some(base.norm);
    block.norms.mlp_out = Some(base.norm);
    Ok(block)
}

/// Gemma multiplies token embeddings by the square root of their width.
fn scaled(mut spec: TransformerSpec) -> Result<TransformerSpec, ModelError> {
    spec.embedding.scale = Some((spec.width as f64).sqrt());
    Ok(spec)
}
