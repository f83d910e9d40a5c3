//! Pre-norm decoders with LayerNorm, before Llama.

use mri_core::ModelKind;

use super::common::family;
use crate::engine::config::Config;
use crate::engine::error::ModelError;
use crate::engine::spec::{
    Block, LearnedPositions, Norm, NormKind, TokenEmbedding, TransformerSpec, WeightNames,
};

/// A LayerNorm with bias; `key` is the entry of its epsilon.
pub(super) fn layer_norm(config: &Config, key: &str) -> Result<Norm, ModelError> {
    Ok(Norm {
        kind: NormKind::Layer { bias: true },
        eps: config.epsilon_or(key, 1e-5)?,
    })
}

/// A pre-norm decoder of equal blocks.
pub(super) fn decoder(
    config: &Config,
    width: usize,
    blocks: Vec<Block>,
    embedding: TokenEmbedding,
    norm: Norm,
    weights: WeightNames,
) -> Result<TransformerSpec, ModelError> {
    if config.bool_or("add_cross_attention", false)? {
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
        tied: false,
        quantization: None,
        unread: Vec::new(),
    })
}

/// Token embeddings plus learned positions.
pub(super) fn learned_positions(rows: usize, offset: usize, width: usize) -> TokenEmbedding {
    TokenEmbedding {
        positions: Some(LearnedPositions {
            rows,
            offset,
            uncounted: None,
        }),
        ..TokenEmbedding::new(width)
    }
}
