//! Gemma 1 to 3: Llama with a scaled embedding and norms whose weights are stored minus one.

use super::common::{SLIDING, activation, sliding_blocks};
use super::llama::{LLAMA_WEIGHTS, LlamaBase, default_head_width, with_windows};
use super::rotary::RotaryReader;
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{
    Activation, Block, Mlp, NormKind, RotaryScaling, TransformerSpec, WeightRole,
};

/// Norms before and after attention and MLP.
const GEMMA2_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embed_tokens"),
    (WeightRole::AttnIn, "layers.{}.input_layernorm"),
    (WeightRole::Query, "layers.{}.self_attn.q_proj"),
    (WeightRole::Key, "layers.{}.self_attn.k_proj"),
    (WeightRole::Value, "layers.{}.self_attn.v_proj"),
    (WeightRole::QueryNorm, "layers.{}.self_attn.q_norm"),
    (WeightRole::KeyNorm, "layers.{}.self_attn.k_norm"),
    (WeightRole::Output, "layers.{}.self_attn.o_proj"),
    (WeightRole::AttnOut, "layers.{}.post_attention_layernorm"),
    (WeightRole::MlpIn, "layers.{}.pre_feedforward_layernorm"),
    (WeightRole::Gate, "layers.{}.mlp.gate_proj"),
    (WeightRole::Up, "layers.{}.mlp.up_proj"),
    (WeightRole::Down, "layers.{}.mlp.down_proj"),
    (WeightRole::MlpOut, "layers.{}.post_feedforward_layernorm"),
    (WeightRole::FinalNorm, "norm"),
];

const GEMMA_RMS: NormKind = NormKind::Rms { one_plus: true };

/// Gemma's MLP; `key` is the entry that names the activation function.
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
    let mut base = LlamaBase::read_with_head(config, GEMMA_RMS, 256)?;
    base.attention.qkv_bias = config.bool_or("attention_bias", false)?;
    base.attention.out_bias = base.attention.qkv_bias;
    let mut mlp = gemma_mlp(config, "hidden_act")?;
    if let Mlp::Gated { activation, .. } = &mut mlp
        && *activation == Activation::Gelu
    {
        // The first releases say "gelu" and were trained with its tanh approximation.
        *activation = Activation::GeluTanh;
    }
    // Ignored by transformers too, in favor of `hidden_act`.
    config.get("hidden_activation");
    let block = base.block(mlp)?;
    let blocks = vec![block; base.n_blocks];
    scaled(base.spec(blocks, LLAMA_WEIGHTS)?)
}

/// Gemma 2 (Rivière et al. 2024, arXiv:2408.00118): norms before and after
/// attention and MLP, soft-capped scores.
pub(super) fn gemma2(config: &Config) -> Result<TransformerSpec, ModelError> {
    let base = LlamaBase::read_with_head(config, GEMMA_RMS, 256)?;
    let block = gemma2_block(&base)?;
    let mut blocks = with_windows(config, &block, base.n_blocks, |i| i % 2 == 0)?;
    // Configurations older than `layer_types` may omit the family's default.
    let cap = match config.get("attn_logit_softcapping") {
        None if config.get("layer_types").is_none() => Some(50.0),
        _ => config.positive_opt("attn_logit_softcapping")?,
    };
    for block in &mut blocks {
        block.attention.softcap = cap;
    }
    scaled(base.spec(blocks, GEMMA2_WEIGHTS)?)
}

/// Gemma 3's text model (Kamath et al. 2025, arXiv:2503.19786): norms of queries and keys,
/// other rotary frequencies in blocks with a sliding window.
pub(super) fn gemma3(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut base = LlamaBase::read_with_head(config, GEMMA_RMS, 256)?;
    let softcap = config.positive_opt("attn_logit_softcapping")?;
    let every = config.count_or("sliding_window_pattern", 6)?;
    let both_ways = config.bool_or("use_bidirectional_attention", false)?;
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
        // `rope_scaling`, the older entry, applies to blocks without a window only.
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
        if both_ways {
            // The window is then that of both sides together.
            block.attention.causal = false;
            block.attention.window = block.attention.window.map(|window| window / 2 + 1);
        }
    }
    scaled(base.spec(blocks, GEMMA2_WEIGHTS)?)
}

impl<'a> LlamaBase<'a> {
    /// Reads the base of a family whose head width is independent of the model's width.
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

fn gemma2_block(base: &LlamaBase<'_>) -> Result<Block, ModelError> {
    let config = base.config;
    let scale = config
        .positive_opt("query_pre_attn_scalar")?
        .unwrap_or(256.0);
    if scale <= 0.0 {
        return Err(config.bad("query_pre_attn_scalar", "has to be positive"));
    }
    // The older entry, which transformers does not read here.
    config.get("hidden_act");
    let mut block = base.block(gemma_mlp(config, "hidden_activation")?)?;
    block.attention.scale = 1.0 / scale.sqrt();
    block.attention.qkv_bias = config.bool_or("attention_bias", false)?;
    block.attention.out_bias = block.attention.qkv_bias;
    block.norms.attn_out = Some(base.norm);
    block.norms.mlp_out = Some(base.norm);
    Ok(block)
}

/// Scales token embeddings by the square root of their width.
fn scaled(mut spec: TransformerSpec) -> Result<TransformerSpec, ModelError> {
    spec.embedding.scale = Some((spec.width as f64).sqrt());
    Ok(spec)
}
