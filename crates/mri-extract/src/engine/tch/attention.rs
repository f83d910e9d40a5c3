//! Attention over packed texts.

use tch::{Device, Kind, TchError, Tensor};

use super::attention_layout::AttentionLayout;
use super::picked_attention::attend_picked;
use super::pool::picked_token;
use super::rope::RopeTable;
use super::runtime::n_threads;
use super::tensor_view::{as_rows, as_slice_mut};
use super::weights::BlockWeights;
use crate::engine::gemm::{FlashAttention, QueryTile};
use crate::engine::parallel::parallel_for_each;
use crate::engine::spec::{Attention, ScoreBias};

/// The outputs of all heads side by side, before the output projection: shape (tokens, heads × head
/// width), or one row per text if the layout picks tokens. `relative` is the model's table of
/// relative position biases.
pub(super) fn attend(
    layout: &AttentionLayout<'_>,
    spec: &Attention,
    weights: &BlockWeights,
    relative: Option<&Tensor>,
    states: &Tensor,
) -> Result<Tensor, TchError> {
    if let Some(rows) = &layout.picked_rows
        && spec.rotary.is_none()
        && weights.qk_norm.is_none()
        && spec.softcap.is_none()
    {
        return attend_picked(layout, spec, &weights.qkv, relative, states, rows);
    }
    let qkv = Qkv::project(layout, spec, weights, states)?;
    match attend_flash(layout, spec, &qkv)? {
        Some(out) => Ok(out),
        None => attend_groups(layout, spec, relative, &qkv),
    }
}

/// Projected queries, keys and values: one row per token or, for queries of picked tokens, per
/// text, with all heads side by side.
struct Qkv {
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
}

impl Qkv {
    /// Projects states and applies norms and rotary embedding.
    fn project(
        layout: &AttentionLayout<'_>,
        spec: &Attention,
        weights: &BlockWeights,
        states: &Tensor,
    ) -> Result<Self, TchError> {
        let width = spec.head_width as i64;
        let q_width = spec.heads as i64 * width;
        let kv_width = spec.kv_heads as i64 * width;
        let qkv = &weights.qkv;
        let (queries, keys_values, skip) = match &layout.picked_rows {
            None => {
                let all = qkv.apply(states)?;
                let scored = (0, q_width + kv_width);
                let mut outputs = all.f_narrow(1, scored.0, scored.1)?;
                qkv.correct_rounding(scored, &mut outputs, states)?;
                (all.shallow_clone(), all, q_width)
            }
            Some(rows) => {
                let picked = states.f_index_select(0, rows)?;
                let mut queries = qkv.slice(0, q_width)?.apply(&picked)?;
                qkv.correct_rounding((0, q_width), &mut queries, &picked)?;
                let keys_values = qkv.slice(q_width, 2 * kv_width)?.apply(states)?;
                let mut keys = keys_values.f_narrow(1, 0, kv_width)?;
                qkv.correct_rounding((q_width, kv_width), &mut keys, states)?;
                (queries, keys_values, 0)
            }
        };
        let mut queries = queries.f_narrow(1, 0, q_width)?;
        let mut keys = keys_values.f_narrow(1, skip, kv_width)?;
        let values = keys_values.f_narrow(1, skip + kv_width, kv_width)?;
        if let Some([query_norm, key_norm]) = &weights.qk_norm {
            queries = query_norm.apply(&queries, width)?;
            keys = key_norm.apply(&keys, width)?;
        }
        if let Some(rotary) = &spec.rotary {
            let all = layout.rope(rotary)?;
            let picked = layout.picked_rows.as_ref().map(|rows| all.rows(rows));
            let picked = picked.transpose()?;
            let rotate = |rope: &RopeTable, states: &Tensor| {
                let heads = states.f_unflatten(1, [-1, width])?;
                rope.apply(rotary, &heads)?.f_flatten(1, 2)
            };
            queries = rotate(picked.as_ref().unwrap_or(&all), &queries)?;
            keys = rotate(&all, &keys)?;
        }
        Ok(Self {
            queries,
            keys,
            values,
        })
    }
}

/// Attention by our own kernel; `None` if it does not support this attention.
fn attend_flash(
    layout: &AttentionLayout<'_>,
    spec: &Attention,
    qkv: &Qkv,
) -> Result<Option<Tensor>, TchError> {
    let attention = FlashAttention {
        heads: spec.heads,
        kv_heads: spec.kv_heads,
        head_width: spec.head_width,
        scale: spec.scale as f32,
        causal: spec.causal,
        window: spec.window,
    };
    if !attention.supported() || spec.softcap.is_some() || spec.bias != ScoreBias::None {
        return Ok(None);
    }
    let (Some(queries), Some(keys), Some(values)) = (
        as_rows(&qkv.queries),
        as_rows(&qkv.keys),
        as_rows(&qkv.values),
    ) else {
        return Ok(None);
    };
    let width = spec.heads * spec.head_width;
    let size = [qkv.queries.size2()?.0, width as i64];
    let mut out = Tensor::f_empty(size, (Kind::Float, Device::Cpu))?;
    let Some(mut rest) = as_slice_mut(&mut out) else {
        return Ok(None);
    };
    let threads = n_threads();
    let mut tiles = Vec::new();
    for (number, text) in layout.packing.texts.iter().enumerate() {
        let (first, mut positions) = match layout.picked {
            Some(pooling) => {
                let picked = picked_token(pooling, text);
                (number, picked..picked + 1)
            }
            None => (text.start, 0..text.length),
        };
        let (start, share) = (positions.start, positions.len().div_ceil(threads));
        while !positions.is_empty() {
            let end = positions.end.min(positions.start + share);
            let now = positions.start..end;
            positions.start = end;
            let (these, after) = rest.split_at_mut(now.len() * width);
            rest = after;
            let tile = QueryTile {
                queries: queries.skip(first + now.start - start),
                positions: now,
                keys: keys.skip(text.start),
                values: values.skip(text.start),
                length: text.length,
            };
            tiles.push((tile, these));
        }
    }
    parallel_for_each(threads, tiles, |(tile, out)| attention.attend(&tile, out));
    Ok(Some(out))
}

/// Attention by libtorch, group by group.
fn attend_groups(
    layout: &AttentionLayout<'_>,
    spec: &Attention,
    relative: Option<&Tensor>,
    qkv: &Qkv,
) -> Result<Tensor, TchError> {
    let (heads, kv_heads) = (spec.heads as i64, spec.kv_heads as i64);
    let width = spec.head_width as i64;
    let mut outputs = Vec::with_capacity(layout.groups.len());
    for (number, group) in layout.groups.iter().enumerate() {
        let count = group.group.count as i64;
        let longest = group.group.longest as i64;
        let heads_of = |packed: &Tensor, heads: i64| {
            group
                .pad(packed)?
                .f_view([count, longest, heads, width])?
                .f_transpose(1, 2)
        };
        let q = if layout.picks() {
            qkv.queries
                .f_narrow(0, group.group.first as i64, count)?
                .f_view([count, 1, heads, width])?
                .f_transpose(1, 2)?
        } else {
            heads_of(&qkv.queries, heads)?
        };
        let k = heads_of(&qkv.keys, kv_heads)?;
        let v = heads_of(&qkv.values, kv_heads)?;
        let bias = layout.bias(spec, relative, number)?;
        let out = match spec.softcap {
            Some(cap) => attend_capped([&q, &k, &v], spec, cap, bias.as_ref())?,
            None => Tensor::f_scaled_dot_product_attention(
                &q,
                &k,
                &v,
                bias.as_ref(),
                0.0,
                spec.causal && !layout.picks() && bias.is_none(),
                spec.scale,
                heads != kv_heads,
            )?,
        };
        let out = out.f_transpose(1, 2)?.f_reshape([-1, heads * width])?;
        outputs.push(if layout.picks() {
            out
        } else {
            group.unpad(out)?
        });
    }
    match <[Tensor; 1]>::try_from(outputs) {
        Ok([only]) => Ok(only),
        Err(several) => Tensor::f_cat(&several, 0),
    }
}

/// Attention with soft-capped scores, which libtorch's fused attention does not support.
fn attend_capped(
    [q, k, v]: [&Tensor; 3],
    spec: &Attention,
    cap: f64,
    bias: Option<&Tensor>,
) -> Result<Tensor, TchError> {
    let per_group = (spec.heads / spec.kv_heads) as i64;
    let repeat = |t: &Tensor| t.f_repeat_interleave_self_int(per_group, 1, None);
    let scores = q.f_matmul(&repeat(k)?.f_transpose(2, 3)?)?;
    let scores = scores
        .f_mul_scalar(spec.scale / cap)?
        .f_tanh()?
        .f_mul_scalar(cap)?;
    let scores = match bias {
        Some(bias) => scores.f_add(bias)?,
        None => scores,
    };
    let weights = scores.f_softmax(-1, Kind::Float)?.f_to_kind(v.f_kind()?)?;
    weights.f_matmul(&repeat(v)?)
}
