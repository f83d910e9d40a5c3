//! Masks and position biases of attention scores.

use half::bf16;
use mri_core::Pooling;
use tch::{Device, Kind, TchError, Tensor};

use super::packing::{Group, PackedText};
use super::pool::picked_token;
use crate::engine::spec::{Attention, ScoreBias, alibi_slopes, relative_bucket};

/// The scores of a group of texts.
pub(super) struct GroupScores<'a> {
    pub(super) group: &'a Group,
    pub(super) texts: &'a [PackedText],
    /// The pooling, if only the queries of its picked tokens are needed.
    pub(super) picked: Option<Pooling>,
    pub(super) device: Device,
    pub(super) kind: Kind,
}

impl GroupScores<'_> {
    /// What is added to the scores, of a shape that broadcasts to (texts, heads, queries, keys), or
    /// `None` for nothing. With `implicit_causal` the caller applies the causal mask itself
    /// whenever the result is `None`.
    pub(super) fn bias(
        &self,
        spec: &Attention,
        relative: Option<&Tensor>,
        implicit_causal: bool,
    ) -> Result<Option<Tensor>, TchError> {
        let bias = self.position_bias(spec, relative)?;
        let explicit = bias.is_some() || !implicit_causal;
        let mask = self.mask(spec, explicit)?;
        Ok(match (bias, mask) {
            (Some(bias), Some(mask)) => Some(bias.f_add(&mask)?),
            (bias, mask) => bias.or(mask),
        })
    }

    /// Minus infinity where a query does not see a key, 0 elsewhere.
    fn mask(&self, spec: &Attention, explicit: bool) -> Result<Option<Tensor>, TchError> {
        let longest = self.group.longest;
        let windowed = spec.window.is_some_and(|window| longest > window);
        let sees = |query: usize, key: usize| {
            (!spec.causal || key <= query)
                && spec
                    .window
                    .is_none_or(|window| key.abs_diff(query) < window)
        };
        let penalty = |seen: bool| if seen { 0.0_f32 } else { f32::NEG_INFINITY };
        let mut scores = Vec::new();
        let shape = if let Some(pooling) = self.picked {
            for text in self.texts {
                let query = picked_token(pooling, text);
                let seen = |key| key < text.length && sees(query, key);
                scores.extend((0..longest).map(|key| penalty(seen(key))));
            }
            if scores.iter().all(|&score| score == 0.0) {
                return Ok(None);
            }
            [self.texts.len(), 1, 1, longest]
        } else if windowed || (explicit && spec.causal) {
            // A causal mask hides the padding from all real tokens.
            let texts = if self.group.equal_lengths || spec.causal {
                &self.texts[..1]
            } else {
                self.texts
            };
            for text in texts {
                let end = if spec.causal { longest } else { text.length };
                for query in 0..longest {
                    let seen = |key| key < end && sees(query, key);
                    scores.extend((0..longest).map(|key| penalty(seen(key))));
                }
            }
            [texts.len(), 1, longest, longest]
        } else if !self.group.equal_lengths && !spec.causal {
            for text in self.texts {
                scores.extend((0..longest).map(|key| penalty(key < text.length)));
            }
            [self.texts.len(), 1, 1, longest]
        } else {
            return Ok(None);
        };
        self.tensor(&scores, &shape).map(Some)
    }

    /// The bias that depends on positions.
    fn position_bias(
        &self,
        spec: &Attention,
        relative: Option<&Tensor>,
    ) -> Result<Option<Tensor>, TchError> {
        let longest = self.group.longest;
        match spec.bias {
            ScoreBias::None => Ok(None),
            ScoreBias::Alibi => {
                let mut scores = Vec::with_capacity(spec.heads * longest);
                for slope in alibi_slopes(spec.heads) {
                    let slope = bf16::from_f32(slope).to_f32();
                    let at = |key: usize| {
                        let rounded = bf16::from_f32(slope * bf16::from_f32(key as f32).to_f32());
                        rounded.to_f32() * spec.scale as f32
                    };
                    scores.extend((0..longest).map(at));
                }
                self.tensor(&scores, &[1, spec.heads, 1, longest]).map(Some)
            }
            ScoreBias::Relative {
                buckets,
                max_distance,
                ..
            } => {
                let table = relative.ok_or_else(|| {
                    TchError::Shape("the model has no table of relative position biases".to_owned())
                })?;
                let queries: Vec<usize> = match self.picked {
                    // One query per text.
                    Some(pooling) => {
                        let queries = self.texts.iter().map(|t| picked_token(pooling, t));
                        queries.collect()
                    }
                    // The same for every text.
                    None => (0..longest).collect(),
                };
                let rows: Vec<i64> = queries
                    .iter()
                    .flat_map(|&query| {
                        (0..longest).map(move |key| {
                            let distance = key as i64 - query as i64;
                            relative_bucket(distance, buckets, max_distance) as i64
                        })
                    })
                    .collect();
                let rows = Tensor::f_from_slice(&rows)?.f_to_device(self.device)?;
                let scores = table.f_index_select(0, &rows)?;
                let heads = spec.heads as i64;
                let n = queries.len() as i64;
                let scores = scores.f_view([n, longest as i64, heads])?;
                // To (texts, heads, 1, keys) for one query each, else to (1, heads, queries, keys).
                Ok(Some(if self.picked.is_some() {
                    scores.f_permute([0, 2, 1])?.f_unsqueeze(2)?
                } else {
                    scores.f_permute([2, 0, 1])?.f_unsqueeze(0)?
                }))
            }
        }
    }

    fn tensor(&self, scores: &[f32], shape: &[usize]) -> Result<Tensor, TchError> {
        let shape: Vec<i64> = shape.iter().map(|&n| n as i64).collect();
        Tensor::f_from_slice(scores)?
            .f_view(shape.as_slice())?
            .f_to_device_(self.device, self.kind, false, false)
    }
}
