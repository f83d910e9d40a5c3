//! One transformer block.

use mri_core::Site;
use tch::{Kind, TchError, Tensor};

use super::attention::attend;
use super::attention_layout::AttentionLayout;
use super::linear::Linear;
use super::mlp::neurons_and_down;
use super::norm::{NormWeights, normalize};
use super::recorder::Recorder;
use super::weights::BlockWeights;
use crate::engine::spec::Block;

/// A block with what it needs for a micro-batch.
pub(super) struct BlockPass<'a> {
    /// The number of the block, from 1.
    pub(super) index: usize,
    pub(super) spec: &'a Block,
    pub(super) weights: &'a BlockWeights,
    /// The model's table of relative position biases.
    pub(super) relative_bias: Option<&'a Tensor>,
    pub(super) layout: &'a AttentionLayout<'a>,
}

impl BlockPass<'_> {
    /// Runs the block on the residual stream, which is in `f32` whatever the compute dtype: rounded
    /// after every block it would lose its low bits. The result has one row per token, or one per
    /// text if the layout picks tokens.
    pub(super) fn run(
        &self,
        states: Tensor,
        recorder: &mut Recorder<'_>,
    ) -> Result<Tensor, TchError> {
        let Self {
            spec,
            weights,
            layout,
            ..
        } = self;
        let attn_in = normalize(weights.attn_in.as_ref(), states.shallow_clone())?;
        let attn = Branch {
            site: Site::AttnOut,
            states: attend(
                layout,
                &spec.attention,
                weights,
                self.relative_bias,
                &attn_in,
            )?,
            linear: Some(&weights.output),
            norm: weights.attn_out.as_ref(),
        };
        let states = layout.pick(states)?;
        if spec.parallel {
            let mlp_in = match &weights.mlp_in {
                Some(norm) => norm.apply(&states)?,
                None => layout.pick(attn_in)?,
            };
            let mlp = self.mlp(&mlp_in, recorder)?;
            let states = self.add(attn, states, recorder)?;
            return self.add(mlp, states, recorder);
        }
        let states = self.add(attn, states, recorder)?;
        let states = normalize(weights.after_attn.as_ref(), states)?;
        let mlp_in = normalize(weights.mlp_in.as_ref(), states.shallow_clone())?;
        let mlp = self.mlp(&mlp_in, recorder)?;
        let states = self.add(mlp, states, recorder)?;
        normalize(weights.after_mlp.as_ref(), states)
    }

    fn mlp(&self, mlp_in: &Tensor, recorder: &mut Recorder<'_>) -> Result<Branch<'_>, TchError> {
        let record = |neurons: &Tensor| {
            recorder.record(Site::MlpAct, self.index, neurons, self.layout.picks())
        };
        let (states, linear) = neurons_and_down(&self.spec.mlp, &self.weights.mlp, mlp_in, record)?;
        Ok(Branch {
            site: Site::MlpOut,
            states,
            linear,
            norm: self.weights.mlp_out.as_ref(),
        })
    }

    /// The residual stream plus a branch, in `f32`. Recorded rows are copies, so this can be done
    /// in place, and the product itself can make the sum if the branch alone is not captured.
    fn add(
        &self,
        branch: Branch<'_>,
        mut stream: Tensor,
        recorder: &mut Recorder<'_>,
    ) -> Result<Tensor, TchError> {
        if let Some(linear) = branch.linear
            && branch.norm.is_none()
            && self.spec.residual_scale.is_none()
            && !recorder.captures(branch.site, self.index)
            && linear.accumulate(&branch.states, &mut stream)?
        {
            return Ok(stream);
        }
        let states = match branch.linear {
            Some(linear) => linear.apply(&branch.states)?,
            None => branch.states,
        };
        let states = normalize(branch.norm, states)?;
        let states = match self.spec.residual_scale {
            Some(scale) => states.f_to_kind(Kind::Float)?.f_mul_scalar_(scale)?,
            None => states,
        };
        recorder.record(branch.site, self.index, &states, self.layout.picks())?;
        states.f_to_kind(Kind::Float)?.f_add_(&stream)
    }
}

/// What attention or MLP adds to the residual stream: `scale · norm(linear(states))`, recorded as a
/// site.
struct Branch<'a> {
    site: Site,
    states: Tensor,
    linear: Option<&'a Linear>,
    norm: Option<&'a NormWeights>,
}
