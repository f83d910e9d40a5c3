//! Attention over packed texts.

use std::cell::RefCell;
use std::rc::Rc;

use mri_core::Pooling;
use tch::{Device, Kind, TchError, Tensor};

use super::load::{BlockWeights, QkNormWeights};
use super::map::{Map, n_threads, numbers_mut, rows};
use super::mask::Scores;
use super::packing::{Group, PackedText, Packing};
use super::pool;
use super::rotate::Turns;
use crate::engine::rotary::Rotary;
use crate::engine::side_by_side::side_by_side;
use crate::engine::spec::{Attention, ScoreBias};
use crate::engine::wide::{Heads, Text};

/// How the packed states of a batch are arranged for the attention of one block.
pub(super) struct Layout<'a> {
    /// Where only one token per text is wanted: which.
    pub(super) picked: Option<Pooling>,
    /// The packed rows of those tokens, in the packed order of the texts.
    picked_rows: Option<Tensor>,
    groups: Vec<Arrangement<'a>>,
    packing: &'a Packing,
    turns: RefCell<Vec<(Rotary, Rc<Turns>)>>,
    addends: RefCell<Vec<Addend>>,
    device: Device,
    kind: Kind,
}

/// What is added to the scores of a group in blocks of one kind.
struct Addend {
    group: usize,
    window: Option<usize>,
    bias: ScoreBias,
    capped: bool,
    scores: Option<Tensor>,
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

impl Arrangement<'_> {
    /// The packed rows of the texts, padded to the length of the longest.
    fn rows(&self, packed: &Tensor) -> Result<Tensor, TchError> {
        match &self.padding {
            None => {
                let count = self.group.count * self.group.longest;
                packed.f_narrow(0, self.texts[0].start as i64, count as i64)
            }
            Some(padding) => packed.f_index_select(0, &padding.spread),
        }
    }
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
            packing,
            turns: RefCell::default(),
            addends: RefCell::default(),
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
    /// or one row per text where tokens are picked. `relative` is the model's table of scores by
    /// distance.
    pub(super) fn attend(
        &self,
        spec: &Attention,
        weights: &BlockWeights,
        relative: Option<&Tensor>,
        states: &Tensor,
    ) -> Result<Tensor, TchError> {
        if let Some(rows) = &self.picked_rows
            && spec.rotary.is_none()
            && weights.qk_norm.is_none()
            && spec.softcap.is_none()
        {
            return self.attend_picked(spec, &weights.qkv, relative, states, rows);
        }
        let (heads, kv_heads) = (spec.heads as i64, spec.kv_heads as i64);
        let width = spec.head_width as i64;
        let (split, qkv) = (heads * width, &weights.qkv);
        let (queries, keys_values, skip) = match &self.picked_rows {
            None => {
                let all = qkv.apply(states)?;
                let scored = (0, split + kv_heads * width);
                let mut outputs = all.f_narrow(1, scored.0, scored.1)?;
                qkv.refine(scored, &mut outputs, states)?;
                (all.shallow_clone(), all, split)
            }
            Some(rows) => {
                let asking = states.f_index_select(0, rows)?;
                let mut queries = qkv.part(0, split)?.apply(&asking)?;
                qkv.refine((0, split), &mut queries, &asking)?;
                let keys_values = qkv.part(split, 2 * kv_heads * width)?.apply(states)?;
                let mut keys = keys_values.f_narrow(1, 0, kv_heads * width)?;
                qkv.refine((split, kv_heads * width), &mut keys, states)?;
                (queries, keys_values, 0)
            }
        };
        let mut queries = queries.f_narrow(1, 0, split)?;
        let mut keys = keys_values.f_narrow(1, skip, kv_heads * width)?;
        let values = keys_values.f_narrow(1, skip + kv_heads * width, kv_heads * width)?;
        if let Some([query_norm, key_norm]) = &weights.qk_norm {
            queries = query_norm.apply(&queries, width)?;
            keys = key_norm.apply(&keys, width)?;
        }
        if let Some(rotary) = &spec.rotary {
            let all = self.turns(rotary)?;
            let picked = self.picked_rows.as_ref().map(|rows| all.rows(rows));
            let picked = picked.transpose()?;
            let turn = |turns: &Turns, states: &Tensor| {
                let heads = states.f_unflatten(1, [-1, width])?;
                turns.apply(rotary, &heads)?.f_flatten(1, 2)
            };
            queries = turn(picked.as_ref().unwrap_or(&all), &queries)?;
            keys = turn(&all, &keys)?;
        }

        if let Some(out) = self.attend_fused(spec, [&queries, &keys, &values])? {
            return Ok(out);
        }
        let mut outputs = Vec::with_capacity(self.groups.len());
        for (number, group) in self.groups.iter().enumerate() {
            let count = group.group.count as i64;
            let longest = group.group.longest as i64;
            let heads_of = |packed: &Tensor, heads: i64| {
                group
                    .rows(packed)?
                    .f_view([count, longest, heads, width])?
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
            let addend = self.addend(spec, relative, number)?;
            let out = match spec.softcap {
                Some(cap) => attend_capped([&q, &k, &v], spec, cap, addend.as_ref())?,
                None => Tensor::f_scaled_dot_product_attention(
                    &q,
                    &k,
                    &v,
                    addend.as_ref(),
                    0.0,
                    spec.causal && self.picked.is_none() && addend.is_none(),
                    spec.scale,
                    heads != kv_heads,
                )?,
            };
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

    /// The same with our own attention, where that does what is asked for.
    fn attend_fused(
        &self,
        spec: &Attention,
        [queries, keys, values]: [&Tensor; 3],
    ) -> Result<Option<Tensor>, TchError> {
        let heads = Heads {
            queries: spec.heads,
            keys: spec.kv_heads,
            width: spec.head_width,
            scale: spec.scale as f32,
            causal: spec.causal,
            window: spec.window,
        };
        if !heads.possible() || spec.softcap.is_some() || spec.bias != ScoreBias::None {
            return Ok(None);
        }
        let (Some(asking), Some(asked), Some(told)) = (rows(queries), rows(keys), rows(values))
        else {
            return Ok(None);
        };
        let width = spec.heads * spec.head_width;
        let size = [queries.size2()?.0, width as i64];
        let mut out = Tensor::f_empty(size, (Kind::Float, Device::Cpu))?;
        let Some(mut rest) = numbers_mut(&mut out) else {
            return Ok(None);
        };
        let threads = n_threads();
        let mut texts = Vec::new();
        for (number, text) in self.packing.texts.iter().enumerate() {
            let (first, mut places) = match self.picked {
                Some(pooling) => {
                    let picked = pool::picked(pooling, text);
                    (number, picked..picked + 1)
                }
                None => (text.start, 0..text.length),
            };
            let (start, share) = (places.start, places.len().div_ceil(threads));
            while !places.is_empty() {
                let end = places.end.min(places.start + share);
                let now = places.start..end;
                places.start = end;
                let (these, after) = rest.split_at_mut(now.len() * width);
                rest = after;
                texts.push((
                    Text {
                        queries: asking.from(first + now.start - start),
                        places: now,
                        keys: asked.from(text.start),
                        values: told.from(text.start),
                        length: text.length,
                    },
                    these,
                ));
            }
        }
        side_by_side(threads, texts, |(text, out)| heads.attend(&text, out));
        Ok(Some(out))
    }

    /// What the picked tokens, given as `rows`, get from all tokens of their texts, where nothing
    /// stands between the products with the weights and the scores. The product of a query and a key
    /// `q · (K x + b)` is `(Kᵀ q) · x` but for a number that is the same for all keys of a query and
    /// falls out of the softmax; and the mean of the values `V x + b` is that of the states, mapped.
    /// So neither keys nor values of the other tokens are ever computed.
    fn attend_picked(
        &self,
        spec: &Attention,
        qkv: &Map,
        relative: Option<&Tensor>,
        states: &Tensor,
        rows: &Tensor,
    ) -> Result<Tensor, TchError> {
        let (heads, kv_heads) = (spec.heads as i64, spec.kv_heads as i64);
        let (width, per_group) = (spec.head_width as i64, heads / kv_heads);
        let states = states.f_to_kind(Kind::Float)?;
        let (texts, inputs) = (rows.size1()?, states.size2()?.1);
        // These products are so few that they are done in f32 whatever the others are done in.
        let weight = |start, count| qkv.weight(start, count)?.f_to_kind(Kind::Float);
        let bias = |start, count| {
            let bias = qkv.bias(start, count)?;
            bias.map(|bias| bias.f_to_kind(Kind::Float)).transpose()
        };
        let (split, keys) = (heads * width, kv_heads * width);
        // From (texts, heads × n) to (key heads, texts × heads per key head, n) and back.
        let by_head = |rows: &Tensor, n: i64| {
            rows.f_view([texts, kv_heads, per_group, n])?
                .f_transpose(0, 1)?
                .f_reshape([kv_heads, -1, n])
        };
        let by_text = |rows: &Tensor, n: i64| {
            rows.f_view([kv_heads, texts, per_group, n])?
                .f_transpose(0, 1)?
                .f_reshape([texts, heads, n])
        };

        let asking = states.f_index_select(0, rows)?;
        let queries = asking.f_linear(&weight(0, split)?, bias(0, split)?)?;
        let key_map = weight(split, keys)?.f_view([kv_heads, width, inputs])?;
        let asked = by_head(&queries, width)?.f_bmm(&key_map)?;
        let asked = by_text(&asked, inputs)?.f_mul_scalar(spec.scale)?;
        let mut means = Vec::with_capacity(self.groups.len());
        for (number, group) in self.groups.iter().enumerate() {
            let (first, count) = (group.group.first as i64, group.group.count as i64);
            let longest = group.group.longest as i64;
            let seen = group.rows(&states)?.f_view([count, longest, inputs])?;
            let scores = asked.f_narrow(0, first, count)?;
            let scores = scores.f_bmm(&seen.f_transpose(1, 2)?)?;
            let scores = match self.addend(spec, relative, number)? {
                // One query per text.
                Some(addend) => scores.f_add(&addend.f_squeeze_dim(2)?)?,
                None => scores,
            };
            means.push(scores.f_softmax(-1, Kind::Float)?.f_bmm(&seen)?);
        }
        let weight = weight(split + keys, keys)?.f_view([kv_heads, width, inputs])?;
        let means = by_head(&Tensor::f_cat(&means, 0)?, inputs)?;
        let mut out = means.f_bmm(&weight.f_transpose(1, 2)?)?;
        if let Some(bias) = bias(split + keys, keys)? {
            out = out.f_add_(&bias.f_view([kv_heads, 1, width])?)?;
        }
        by_text(&out, width)?.f_flatten(1, 2)
    }

    /// Sines and cosines, made once per batch and kind of rotary positions.
    fn turns(&self, rotary: &Rotary) -> Result<Rc<Turns>, TchError> {
        let mut made = self.turns.borrow_mut();
        if let Some((_, turns)) = made.iter().find(|(other, _)| other == rotary) {
            return Ok(turns.clone());
        }
        let turns = Rc::new(Turns::new(rotary, self.packing, self.device, self.kind)?);
        made.push((rotary.clone(), turns.clone()));
        Ok(turns)
    }

    /// What is added to the scores of a group, made once per batch and kind of attention.
    fn addend(
        &self,
        spec: &Attention,
        relative: Option<&Tensor>,
        number: usize,
    ) -> Result<Option<Tensor>, TchError> {
        let same = |made: &Addend| {
            made.group == number
                && made.window == spec.window
                && made.bias == spec.bias
                && made.capped == spec.softcap.is_some()
        };
        let mut made = self.addends.borrow_mut();
        let known = made.iter().find(|made| same(made));
        if let Some(known) = known {
            return Ok(known.scores.as_ref().map(Tensor::shallow_clone));
        }
        let group = &self.groups[number];
        let scores = Scores {
            group: group.group,
            texts: group.texts,
            picked: self.picked,
            device: self.device,
            kind: self.kind,
        };
        let scores = scores.addend(spec, relative, spec.softcap.is_none())?;
        made.push(Addend {
            group: number,
            window: spec.window,
            bias: spec.bias,
            capped: spec.softcap.is_some(),
            scores: scores.as_ref().map(Tensor::shallow_clone),
        });
        Ok(scores)
    }
}

/// Scores, softmax and the mean of the values step by step: what libtorch's fused attention cannot
/// do, it has no cap on the scores.
fn attend_capped(
    [q, k, v]: [&Tensor; 3],
    spec: &Attention,
    cap: f64,
    addend: Option<&Tensor>,
) -> Result<Tensor, TchError> {
    let per_group = (spec.heads / spec.kv_heads) as i64;
    let repeat = |t: &Tensor| t.f_repeat_interleave_self_int(per_group, 1, None);
    let scores = q.f_matmul(&repeat(k)?.f_transpose(2, 3)?)?;
    let scores = scores
        .f_mul_scalar(spec.scale / cap)?
        .f_tanh()?
        .f_mul_scalar(cap)?;
    let scores = match addend {
        Some(addend) => scores.f_add(addend)?,
        None => scores,
    };
    let shares = scores.f_softmax(-1, Kind::Float)?.f_to_kind(v.f_kind()?)?;
    shares.f_matmul(&repeat(v)?)
}

impl QkNormWeights {
    /// Normalises heads that lie side by side, of shape (tokens, heads × `width`).
    fn apply(&self, states: &Tensor, width: i64) -> Result<Tensor, TchError> {
        let kind = states.f_kind()?;
        if self.norm.width == states.size2()?.1 && self.each_head.is_none() {
            return self.norm.apply(states)?.f_to_kind(kind);
        }
        let heads = self.norm.apply(&states.f_unflatten(1, [-1, width])?)?;
        let heads = match &self.each_head {
            Some(weights) => heads.f_mul(weights)?,
            None => heads,
        };
        heads.f_flatten(1, 2)?.f_to_kind(kind)
    }
}
