//! StableLM 2.

use super::llama::LlamaBase;
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{Norm, NormKind, QkNorm, QkNormOver, TransformerSpec, WeightRole};

const STABLELM_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embed_tokens"),
    (WeightRole::AttnIn, "layers.{}.input_layernorm"),
    (WeightRole::Query, "layers.{}.self_attn.q_proj"),
    (WeightRole::Key, "layers.{}.self_attn.k_proj"),
    (WeightRole::Value, "layers.{}.self_attn.v_proj"),
    (
        WeightRole::QueryNorm,
        "layers.{}.self_attn.q_layernorm.norms.{h}",
    ),
    (
        WeightRole::KeyNorm,
        "layers.{}.self_attn.k_layernorm.norms.{h}",
    ),
    (WeightRole::Output, "layers.{}.self_attn.o_proj"),
    (WeightRole::MlpIn, "layers.{}.post_attention_layernorm"),
    (WeightRole::Gate, "layers.{}.mlp.gate_proj"),
    (WeightRole::Up, "layers.{}.mlp.up_proj"),
    (WeightRole::Down, "layers.{}.mlp.down_proj"),
    (WeightRole::FinalNorm, "norm"),
];

/// StableLM 2 (Bellagente et al. 2024, arXiv:2402.17834).
pub(super) fn stablelm(config: &Config) -> Result<TransformerSpec, ModelError> {
    let layer = NormKind::Layer { bias: true };
    let mut base = LlamaBase::read(config, layer, "layer_norm_eps")?;
    base.norm.eps = config.epsilon_or("layer_norm_eps", 1e-5)?;
    base.rotary.default_fraction = 0.25;
    let mut block = base.block(base.gated()?)?;
    block.attention.qkv_bias = config.bool_or("use_qkv_bias", false)?;
    if config.bool_or("qk_layernorm", false)? {
        block.attention.qk_norm = Some(QkNorm {
            norm: Norm {
                kind: NormKind::Layer { bias: false },
                ..base.norm
            },
            over: QkNormOver::EachHead,
        });
    }
    if config.bool_or("use_parallel_residual", false)? {
        block.parallel = true;
        block.norms.mlp_in = None;
    }
    let blocks = vec![block; base.n_blocks];
    base.spec(blocks, STABLELM_WEIGHTS)
}
