//! The forward pass: the embedding, then block after block.

use mri_core::{Site, TokenBatch};
use tch::{Device, Kind, TchError, Tensor};

use super::attention_layout::AttentionLayout;
use super::block::BlockPass;
use super::norm::normalize;
use super::packing::Packing;
use super::pool::picks_one;
use super::recorder::Recorder;
use super::weights::ModelWeights;
use crate::engine::spec::TransformerSpec;

/// A model on a device.
pub(super) struct Forward<'a> {
    pub(super) spec: &'a TransformerSpec,
    pub(super) weights: &'a ModelWeights,
    pub(super) device: Device,
    /// The compute dtype.
    pub(super) kind: Kind,
}

impl Forward<'_> {
    /// Runs the model up to the last captured block and records on the way.
    pub(super) fn record(
        &self,
        batch: &TokenBatch,
        packing: &Packing,
        recorder: &mut Recorder<'_>,
    ) -> Result<(), TchError> {
        let capture = recorder.capture();
        let last = capture.layers.iter().map(|layer| layer.index);
        let last = last.max().unwrap_or(0);
        let mut states = self.embed(batch, packing)?;
        recorder.record(Site::Resid, 0, &states, false)?;
        let all = AttentionLayout::new(packing, None, self.device, self.kind)?;
        let pick = picks_one(capture.pooling).then_some(capture.pooling);
        let picked = AttentionLayout::new(packing, pick, self.device, self.kind)?;
        let blocks = self.spec.blocks.iter().zip(&self.weights.blocks);
        for (index, (spec, weights)) in (1..=last).zip(blocks) {
            let layout = if index == last { &picked } else { &all };
            let block = BlockPass {
                index,
                spec,
                weights,
                relative_bias: self.weights.relative_bias.as_ref(),
                layout,
            };
            states = block.run(states, recorder)?;
            if index == self.spec.blocks.len()
                && capture.final_norm
                && let Some(norm) = &self.weights.final_norm
            {
                states = norm.apply(&states)?;
            }
            recorder.record(Site::Resid, index, &states, layout.picks())?;
        }
        Ok(())
    }

    /// The states of all tokens before the first block, shape (tokens, width).
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
        if let Some((_, linear)) = projection.filter(|(p, _)| p.before_positions) {
            states = linear.apply(&states)?.f_to_kind(Kind::Float)?;
        }
        if let (Some(positions), Some(table)) = (spec.positions, &weights.positions) {
            let mut positions_of = Vec::with_capacity(packing.n_tokens);
            for text in &packing.texts {
                let mut next = positions.offset;
                for &id in texts[text.number] {
                    if positions.uncounted == Some(id) {
                        positions_of.push((positions.offset - 1) as i64);
                    } else {
                        positions_of.push(next as i64);
                        next += 1;
                    }
                }
            }
            states = states.f_add_(&rows(table, &index(positions_of)?)?)?;
        }
        if let Some(token_type) = &weights.token_type {
            states = states.f_add_(token_type)?;
        }
        states = normalize(weights.norm.as_ref(), states)?;
        if let Some((_, linear)) = projection.filter(|(p, _)| !p.before_positions) {
            states = linear.apply(&states)?.f_to_kind(Kind::Float)?;
        }
        Ok(states)
    }
}
