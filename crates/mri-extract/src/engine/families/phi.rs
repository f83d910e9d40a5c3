//! Phi.

use super::common::activation;
use super::llama::{LlamaBase, RMS, with_windows};
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{Activation, Mlp, NormKind, QkvLayout, TransformerSpec, WeightRole};

const PHI_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embed_tokens"),
    (WeightRole::AttnIn, "layers.{}.input_layernorm"),
    (WeightRole::Query, "layers.{}.self_attn.q_proj"),
    (WeightRole::Key, "layers.{}.self_attn.k_proj"),
    (WeightRole::Value, "layers.{}.self_attn.v_proj"),
    (WeightRole::QueryNorm, "layers.{}.self_attn.q_layernorm"),
    (WeightRole::KeyNorm, "layers.{}.self_attn.k_layernorm"),
    (WeightRole::Output, "layers.{}.self_attn.dense"),
    (WeightRole::Up, "layers.{}.mlp.fc1"),
    (WeightRole::Down, "layers.{}.mlp.fc2"),
    (WeightRole::FinalNorm, "final_layernorm"),
];

const PHI3_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embed_tokens"),
    (WeightRole::AttnIn, "layers.{}.input_layernorm"),
    (WeightRole::Qkv, "layers.{}.self_attn.qkv_proj"),
    (WeightRole::Output, "layers.{}.self_attn.o_proj"),
    (WeightRole::MlpIn, "layers.{}.post_attention_layernorm"),
    (WeightRole::GateUp, "layers.{}.mlp.gate_up_proj"),
    (WeightRole::Down, "layers.{}.mlp.down_proj"),
    (WeightRole::FinalNorm, "norm"),
];

/// Phi 1 to 2 (Li et al. 2023, arXiv:2309.05463): attention and MLP in
/// parallel after a shared norm.
pub(super) fn phi(config: &Config) -> Result<TransformerSpec, ModelError> {
    let layer = NormKind::Layer { bias: true };
    let mut base = LlamaBase::read(config, layer, "layer_norm_eps")?;
    base.norm.eps = config.epsilon_or("layer_norm_eps", 1e-5)?;
    base.rotary.default_fraction = 0.5;
    let mut block = base.block(Mlp::Plain {
        width: config.count("intermediate_size")?,
        activation: activation(config, "hidden_act", Activation::GeluTanh)?,
        bias: true,
    })?;
    block.norms.mlp_in = None;
    block.parallel = true;
    (block.attention.qkv_bias, block.attention.out_bias) = (true, true);
    if config.bool_or("qk_layernorm", false)? {
        block.attention.qk_norm = Some(base.head_norm());
    }
    let blocks = vec![block; base.n_blocks];
    base.spec(blocks, PHI_WEIGHTS)
}

/// Phi 3 and 4 (Abdin et al. 2024, arXiv:2404.14219): fused QKV and gate-up
/// matrices, LongRoPE.
pub(super) fn phi3(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut base = LlamaBase::read(config, RMS, "rms_norm_eps")?;
    base.norm.eps = config.epsilon_or("rms_norm_eps", 1e-5)?;
    base.attention.layout = QkvLayout::Stacked;
    let mut mlp = base.gated()?;
    if let Mlp::Gated { stacked, .. } = &mut mlp {
        *stacked = true;
    }
    let block = base.block(mlp)?;
    let blocks = with_windows(config, &block, base.n_blocks, |_| true)?;
    base.spec(blocks, PHI3_WEIGHTS)
}
