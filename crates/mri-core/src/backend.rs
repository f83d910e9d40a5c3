use std::fmt;
use std::str::FromStr;

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Layer, Site, UnknownName};

/// An inference engine whose layers can be recorded.
///
/// A backend receives texts as token ids without any padding. How it pads, packs or masks them is
/// its own affair, with one rule: **the row of a text does not depend on its neighbours in the
/// batch**. Pooling happens inside the backend, so that token states never leave the device.
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

/// What a model is: its size, its limits and the way it reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// A name to show, such as the folder's or the hub id.
    pub name: String,
    /// The architecture, as `model_type` in `config.json` calls it.
    pub family: String,
    /// Whether texts are read in both directions or from left to right.
    pub kind: ModelKind,
    /// The number of transformer blocks; the residual stream has one layer more.
    pub n_blocks: usize,
    /// The width of the residual stream.
    pub width: usize,
    /// The number of neurons per block ([`Site::MlpAct`]); `None` where they cannot be recorded.
    pub mlp_width: Option<usize>,
    /// The sites that the engine can record for this model.
    pub sites: Vec<Site>,
    /// Token ids are below this number.
    pub vocab_size: usize,
    /// The longest text the model takes, in tokens; `None` where there is no limit.
    pub max_length: Option<usize>,
}

impl ModelInfo {
    /// All layers of a site, in order; empty where the site cannot be recorded.
    #[must_use]
    pub fn layers(&self, site: Site) -> Vec<Layer> {
        if !self.sites.contains(&site) {
            return Vec::new();
        }
        (site.first_index()..=self.n_blocks)
            .map(|index| Layer { site, index })
            .collect()
    }

    /// The columns of a layer's matrix, or `None` if this model does not have that layer.
    #[must_use]
    pub fn layer_width(&self, layer: Layer) -> Option<usize> {
        let exists = self.sites.contains(&layer.site)
            && (layer.site.first_index()..=self.n_blocks).contains(&layer.index);
        match layer.site {
            _ if !exists => None,
            Site::MlpAct => self.mlp_width,
            Site::Resid | Site::AttnOut | Site::MlpOut => Some(self.width),
        }
    }
}

/// In which direction a model reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Every token sees every other (BERT and its kin).
    Encoder,
    /// Every token sees only those before it (GPT, Llama and their kin).
    Decoder,
}

/// How the token states of a text become one row.
///
/// Pools run over the real tokens of the text, special tokens included, padding never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Pooling {
    /// The first token: `[CLS]` for encoders.
    First,
    /// The last token: the only one of a causal decoder that has seen the whole text.
    Last,
    /// The mean over the tokens, summed in `f32` or better.
    Mean,
    /// The maximum over the tokens, per column.
    Max,
    /// The token at this position, counted from 0. A text that is too short is an error.
    Position(usize),
    /// No pooling: every token is a row.
    Tokens,
}

impl Pooling {
    /// What suits a model: [`Pooling::First`] for encoders, [`Pooling::Last`] for decoders.
    ///
    /// The first token of a decoder has seen nothing of the text; where it is a fixed
    /// beginning-of-text token, its states are the same for every text.
    #[must_use]
    pub fn default_for(kind: ModelKind) -> Self {
        match kind {
            ModelKind::Encoder => Self::First,
            ModelKind::Decoder => Self::Last,
        }
    }

    /// The row (counted from 0) of the one token that is picked from a text of `length` tokens.
    /// `None` where pooling takes more than one token, or where the position is past the end.
    #[must_use]
    pub fn picks(self, length: usize) -> Option<usize> {
        match self {
            Self::First => (length > 0).then_some(0),
            Self::Last => length.checked_sub(1),
            Self::Position(i) => (i < length).then_some(i),
            Self::Mean | Self::Max | Self::Tokens => None,
        }
    }

    /// The rows that this pooling makes of the states of one text, for engines whose states lie in
    /// ordinary memory.
    ///
    /// `states` has shape (tokens, width). The result has shape (1, width), or that of `states` for
    /// [`Pooling::Tokens`]; it is `None` where there is no such token ([`TokenBatch::check`] refuses
    /// such a text).
    ///
    /// ```
    /// # use mri_core::Pooling;
    /// # use ndarray::array;
    /// let states = array![[1.0, 5.0], [3.0, 4.0]];
    /// assert_eq!(Pooling::Last.pool(states.view()), Some(array![[3.0, 4.0]]));
    /// assert_eq!(Pooling::Mean.pool(states.view()), Some(array![[2.0, 4.5]]));
    /// assert_eq!(Pooling::Max.pool(states.view()), Some(array![[3.0, 5.0]]));
    /// assert_eq!(Pooling::Position(2).pool(states.view()), None);
    /// ```
    #[must_use]
    pub fn pool(self, states: ArrayView2<'_, f32>) -> Option<Array2<f32>> {
        let tokens = states.nrows();
        if tokens == 0 {
            return None;
        }
        let row = match self {
            Self::Tokens => return Some(states.to_owned()),
            Self::Mean => {
                let sums = states.mapv(f64::from).sum_axis(Axis(0));
                sums.mapv(|sum| (sum / tokens as f64) as f32)
            }
            Self::Max => states.fold_axis(Axis(0), f32::NEG_INFINITY, |m, &x| m.max(x)),
            Self::First | Self::Last | Self::Position(_) => {
                states.row(self.picks(tokens)?).to_owned()
            }
        };
        Some(row.insert_axis(Axis(0)))
    }
}

impl fmt::Display for Pooling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Last => f.write_str("last"),
            Self::Mean => f.write_str("mean"),
            Self::Max => f.write_str("max"),
            Self::Position(i) => write!(f, "position:{i}"),
            Self::Tokens => f.write_str("tokens"),
        }
    }
}

impl FromStr for Pooling {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let bad = || UnknownName {
            kind: "pooling",
            text: text.to_owned(),
            expected: &["first", "last", "mean", "max", "tokens", "position:N"],
        };
        Ok(match text {
            "first" => Self::First,
            "last" => Self::Last,
            "mean" => Self::Mean,
            "max" => Self::Max,
            "tokens" => Self::Tokens,
            _ => {
                let index = text.strip_prefix("position:").ok_or_else(bad)?;
                Self::Position(index.parse().map_err(|_| bad())?)
            }
        })
    }
}

impl From<Pooling> for String {
    fn from(pooling: Pooling) -> Self {
        pooling.to_string()
    }
}

impl TryFrom<String> for Pooling {
    type Error = UnknownName;

    fn try_from(text: String) -> Result<Self, UnknownName> {
        text.parse()
    }
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

/// Texts as token ids, without padding: text `i` is `tokens[offsets[i]..offsets[i + 1]]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenBatch {
    tokens: Vec<u32>,
    ends: Vec<usize>,
}

impl TokenBatch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text after the others.
    pub fn push(&mut self, tokens: &[u32]) {
        self.tokens.extend_from_slice(tokens);
        self.ends.push(self.tokens.len());
    }

    /// The number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The number of tokens of all texts together.
    #[must_use]
    pub fn n_tokens(&self) -> usize {
        self.tokens.len()
    }

    /// The length of the longest text, 0 for an empty batch.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.iter().map(<[u32]>::len).max().unwrap_or(0)
    }

    /// The tokens of one text, `None` past the last.
    #[must_use]
    pub fn get(&self, text: usize) -> Option<&[u32]> {
        let end = *self.ends.get(text)?;
        let start = if text == 0 { 0 } else { self.ends[text - 1] };
        Some(&self.tokens[start..end])
    }

    /// The texts in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> + '_ {
        (0..self.len()).map(|text| self.get(text).unwrap_or_default())
    }
}

impl<'a> FromIterator<&'a [u32]> for TokenBatch {
    fn from_iter<T: IntoIterator<Item = &'a [u32]>>(texts: T) -> Self {
        let mut batch = Self::new();
        for text in texts {
            batch.push(text);
        }
        batch
    }
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
        "text {text} of the batch has token id {id}, but the model's vocabulary has {vocab_size} entries; was it tokenised for another model?"
    )]
    UnknownToken {
        /// Its place in the batch.
        text: usize,
        /// The id.
        id: u32,
        /// The size of the vocabulary.
        vocab_size: usize,
    },
    /// A layer was asked for that the model or the engine does not have.
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
        /// The position asked for.
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
    /// The first misfit found.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_their_texts() {
        let texts: [&[u32]; 3] = [&[1, 2, 3], &[4], &[5, 6]];
        let batch: TokenBatch = texts.into_iter().collect();
        assert_eq!(batch.iter().collect::<Vec<_>>(), texts);
        assert_eq!((batch.len(), batch.n_tokens(), batch.longest()), (3, 6, 3));
    }

    #[test]
    fn pooling_names_go_there_and_back() {
        use Pooling::*;
        for pooling in [First, Last, Mean, Max, Position(4), Tokens] {
            assert_eq!(pooling.to_string().parse::<Pooling>().unwrap(), pooling);
        }
        for text in ["cls", "position:", "position:-1", "First"] {
            assert!(text.parse::<Pooling>().is_err());
        }
    }
}
