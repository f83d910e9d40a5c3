//! Granite.

use super::llama::{LLAMA_WEIGHTS, LlamaBase, RMS};
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::TransformerSpec;

/// Granite 3 (Granite team 2024): Llama with factors on the token embeddings, the attention scores
/// and what every branch adds to the residual stream. `logits_scaling` has no effect on states.
pub(super) fn granite(config: &Config) -> Result<TransformerSpec, ModelError> {
    let mut base = LlamaBase::read(config, RMS, "rms_norm_eps")?;
    base.attention.scale = config.float_or("attention_multiplier", 1.0)?;
    let mut block = base.biased_block()?;
    block.residual_scale = Some(config.float_or("residual_multiplier", 1.0)?);
    let blocks = vec![block; base.n_blocks];
    let mut spec = base.spec(blocks, LLAMA_WEIGHTS)?;
    spec.embedding.scale = Some(config.float_or("embedding_multiplier", 1.0)?);
    Ok(spec)
}
