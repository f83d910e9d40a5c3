//! The forward pass: embedding, then block after block.

use mri_core::{Site, TokenBatch};
use tch::{Kind, TchError, Tensor};

use super::attention::Layout;
use super::load::{Linear, MlpWeights, NormWeights};
use super::packing::Packing;
use super::pool::picks_one;
use super::{Recorder, TchBackend};
use crate::engine::spec::{Activation, Mlp, NormKind};

impl TchBackend {
    /// Runs the model up to the last block that is asked for and records on the way.
    pub(super) fn record_layers(
        &self,
        batch: &TokenBatch,
        packing: &Packing,
        recorder: &mut Recorder<'_>,
    ) -> Result<(), TchError> {
        let layers = recorder.capture.layers.iter();
        let last = layers.map(|layer| layer.index).max().unwrap_or(0);
        let pooling = recorder.capture.pooling;
        let mut states = self.embed(batch, packing)?;
        recorder.record(Site::Resid, 0, &states, false)?;
        for index in 1..=last {
            let pick = (index == last && picks_one(pooling)).then_some(pooling);
            let layout = Layout::new(packing, pick, self.device, self.kind)?;
            states = self.block(index, states, &layout, recorder)?;
            if index == self.spec.blocks.len()
                && recorder.capture.final_norm
                && let Some(norm) = &self.weights.final_norm
            {
                states = norm.apply(&states)?;
            }
            recorder.record(Site::Resid, index, &states, pick.is_some())?;
        }
        Ok(())
    }

    /// The states of all tokens before the first block, of shape (tokens, width).
    fn embed(&self, batch: &TokenBatch, packing: &Packing) -> Result<Tensor, TchError> {
        let spec = &self.spec.embedding;
        let weights = &self.weights.embedding;
        let texts: Vec<&[u32]> = batch.iter().collect();
        let index = |ids: Vec<i64>| Tensor::f_from_slice(&ids)?.f_to_device(self.device);
        let mut ids = Vec::with_capacity(packing.n_tokens);
        for text in &packing.texts {
            ids.extend(texts[text.number].iter().map(|&id| i64::from(id)));
        }
        let mut states = weights.tokens.f_index_select(0, &index(ids)?)?;
        if let Some(scale) = spec.scale {
            states = states.f_mul_scalar_(scale)?;
        }
        if let (Some(positions), Some(table)) = (spec.positions, &weights.positions) {
            let mut rows = Vec::with_capacity(packing.n_tokens);
            for text in &packing.texts {
                let mut next = positions.offset;
                for &id in texts[text.number] {
                    if positions.uncounted == Some(id) {
                        rows.push((positions.offset - 1) as i64);
                    } else {
                        rows.push(next as i64);
                        next += 1;
                    }
                }
            }
            states = states.f_add_(&table.f_index_select(0, &index(rows)?)?)?;
        }
        if let Some(token_type) = &weights.token_type {
            states = states.f_add_(token_type)?;
        }
        states = normed(weights.norm.as_ref(), states)?;
        if let Some(projection) = &weights.projection {
            states = projection.apply(&states)?;
        }
        Ok(states)
    }

    /// One block, counted from 1. The result has one row per token, or one per text if the layout
    /// picks tokens.
    fn block(
        &self,
        index: usize,
        states: Tensor,
        layout: &Layout<'_>,
        recorder: &mut Recorder<'_>,
    ) -> Result<Tensor, TchError> {
        let spec = &self.spec.blocks[index - 1];
        let weights = &self.weights.blocks[index - 1];
        let picked = layout.picked.is_some();

        let attn_in = normed(weights.attn_in.as_ref(), states.shallow_clone())?;
        let attn = layout.attend(&spec.attention, &weights.qkv, &attn_in)?;
        let attn = weights.output.apply(&attn)?;
        let mut attn = normed(weights.attn_out.as_ref(), attn)?;
        recorder.record(Site::AttnOut, index, &attn, picked)?;

        let states = layout.pick(states)?;
        if spec.parallel {
            let mlp_in = match &weights.mlp_in {
                Some(norm) => norm.apply(&states)?,
                None => layout.pick(attn_in)?,
            };
            let mlp = feed_forward(&spec.mlp, &weights.mlp, &mlp_in, |neurons| {
                recorder.record(Site::MlpAct, index, neurons, picked)
            })?;
            let mlp = normed(weights.mlp_out.as_ref(), mlp)?;
            recorder.record(Site::MlpOut, index, &mlp, picked)?;
            return attn.f_add_(&mlp)?.f_add_(&states);
        }
        // Recorded rows are copies, so that the branches can be added in place.
        let states = normed(weights.after_attn.as_ref(), attn.f_add_(&states)?)?;
        let mlp_in = normed(weights.mlp_in.as_ref(), states.shallow_clone())?;
        let mlp = feed_forward(&spec.mlp, &weights.mlp, &mlp_in, |neurons| {
            recorder.record(Site::MlpAct, index, neurons, picked)
        })?;
        let mut mlp = normed(weights.mlp_out.as_ref(), mlp)?;
        recorder.record(Site::MlpOut, index, &mlp, picked)?;
        normed(weights.after_mlp.as_ref(), mlp.f_add_(&states)?)
    }
}

/// The feed-forward part; `neurons` is shown the input of the down projection.
fn feed_forward(
    spec: &Mlp,
    weights: &MlpWeights,
    states: &Tensor,
    mut neurons: impl FnMut(&Tensor) -> Result<(), TchError>,
) -> Result<Tensor, TchError> {
    match (spec, weights) {
        (Mlp::Plain { activation, .. }, MlpWeights::Plain { up, down }) => {
            let active = activate(*activation, up.apply(states)?)?;
            neurons(&active)?;
            down.apply(&active)
        }
    }
}

fn activate(activation: Activation, mut x: Tensor) -> Result<Tensor, TchError> {
    match activation {
        Activation::Gelu => x.f_gelu_("none"),
        Activation::GeluTanh => x.f_gelu_("tanh"),
        Activation::QuickGelu => x.f_mul_scalar(1.702)?.f_sigmoid_()?.f_mul_(&x),
        Activation::Relu => x.f_relu_(),
        Activation::ReluSquared => x.f_relu_()?.f_square_(),
        Activation::Silu => x.f_silu_(),
        Activation::Tanh => x.f_tanh_(),
    }
}

/// The states after an optional norm.
fn normed(norm: Option<&NormWeights>, states: Tensor) -> Result<Tensor, TchError> {
    match norm {
        Some(norm) => norm.apply(&states),
        None => Ok(states),
    }
}

impl NormWeights {
    pub(super) fn apply(&self, states: &Tensor) -> Result<Tensor, TchError> {
        match self.norm.kind {
            NormKind::Layer { .. } => states.f_layer_norm(
                [self.width],
                Some(&self.weight),
                self.bias.as_ref(),
                self.norm.eps,
                false,
            ),
            NormKind::Rms { .. } => {
                // In f32 whatever the model computes in: squares of large states overflow f16.
                let wide = states.f_to_kind(Kind::Float)?;
                let weight = self.weight.f_to_kind(Kind::Float)?;
                wide.f_rms_norm([self.width], Some(&weight), self.norm.eps)?
                    .f_to_kind(states.f_kind()?)
            }
        }
    }
}

impl Linear {
    pub(super) fn apply(&self, states: &Tensor) -> Result<Tensor, TchError> {
        states.f_linear(&self.weight, self.bias.as_ref())
    }
}
