//! OLMo 2.

use super::llama::{LlamaBase, RMS};
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{BlockNorms, QkNorm, QkNormOver, TransformerSpec, WeightRole};

/// Norms after attention and MLP only.
const OLMO2_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embed_tokens"),
    (WeightRole::Query, "layers.{}.self_attn.q_proj"),
    (WeightRole::Key, "layers.{}.self_attn.k_proj"),
    (WeightRole::Value, "layers.{}.self_attn.v_proj"),
    (WeightRole::QueryNorm, "layers.{}.self_attn.q_norm"),
    (WeightRole::KeyNorm, "layers.{}.self_attn.k_norm"),
    (WeightRole::Output, "layers.{}.self_attn.o_proj"),
    (WeightRole::AttnOut, "layers.{}.post_attention_layernorm"),
    (WeightRole::Gate, "layers.{}.mlp.gate_proj"),
    (WeightRole::Up, "layers.{}.mlp.up_proj"),
    (WeightRole::Down, "layers.{}.mlp.down_proj"),
    (WeightRole::MlpOut, "layers.{}.post_feedforward_layernorm"),
    (WeightRole::FinalNorm, "norm"),
];

/// OLMo 2 (OLMo et al. 2024, arXiv:2501.00656): norms of the outputs of attention
/// and MLP.
pub(super) fn olmo2(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut base = LlamaBase::read(config, RMS, "rms_norm_eps")?;
    base.norm.eps = config.epsilon_or("rms_norm_eps", 1e-5)?;
    let mut block = base.block(base.gated()?)?;
    let bias = config.bool_or("attention_bias", false)?;
    (block.attention.qkv_bias, block.attention.out_bias) = (bias, bias);
    block.attention.qk_norm = Some(QkNorm {
        norm: base.norm,
        over: QkNormOver::AllHeads,
    });
    block.norms = BlockNorms {
        attn_out: Some(base.norm),
        mlp_out: Some(base.norm),
        ..BlockNorms::default()
    };
    let blocks = vec![block; base.n_blocks];
    base.spec(blocks, OLMO2_WEIGHTS)
}
