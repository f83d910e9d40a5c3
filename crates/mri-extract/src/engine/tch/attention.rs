//! Attention over packed texts.

use mri_core::Pooling;
use tch::{Device, Kind, TchError, Tensor};

use super::load::Linear;
use super::packing::{Group, PackedText, Packing};
use super::pool;
use crate::engine::spec::Attention;

/// How the packed states of a batch are arranged for the attention of one block.
pub(super) struct Layout<'a> {
    /// Where only one token per text is wanted: which.
    pub(super) picked: Option<Pooling>,
    /// The packed rows of those tokens, in the packed order of the texts.
    picked_rows: Option<Tensor>,
    groups: Vec<Arrangement<'a>>,
    device: Device,
    kind: Kind,
}

/// A group of texts and, where they have to be padded, how.
struct Arrangement<'a> {
    group: &'a Group,
    texts: &'a [PackedText],
    padding: Option<Padding>,
}

/// From packed rows to a padded block and back.
struct Padding {
    /// For every place of the padded block the packed row; places past the end of a text repeat
    /// its first row, and no one looks at what becomes of them.
    spread: Tensor,
    /// The places of the padded block that hold real tokens, in packed order.
    gather: Tensor,
}

impl<'a> Layout<'a> {
    pub(super) fn new(
        packing: &'a Packing,
        picked: Option<Pooling>,
        device: Device,
        kind: Kind,
    ) -> Result<Self, TchError> {
        let index = |rows: &[i64]| Tensor::f_from_slice(rows)?.f_to_device(device);
        let rows = picked.map(|pooling| {
            let rows = packing
                .texts
                .iter()
                .map(|t| (t.start + pool::picked(pooling, t)) as i64);
            index(&rows.collect::<Vec<_>>())
        });
        let arrange = |group: &'a Group| {
            let texts = group.texts(packing);
            let padding = if group.even {
                None
            } else {
                let mut spread = Vec::with_capacity(group.count * group.longest);
                let mut gather = Vec::new();
                for text in texts {
                    for i in 0..group.longest {
                        if i < text.length {
                            gather.push(spread.len() as i64);
                        }
                        let row = text.start + if i < text.length { i } else { 0 };
                        spread.push(row as i64);
                    }
                }
                Some(Padding {
                    spread: index(&spread)?,
                    gather: index(&gather)?,
                })
            };
            Ok(Arrangement {
                group,
                texts,
                padding,
            })
        };
        Ok(Self {
            picked,
            picked_rows: rows.transpose()?,
            groups: packing
                .groups
                .iter()
                .map(arrange)
                .collect::<Result<_, TchError>>()?,
            device,
            kind,
        })
    }

    /// The rows of the picked tokens; all rows where none are picked.
    pub(super) fn pick(&self, states: Tensor) -> Result<Tensor, TchError> {
        match &self.picked_rows {
            Some(rows) => states.f_index_select(0, rows),
            None => Ok(states),
        }
    }

    /// The heads' outputs side by side, before the output map: shape (tokens, heads × head width),
    /// or one row per text where tokens are picked.
    pub(super) fn attend(
        &self,
        spec: &Attention,
        qkv: &Linear,
        states: &Tensor,
    ) -> Result<Tensor, TchError> {
        let (heads, kv_heads) = (spec.heads as i64, spec.kv_heads as i64);
        let width = spec.head_width as i64;
        let split = heads * width;
        let (queries, keys_values, skip) = match &self.picked_rows {
            None => {
                let all = qkv.apply(states)?;
                (all.shallow_clone(), all, split)
            }
            Some(rows) => {
                let queries = qkv
                    .rows(0, split)?
                    .apply(&states.f_index_select(0, rows)?)?;
                let keys_values = qkv.rows(split, 2 * kv_heads * width)?.apply(states)?;
                (queries, keys_values, 0)
            }
        };
        let queries = queries.f_narrow(1, 0, split)?;
        let keys = keys_values.f_narrow(1, skip, kv_heads * width)?;
        let values = keys_values.f_narrow(1, skip + kv_heads * width, kv_heads * width)?;

        let mut outputs = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let count = group.group.count as i64;
            let longest = group.group.longest as i64;
            let start = group.texts[0].start as i64;
            let heads_of = |packed: &Tensor, heads: i64| {
                let rows = match &group.padding {
                    None => packed.f_narrow(0, start, count * longest)?,
                    Some(padding) => packed.f_index_select(0, &padding.spread)?,
                };
                rows.f_view([count, longest, heads, width])?
                    .f_transpose(1, 2)
            };
            let q = if self.picked.is_some() {
                queries
                    .f_narrow(0, group.group.first as i64, count)?
                    .f_view([count, 1, heads, width])?
                    .f_transpose(1, 2)?
            } else {
                heads_of(&queries, heads)?
            };
            let k = heads_of(&keys, kv_heads)?;
            let v = heads_of(&values, kv_heads)?;
            let mask = self.mask(spec, group)?;
            let causal = spec.causal && self.picked.is_none() && mask.is_none();
            let out = Tensor::f_scaled_dot_product_attention(
                &q,
                &k,
                &v,
                mask,
                0.0,
                causal,
                spec.scale,
                heads != kv_heads,
            )?;
            let out = out.f_transpose(1, 2)?.f_reshape([-1, heads * width])?;
            outputs.push(match &group.padding {
                Some(padding) if self.picked.is_none() => out.f_index_select(0, &padding.gather)?,
                _ => out,
            });
        }
        match <[Tensor; 1]>::try_from(outputs) {
            Ok([only]) => Ok(only),
            Err(several) => Tensor::f_cat(&several, 0),
        }
    }

    /// What keeps queries from keys, as numbers to add to the scores, or `None` where nothing does
    /// but perhaps the order in time, for which libtorch has a flag.
    fn mask(&self, spec: &Attention, group: &Arrangement<'_>) -> Result<Option<Tensor>, TchError> {
        let longest = group.group.longest;
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
            for text in group.texts {
                let query = pool::picked(pooling, text);
                let seen = |key| key < text.length && sees(query, key);
                scores.extend((0..longest).map(|key| penalty(seen(key))));
            }
            if scores.iter().all(|&score| score == 0.0) {
                return Ok(None);
            }
            [group.texts.len(), 1, 1, longest]
        } else if windowed {
            // Keys past the end of a text are never seen backwards; they need hiding only from
            // those that look ahead.
            let texts = if group.group.even || spec.causal {
                &group.texts[..1]
            } else {
                group.texts
            };
            for text in texts {
                let end = if spec.causal { longest } else { text.length };
                for query in 0..longest {
                    let seen = |key| key < end && sees(query, key);
                    scores.extend((0..longest).map(|key| penalty(seen(key))));
                }
            }
            [texts.len(), 1, longest, longest]
        } else if !group.group.even && !spec.causal {
            for text in group.texts {
                scores.extend((0..longest).map(|key| penalty(key < text.length)));
            }
            [group.texts.len(), 1, 1, longest]
        } else {
            return Ok(None);
        };
        let mask = Tensor::f_from_slice(&scores)?
            .f_view(shape.map(|n| n as i64))?
            .f_to_device_(self.device, self.kind, false, false)?;
        Ok(Some(mask))
    }
}

impl Linear {
    /// The map to `count` of its outputs, from `start` on.
    fn rows(&self, start: i64, count: i64) -> Result<Self, TchError> {
        let bias = self
            .bias
            .as_ref()
            .map(|bias| bias.f_narrow(0, start, count));
        Ok(Self {
            weight: self.weight.f_narrow(0, start, count)?,
            bias: bias.transpose()?,
        })
    }
}
