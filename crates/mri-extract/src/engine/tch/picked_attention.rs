//! Attention of one query per text, without keys and values.

use tch::{Kind, TchError, Tensor};

use super::attention_layout::AttentionLayout;
use super::linear::Linear;
use crate::engine::spec::Attention;

/// The outputs of all heads for the picked tokens, given as `rows`, where neither a norm nor a
/// rotary embedding nor a cap stands between the projections and the scores.
///
/// The score `q · (K x + b)` is `(Kᵀ q) · x` plus a constant for all keys of the query, which the
/// softmax removes; and the weighted mean of the values `V x + b` is `V` times that of the states,
/// plus `b`. So neither keys nor values are computed.
pub(super) fn attend_picked(
    layout: &AttentionLayout<'_>,
    spec: &Attention,
    qkv: &Linear,
    relative: Option<&Tensor>,
    states: &Tensor,
    rows: &Tensor,
) -> Result<Tensor, TchError> {
    let (heads, kv_heads) = (spec.heads as i64, spec.kv_heads as i64);
    let (width, per_group) = (spec.head_width as i64, heads / kv_heads);
    let states = states.f_to_kind(Kind::Float)?;
    let (texts, inputs) = (rows.size1()?, states.size2()?.1);
    // These products are small and are done in f32 whatever the compute dtype.
    let weight = |start, count| qkv.weight(start, count)?.f_to_kind(Kind::Float);
    let bias = |start, count| {
        let bias = qkv.bias(start, count)?;
        bias.map(|bias| bias.f_to_kind(Kind::Float)).transpose()
    };
    let (q_width, kv_width) = (heads * width, kv_heads * width);
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

    let picked = states.f_index_select(0, rows)?;
    let queries = picked.f_linear(&weight(0, q_width)?, bias(0, q_width)?)?;
    let key_weight = weight(q_width, kv_width)?.f_view([kv_heads, width, inputs])?;
    // Kᵀ q, scaled: what each head compares with the states themselves.
    let queries = by_head(&queries, width)?.f_bmm(&key_weight)?;
    let queries = by_text(&queries, inputs)?.f_mul_scalar(spec.scale)?;
    let mut means = Vec::with_capacity(layout.groups.len());
    for (number, group) in layout.groups.iter().enumerate() {
        let (first, count) = (group.group.first as i64, group.group.count as i64);
        let longest = group.group.longest as i64;
        let keys = group.pad(&states)?.f_view([count, longest, inputs])?;
        let scores = queries.f_narrow(0, first, count)?;
        let scores = scores.f_bmm(&keys.f_transpose(1, 2)?)?;
        let scores = match layout.bias(spec, relative, number)? {
            // One query per text.
            Some(bias) => scores.f_add(&bias.f_squeeze_dim(2)?)?,
            None => scores,
        };
        means.push(scores.f_softmax(-1, Kind::Float)?.f_bmm(&keys)?);
    }
    let value_weight = weight(q_width + kv_width, kv_width)?.f_view([kv_heads, width, inputs])?;
    let means = by_head(&Tensor::f_cat(&means, 0)?, inputs)?;
    let mut out = means.f_bmm(&value_weight.f_transpose(1, 2)?)?;
    if let Some(bias) = bias(q_width + kv_width, kv_width)? {
        out = out.f_add_(&bias.f_view([kv_heads, 1, width])?)?;
    }
    by_text(&out, width)?.f_flatten(1, 2)
}
