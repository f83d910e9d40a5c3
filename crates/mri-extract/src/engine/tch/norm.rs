use tch::{Kind, TchError, Tensor};

use crate::engine::spec::{Norm, NormKind};

/// A norm with its weights.
pub(super) struct NormWeights {
    pub(super) norm: Norm,
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
    /// The number of normalized columns.
    pub(super) width: i64,
}

/// A norm of queries or keys with its weights.
pub(super) struct QkNormWeights {
    pub(super) norm: NormWeights,
    /// One row of weights per head, applied after the norm, where heads have their own.
    pub(super) each_head: Option<Tensor>,
}

impl NormWeights {
    /// The normalized states, in `f32` whatever dtype the states have: squares of large ones
    /// overflow f16.
    pub(super) fn apply(&self, states: &Tensor) -> Result<Tensor, TchError> {
        let states = states.f_to_kind(Kind::Float)?;
        match self.norm.kind {
            NormKind::Layer { .. } => states.f_layer_norm(
                [self.width],
                Some(&self.weight),
                self.bias.as_ref(),
                self.norm.eps,
                false,
            ),
            NormKind::Rms { .. } => {
                states.f_rms_norm([self.width], Some(&self.weight), self.norm.eps)
            }
        }
    }
}

impl QkNormWeights {
    /// Normalizes heads that lie side by side, shape (tokens, heads × `width`).
    pub(super) fn apply(&self, states: &Tensor, width: i64) -> Result<Tensor, TchError> {
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

/// The states after an optional norm.
pub(super) fn normalize(norm: Option<&NormWeights>, states: Tensor) -> Result<Tensor, TchError> {
    match norm {
        Some(norm) => norm.apply(&states),
        None => Ok(states),
    }
}
