//! Qwen 2 and 3.

use super::common::activation;
use super::llama::{
    LLAMA_WEIGHTS, LlamaBase, RMS, default_head_width, experts_per_token, with_windows,
};
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{Activation, Block, Mlp, TransformerSpec};

/// Which blocks have a sliding window if `layer_types` is missing.
fn qwen_window(config: &Config) -> Result<impl Fn(usize) -> bool, ModelError> {
    let used = config.bool_or("use_sliding_window", false)?;
    let first = config.u32_opt("max_window_layers")?.unwrap_or(28) as usize;
    Ok(move |i| used && i >= first)
}

/// Qwen 2 and 2.5 (Yang et al. 2024, arXiv:2407.10671): biases on queries, keys and values.
pub(super) fn qwen2(config: &Config) -> Result<TransformerSpec, ModelError> {
    let base = LlamaBase::read(config, RMS, "rms_norm_eps")?;
    let mut block = base.block(base.gated()?)?;
    // Some files state the bias that the family always has.
    config.get("attention_bias");
    block.attention.qkv_bias = true;
    let blocks = with_windows(config, &block, base.n_blocks, qwen_window(config)?)?;
    base.spec(blocks, LLAMA_WEIGHTS)
}

/// A block with Qwen 3's attention.
fn qwen3_block(base: &LlamaBase<'_>, mlp: Mlp) -> Result<Block, ModelError> {
    let mut block = base.block(mlp)?;
    let bias = base.config.bool_or("attention_bias", false)?;
    (block.attention.qkv_bias, block.attention.out_bias) = (bias, bias);
    block.attention.qk_norm = Some(base.head_norm());
    Ok(block)
}

/// Qwen 3 (Yang et al. 2025, arXiv:2505.09388): norms of queries and keys.
pub(super) fn qwen3(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut base = LlamaBase::read(config, RMS, "rms_norm_eps")?;
    default_head_width(&mut base, 128)?;
    let block = qwen3_block(&base, base.gated()?)?;
    let blocks = with_windows(config, &block, base.n_blocks, qwen_window(config)?)?;
    base.spec(blocks, LLAMA_WEIGHTS)
}

/// Qwen 3 with a mixture of experts.
pub(super) fn qwen3_moe(config: &Config) -> Result<TransformerSpec, ModelError> {
    let base = LlamaBase::read(config, RMS, "rms_norm_eps")?;
    let count = match config.count_opt("num_experts")? {
        Some(count) => count,
        None => config.count_or("num_local_experts", 128)?,
    };
    let experts = Mlp::Experts {
        count,
        per_token: experts_per_token(config, count, 8)?,
        width: config.count_or("moe_intermediate_size", 768)?,
        activation: activation(config, "hidden_act", Activation::Silu)?,
        normalized: config.bool_or("norm_topk_prob", false)?,
    };
    let step = config.count_or("decoder_sparse_step", 1)?;
    let dense = config.indices("mlp_only_layers")?;
    let sparse_block = qwen3_block(&base, experts)?;
    let dense_block = qwen3_block(&base, base.gated()?)?;
    let window = qwen_window(config)?;
    let sparse = with_windows(config, &sparse_block, base.n_blocks, &window)?;
    let plain = with_windows(config, &dense_block, base.n_blocks, &window)?;
    let pairs = sparse.into_iter().zip(plain).enumerate();
    let blocks = pairs.map(|(i, (sparse, plain))| {
        if dense.contains(&i) || (i + 1) % step != 0 {
            plain
        } else {
            sparse
        }
    });
    base.spec(blocks.collect(), LLAMA_WEIGHTS)
}
