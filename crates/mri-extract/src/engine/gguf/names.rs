//! The names of tensors, which most architectures share.

use crate::engine::spec::WeightRole;

pub(super) const NAMES: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "token_embd"),
    (WeightRole::Positions, "position_embd"),
    (WeightRole::TokenTypes, "token_types"),
    (WeightRole::EmbeddingNorm, "token_embd_norm"),
    (WeightRole::AttnIn, "blk.{}.attn_norm"),
    (WeightRole::Query, "blk.{}.attn_q"),
    (WeightRole::Key, "blk.{}.attn_k"),
    (WeightRole::Value, "blk.{}.attn_v"),
    (WeightRole::Qkv, "blk.{}.attn_qkv"),
    (WeightRole::QueryNorm, "blk.{}.attn_q_norm"),
    (WeightRole::KeyNorm, "blk.{}.attn_k_norm"),
    (WeightRole::Output, "blk.{}.attn_output"),
    (WeightRole::AttnOut, "blk.{}.post_attention_norm"),
    (WeightRole::AfterAttn, "blk.{}.attn_output_norm"),
    (WeightRole::MlpIn, "blk.{}.ffn_norm"),
    (WeightRole::Gate, "blk.{}.ffn_gate"),
    (WeightRole::Up, "blk.{}.ffn_up"),
    (WeightRole::GateUp, "blk.{}.ffn_up"),
    (WeightRole::Down, "blk.{}.ffn_down"),
    (WeightRole::Router, "blk.{}.ffn_gate_inp"),
    // The experts in one tensor, and as they were stored at first.
    (WeightRole::ExpertGate, "blk.{}.ffn_gate_exps"),
    (WeightRole::ExpertGate, "blk.{}.ffn_gate.{e}"),
    (WeightRole::ExpertUp, "blk.{}.ffn_up_exps"),
    (WeightRole::ExpertUp, "blk.{}.ffn_up.{e}"),
    (WeightRole::ExpertDown, "blk.{}.ffn_down_exps"),
    (WeightRole::ExpertDown, "blk.{}.ffn_down.{e}"),
    (WeightRole::MlpOut, "blk.{}.post_ffw_norm"),
    (WeightRole::AfterMlp, "blk.{}.layer_output_norm"),
    (WeightRole::FinalNorm, "output_norm"),
];

/// With two norms per block, the first one is the MLP's.
pub(super) const FALCON_NAMES: &[(WeightRole, &str)] = &[
    (WeightRole::Tokens, "token_embd"),
    (WeightRole::AttnIn, "blk.{}.attn_norm_2"),
    (WeightRole::AttnIn, "blk.{}.attn_norm"),
    (WeightRole::Qkv, "blk.{}.attn_qkv"),
    (WeightRole::Output, "blk.{}.attn_output"),
    (WeightRole::MlpIn, "blk.{}.attn_norm"),
    (WeightRole::Up, "blk.{}.ffn_up"),
    (WeightRole::Down, "blk.{}.ffn_down"),
    (WeightRole::FinalNorm, "output_norm"),
];
