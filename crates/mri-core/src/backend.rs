use ndarray::Array2;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::batch::TokenBatch;
use crate::layer::Layer;
use crate::model::ModelInfo;
use crate::pooling::Pooling;

/// An inference engine whose layers can be recorded.
///
/// A backend receives texts as token ids without padding. It may pad, pack or mask them as it
/// likes, with one rule: **the row of a text does not depend on its neighbors in the batch**.
/// Pooling happens inside the backend, so that token states never leave the device.
///
/// Every implementation should pass `conformance::BackendSuite` (feature `conformance`).
pub trait Backend {
    /// What the model is and what can be recorded from it.
    fn model(&self) -> &ModelInfo;

    /// How many tokens, padding counted, a batch should have: enough for the engine's full speed,
    /// and few enough for the memory of its device. Callers may ask for fewer or more.
    ///
    /// The number should be the same each time the model is loaded on a machine, since it decides
    /// the last bits of what is recorded.
    fn tokens_per_batch(&self) -> usize {
        // On a CPU some thousand tokens keep every core busy, with some hundred MB of states.
        8_192
    }

    /// Runs the model on a batch and returns one matrix per entry of `capture.layers`, in that
    /// order. Each has one row per text of the batch in the batch's order, except under
    /// [`Pooling::Tokens`], where it has one row per token, texts one after the other.
    ///
    /// # Errors
    /// [`BackendError`]: a token outside the vocabulary, a text longer than the model takes or
    /// without any token, a layer the model lacks, or what the engine itself reports.
    fn forward(
        &mut self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, BackendError>;
}

/// What to record during a forward pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// The layers, in the order in which their matrices are returned.
    pub layers: Vec<Layer>,
    /// How token states become rows; the same for every layer.
    pub pooling: Pooling,
    /// Whether the last residual layer of a pre-norm model is taken after the final norm, as
    /// transformers' `hidden_states` do (`true`), or as the bare residual stream (`false`).
    pub final_norm: bool,
}

/// Why a forward pass could not be done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackendError {
    /// A text of the batch has no token.
    #[error("text {text} of the batch has no tokens; a model needs at least one")]
    EmptyText {
        /// Its place in the batch, counted from 0.
        text: usize,
    },
    /// A text has more tokens than the model takes.
    #[error(
        "text {text} of the batch has {tokens} tokens, but the model takes at most {limit}; truncate it first"
    )]
    TextTooLong {
        /// Its place in the batch.
        text: usize,
        /// Its tokens.
        tokens: usize,
        /// The model's limit.
        limit: usize,
    },
    /// A token id is not in the model's vocabulary.
    #[error(
        "text {text} of the batch has token id {id}, but the model's vocabulary has {vocab_size} entries; was it tokenized for another model?"
    )]
    UnknownToken {
        /// Its place in the batch.
        text: usize,
        /// The id.
        id: u32,
        /// The size of the vocabulary.
        vocab_size: usize,
    },
    /// The model has no such layer, or the engine cannot record it.
    #[error(
        "the model has no layer {layer} that can be recorded; its residual layers are resid.00 to resid.{n_blocks:02}"
    )]
    UnknownLayer {
        /// The layer.
        layer: Layer,
        /// The number of blocks of the model.
        n_blocks: usize,
    },
    /// [`Pooling::Position`] is past the end of a text.
    #[error(
        "text {text} of the batch has {tokens} tokens, so there is no token at position {position}"
    )]
    PositionPastEnd {
        /// Its place in the batch.
        text: usize,
        /// Its tokens.
        tokens: usize,
        /// The position of the pooling.
        position: usize,
    },
    /// What the engine itself reports.
    #[error("{engine}: {source}")]
    Engine {
        /// The engine's name.
        engine: &'static str,
        /// Its own error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl TokenBatch {
    /// Checks a batch and a capture against a model, for use at the start of
    /// [`Backend::forward`].
    ///
    /// # Errors
    /// The first one found.
    pub fn check(&self, model: &ModelInfo, capture: &Capture) -> Result<(), BackendError> {
        for &layer in &capture.layers {
            if model.layer_width(layer).is_none() {
                return Err(BackendError::UnknownLayer {
                    layer,
                    n_blocks: model.n_blocks,
                });
            }
        }
        for (text, ids) in self.iter().enumerate() {
            let tokens = ids.len();
            if tokens == 0 {
                return Err(BackendError::EmptyText { text });
            }
            if let Some(limit) = model.max_length.filter(|&limit| tokens > limit) {
                return Err(BackendError::TextTooLong {
                    text,
                    tokens,
                    limit,
                });
            }
            if let Some(&id) = ids.iter().find(|&&id| id as usize >= model.vocab_size) {
                return Err(BackendError::UnknownToken {
                    text,
                    id,
                    vocab_size: model.vocab_size,
                });
            }
            if let Pooling::Position(position) = capture.pooling
                && position >= tokens
            {
                return Err(BackendError::PositionPastEnd {
                    text,
                    tokens,
                    position,
                });
            }
        }
        Ok(())
    }
}
