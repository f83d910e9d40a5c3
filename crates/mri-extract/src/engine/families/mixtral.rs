//! Mixtral.

use super::common::activation;
use super::llama::{LlamaBase, RMS, experts_per_token, with_windows};
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{Activation, Mlp, TransformerSpec, WeightRole};

const MIXTRAL_WEIGHTS: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "embed_tokens"),
    (WeightRole::AttnIn, "layers.{}.input_layernorm"),
    (WeightRole::Query, "layers.{}.self_attn.q_proj"),
    (WeightRole::Key, "layers.{}.self_attn.k_proj"),
    (WeightRole::Value, "layers.{}.self_attn.v_proj"),
    (WeightRole::Output, "layers.{}.self_attn.o_proj"),
    (WeightRole::MlpIn, "layers.{}.post_attention_layernorm"),
    (WeightRole::Router, "layers.{}.block_sparse_moe.gate"),
    (
        WeightRole::ExpertGate,
        "layers.{}.block_sparse_moe.experts.{e}.w1",
    ),
    (
        WeightRole::ExpertUp,
        "layers.{}.block_sparse_moe.experts.{e}.w3",
    ),
    (
        WeightRole::ExpertDown,
        "layers.{}.block_sparse_moe.experts.{e}.w2",
    ),
    (WeightRole::FinalNorm, "norm"),
];

/// Mixtral (Jiang et al. 2024, arXiv:2401.04088).
pub(super) fn mixtral(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut base = LlamaBase::read(config, RMS, "rms_norm_eps")?;
    base.norm.eps = config.epsilon_or("rms_norm_eps", 1e-5)?;
    base.rotary.default_base = 1e6;
    let count = config.count_or("num_local_experts", 8)?;
    let block = base.block(Mlp::Experts {
        count,
        per_token: experts_per_token(config, count, 2)?,
        width: config.count("intermediate_size")?,
        activation: activation(config, "hidden_act", Activation::Silu)?,
        normalized: true,
    })?;
    let blocks = with_windows(config, &block, base.n_blocks, |_| true)?;
    base.spec(blocks, MIXTRAL_WEIGHTS)
}
