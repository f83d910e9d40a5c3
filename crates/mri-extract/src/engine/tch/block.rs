//! The forward pass: embedding, then block after block.

use mri_core::{Site, TokenBatch};
use tch::{Device, Kind, TchError, Tensor};

use super::attention::Layout;
use super::load::{MlpWeights, NormWeights};
use super::map::Map;
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
        let all = Layout::new(packing, None, self.device, self.kind)?;
        let pick = picks_one(pooling).then_some(pooling);
        let picked = Layout::new(packing, pick, self.device, self.kind)?;
        for index in 1..=last {
            let layout = if index == last { &picked } else { &all };
            states = self.block(index, states, layout, recorder)?;
            if index == self.spec.blocks.len()
                && recorder.capture.final_norm
                && let Some(norm) = &self.weights.final_norm
            {
                states = norm.apply(&states)?;
            }
            recorder.record(Site::Resid, index, &states, layout.picked.is_some())?;
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
        let rows = |table: &Tensor, rows: &Tensor| {
            let rows = table.f_index_select(0, rows)?;
            rows.f_to_kind(Kind::Float)
        };
        let mut states = rows(&weights.tokens, &index(ids)?)?;
        if let Some(scale) = spec.scale {
            states = states.f_mul_scalar_(scale)?;
        }
        let projection = spec.projection.zip(weights.projection.as_ref());
        if let Some((_, map)) = projection.filter(|(p, _)| p.before_positions) {
            states = map.apply(&states)?.f_to_kind(Kind::Float)?;
        }
        if let (Some(positions), Some(table)) = (spec.positions, &weights.positions) {
            let mut places = Vec::with_capacity(packing.n_tokens);
            for text in &packing.texts {
                let mut next = positions.offset;
                for &id in texts[text.number] {
                    if positions.uncounted == Some(id) {
                        places.push((positions.offset - 1) as i64);
                    } else {
                        places.push(next as i64);
                        next += 1;
                    }
                }
            }
            states = states.f_add_(&rows(table, &index(places)?)?)?;
        }
        if let Some(token_type) = &weights.token_type {
            states = states.f_add_(token_type)?;
        }
        states = normed(weights.norm.as_ref(), states)?;
        if let Some((_, map)) = projection.filter(|(p, _)| !p.before_positions) {
            states = map.apply(&states)?.f_to_kind(Kind::Float)?;
        }
        Ok(states)
    }

    /// One block, counted from 1. The residual stream is in `f32` whatever the products are computed
    /// in: rounded after every block, its bits would be lost one by one. The result has one row per token, or one per text if the layout
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
        let relative = self.weights.relative_bias.as_ref();
        let attn = Branch {
            states: layout.attend(&spec.attention, weights, relative, &attn_in)?,
            map: Some(&weights.output),
            norm: weights.attn_out.as_ref(),
            place: (Site::AttnOut, index, picked),
        };
        let mlp = |mlp_in: &Tensor, recorder: &mut Recorder<'_>| {
            let (states, map) = feed_forward(&spec.mlp, &weights.mlp, mlp_in, |neurons| {
                recorder.record(Site::MlpAct, index, neurons, picked)
            })?;
            Ok::<_, TchError>(Branch {
                states,
                map,
                norm: weights.mlp_out.as_ref(),
                place: (Site::MlpOut, index, picked),
            })
        };
        let states = layout.pick(states)?;
        if spec.parallel {
            let mlp_in = match &weights.mlp_in {
                Some(norm) => norm.apply(&states)?,
                None => layout.pick(attn_in)?,
            };
            let mlp = mlp(&mlp_in, recorder)?;
            return mlp.add_to(attn.add_to(states, recorder)?, recorder);
        }
        let states = normed(weights.after_attn.as_ref(), attn.add_to(states, recorder)?)?;
        let mlp_in = normed(weights.mlp_in.as_ref(), states.shallow_clone())?;
        let states = mlp(&mlp_in, recorder)?.add_to(states, recorder)?;
        normed(weights.after_mlp.as_ref(), states)
    }
}

/// What is added to the residual stream: `states`, mapped and normalised, recorded as the site of
/// the layer, whose tokens may be picked ones.
struct Branch<'a> {
    states: Tensor,
    map: Option<&'a Map>,
    norm: Option<&'a NormWeights>,
    place: (Site, usize, bool),
}

impl Branch<'_> {
    /// The stream with the branch, in `f32`. Recorded rows are copies, so that this can be done in
    /// place, with the sum made by the product itself where nobody asks for the branch alone.
    fn add_to(self, mut stream: Tensor, recorder: &mut Recorder<'_>) -> Result<Tensor, TchError> {
        let (site, index, picked) = self.place;
        if let Some(map) = self.map
            && self.norm.is_none()
            && !recorder.wants(site, index)
            && map.add_to(&self.states, &mut stream)?
        {
            return Ok(stream);
        }
        let branch = match self.map {
            Some(map) => map.apply(&self.states)?,
            None => self.states,
        };
        let branch = normed(self.norm, branch)?;
        recorder.record(site, index, &branch, picked)?;
        branch.f_to_kind(Kind::Float)?.f_add_(&stream)
    }
}

/// The feed-forward part but for its last map, if one is left to do; `neurons` is shown the input of
/// the down projection.
fn feed_forward<'a>(
    spec: &Mlp,
    weights: &'a MlpWeights,
    states: &Tensor,
    mut neurons: impl FnMut(&Tensor) -> Result<(), TchError>,
) -> Result<(Tensor, Option<&'a Map>), TchError> {
    match (spec, weights) {
        (Mlp::Plain { activation, .. }, MlpWeights::Plain { up, down }) => {
            let active = up.activate(states, *activation)?;
            neurons(&active)?;
            Ok((active, Some(down)))
        }
        (Mlp::Gated { activation, .. }, MlpWeights::Gated { gate_up, down }) => {
            let active = gated(*activation, gate_up, states)?;
            neurons(&active)?;
            Ok((active, Some(down)))
        }
        (
            &Mlp::Experts {
                count,
                per_token,
                activation,
                normalised,
                ..
            },
            MlpWeights::Experts { router, experts },
        ) => {
            let per_token = per_token as i64;
            let shares = router.apply(states)?.f_softmax(-1, Kind::Float)?;
            let (mut shares, chosen) = shares.f_topk(per_token, -1, true, true)?;
            if normalised {
                let sums = shares.f_sum_dim_intlist(-1, true, Kind::Float)?;
                shares = shares.f_div(&sums)?;
            }
            let shares = shares.f_reshape([-1, 1])?;
            let chosen = chosen.f_reshape(-1)?.f_to_device(Device::Cpu)?;
            let mut ids = vec![0_i64; chosen.numel()];
            chosen.f_copy_data(&mut ids, chosen.numel())?;
            let mut places = vec![Vec::new(); count];
            for (place, &expert) in ids.iter().enumerate() {
                // Indices from a choice among `count` lie below it.
                if let Some(places) = usize::try_from(expert).ok().and_then(|e| places.get_mut(e)) {
                    places.push(place as i64);
                }
            }
            let mut sum = states.f_zeros_like()?;
            for ((gate_up, down), places) in experts.iter().zip(&places) {
                if places.is_empty() {
                    continue;
                }
                let tokens: Vec<i64> = places.iter().map(|place| place / per_token).collect();
                let tokens = Tensor::f_from_slice(&tokens)?.f_to_device(states.device())?;
                let places = Tensor::f_from_slice(places)?.f_to_device(states.device())?;
                let active = gated(activation, gate_up, &states.f_index_select(0, &tokens)?)?;
                let out = down
                    .apply(&active)?
                    .f_to_kind(Kind::Float)?
                    .f_mul(&shares.f_index_select(0, &places)?)?;
                // No token chooses an expert twice, so that the order of additions is fixed.
                sum = sum.f_index_add_(0, &tokens, &out)?;
            }
            Ok((sum, None))
        }
        _ => Err(TchError::Shape(
            "the weights are of another kind of feed-forward part".to_owned(),
        )),
    }
}

/// The neurons of a gated part.
fn gated(activation: Activation, gate_up: &Map, states: &Tensor) -> Result<Tensor, TchError> {
    let both = gate_up.apply(states)?;
    let width = both.size2()?.1 / 2;
    let gate = activate(activation, both.f_narrow(1, 0, width)?)?;
    gate.f_mul(&both.f_narrow(1, width, width)?)
}

pub(super) fn activate(activation: Activation, mut x: Tensor) -> Result<Tensor, TchError> {
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
    /// The normalised states, in `f32` whatever the states are in: squares of large ones overflow
    /// f16.
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
