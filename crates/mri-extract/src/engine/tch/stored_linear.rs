//! Linear layers as they are stored, and the layouts of query, key and value weights.

use tch::Tensor;

use super::runtime::engine_error;
use crate::engine::error::ModelError;
use crate::engine::spec::Attention;

/// The weights of a linear layer, of shape (outputs, inputs), as they are stored.
pub(super) struct StoredLinear {
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
}

/// One linear layer with the outputs of several, in order.
pub(super) fn stack(layers: &[StoredLinear]) -> Result<StoredLinear, ModelError> {
    let weights: Vec<&Tensor> = layers.iter().map(|layer| &layer.weight).collect();
    let biases: Option<Vec<&Tensor>> = layers.iter().map(|layer| layer.bias.as_ref()).collect();
    let bias = biases.map(|biases| Tensor::f_cat(&biases, 0));
    Ok(StoredLinear {
        weight: Tensor::f_cat(&weights, 0).map_err(engine_error)?,
        bias: bias.transpose().map_err(engine_error)?,
    })
}

/// Reorders groups of query heads, key head and value head to all queries, all keys, all values.
pub(super) fn ungroup(
    stored: &StoredLinear,
    attention: &Attention,
) -> Result<StoredLinear, ModelError> {
    let (kv_heads, width) = (attention.kv_heads as i64, attention.head_width as i64);
    let per_group = (attention.heads / attention.kv_heads) as i64;
    let regroup = |tensor: &Tensor| {
        let mut shape = tensor.size();
        let inputs: Vec<i64> = shape.drain(1..).collect();
        let grouped: Vec<i64> = [kv_heads, per_group + 2, width]
            .into_iter()
            .chain(inputs.iter().copied())
            .collect();
        let grouped = tensor.f_view(grouped.as_slice())?;
        let flat: Vec<i64> = std::iter::once(-1).chain(inputs).collect();
        let parts = [(0, per_group), (per_group, 1), (per_group + 1, 1)];
        let parts = parts.map(|(start, count)| {
            grouped
                .f_narrow(1, start, count)?
                .f_reshape(flat.as_slice())
        });
        let [queries, keys, values] = parts;
        Tensor::f_cat(&[queries?, keys?, values?], 0)
    };
    Ok(StoredLinear {
        weight: regroup(&stored.weight).map_err(engine_error)?,
        bias: stored
            .bias
            .as_ref()
            .map(regroup)
            .transpose()
            .map_err(engine_error)?,
    })
}
