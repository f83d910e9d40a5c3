//! Linear layers and their products.

use std::sync::OnceLock;

use tch::{Device, Kind, TchError, Tensor};

use super::activation::activate;
use super::runtime::n_threads;
use super::tensor_view::{as_rows, as_slice, as_slice_mut, not_a_slice};
use crate::engine::gemm::{Epilogue, PackedWeights};
use crate::engine::spec::Activation;

/// A linear layer with its weights in the layout of its products.
pub(super) struct Linear {
    weights: Weights,
    bias: Option<Tensor>,
}

enum Weights {
    /// For libtorch, shape (outputs, inputs).
    Plain(Tensor),
    /// For our own kernels in `f32`.
    Packed(Packed),
}

struct Packed {
    weights: PackedWeights,
    /// The same as a tensor of shape (outputs, inputs), made on first use.
    unpacked: OnceLock<Tensor>,
}

impl Linear {
    /// A layer with weights of shape (outputs, inputs), which stay on their device.
    pub(super) fn new(weight: &Tensor, bias: Option<Tensor>) -> Result<Self, TchError> {
        let weight = weight.f_contiguous()?;
        let packed = match as_slice(&weight) {
            Some(values) => {
                let (outputs, inputs) = weight.size2()?;
                PackedWeights::pack(values, [outputs as usize, inputs as usize])
            }
            None => None,
        };
        Ok(Self {
            weights: packed.map_or(Weights::Plain(weight), |packed| {
                Weights::Packed(packed.into())
            }),
            bias,
        })
    }

    /// Whether products run in our own kernels.
    pub(super) fn packed(&self) -> bool {
        matches!(self.weights, Weights::Packed(_))
    }

    /// The outputs for states of shape (tokens, inputs), in the dtype of the weights.
    pub(super) fn apply(&self, states: &Tensor) -> Result<Tensor, TchError> {
        match &self.weights {
            Weights::Plain(weight) => states
                .f_to_kind(weight.f_kind()?)?
                .f_linear(weight, self.bias.as_ref()),
            Weights::Packed(packed) => self.product(&packed.weights, states, Epilogue::Store),
        }
    }

    /// The outputs after an activation function.
    pub(super) fn activate(
        &self,
        states: &Tensor,
        activation: Activation,
    ) -> Result<Tensor, TchError> {
        match &self.weights {
            Weights::Packed(packed) if activation == Activation::Gelu => {
                self.product(&packed.weights, states, Epilogue::Gelu)
            }
            _ => activate(activation, self.apply(states)?),
        }
    }

    fn product(
        &self,
        weights: &PackedWeights,
        states: &Tensor,
        epilogue: Epilogue,
    ) -> Result<Tensor, TchError> {
        let size = [states.size2()?.0, weights.outputs() as i64];
        let mut out = Tensor::f_empty(size, (Kind::Float, Device::Cpu))?;
        self.multiply(weights, &states.f_to_kind(Kind::Float)?, &mut out, epilogue)?;
        Ok(out)
    }

    /// Adds the outputs for `states` to an `f32` stream in place. Returns false, with the stream
    /// unchanged, if the products are not in `f32` too.
    pub(super) fn accumulate(
        &self,
        states: &Tensor,
        stream: &mut Tensor,
    ) -> Result<bool, TchError> {
        match &self.weights {
            Weights::Packed(packed) if stream.is_contiguous() => {
                self.multiply(&packed.weights, states, stream, Epilogue::Accumulate)?;
            }
            Weights::Plain(weight) if weight.f_kind()? == Kind::Float => {
                if let Some(bias) = &self.bias {
                    let _ = stream.f_add_(bias)?;
                }
                let _ = stream.f_addmm_(states, &weight.f_tr()?)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn multiply(
        &self,
        weights: &PackedWeights,
        states: &Tensor,
        out: &mut Tensor,
        epilogue: Epilogue,
    ) -> Result<(), TchError> {
        let (n, outputs) = out.size2()?;
        if states.size2()? != (n, weights.inputs() as i64) || outputs != weights.outputs() as i64 {
            let found = (states.size(), out.size());
            return Err(TchError::Shape(format!(
                "a linear layer on shapes {found:?}"
            )));
        }
        let bias = self
            .bias
            .as_ref()
            .map(|bias| as_slice(bias).ok_or_else(not_a_slice));
        let states = states.f_contiguous()?;
        let rows = as_rows(&states).ok_or_else(not_a_slice)?;
        let out = as_slice_mut(out).ok_or_else(not_a_slice)?;
        weights.multiply(rows, bias.transpose()?, out, epilogue, n_threads());
        Ok(())
    }

    /// The layer restricted to `count` of its outputs, from `start` on.
    pub(super) fn slice(&self, start: i64, count: i64) -> Result<Self, TchError> {
        let bias = self.bias(start, count)?;
        let range = start as usize..(start + count) as usize;
        let packed = match &self.weights {
            Weights::Packed(packed) => packed.weights.slice(range),
            Weights::Plain(_) => None,
        };
        Ok(Self {
            weights: match packed {
                Some(packed) => Weights::Packed(packed.into()),
                None => Weights::Plain(self.weight(start, count)?),
            },
            bias,
        })
    }

    /// The weights of `count` outputs from `start` on, shape (outputs, inputs).
    pub(super) fn weight(&self, start: i64, count: i64) -> Result<Tensor, TchError> {
        match &self.weights {
            Weights::Plain(weight) => weight.f_narrow(0, start, count),
            Weights::Packed(Packed { weights, unpacked }) => {
                if unpacked.get().is_none() {
                    let weight = Tensor::f_from_slice(&weights.unpack())?;
                    let shape = [weights.outputs() as i64, weights.inputs() as i64];
                    // Another thread may have set it meanwhile, to the same.
                    let _ = unpacked.set(weight.f_view(shape)?);
                }
                let weight = unpacked.get().ok_or_else(not_a_slice)?;
                weight.f_narrow(0, start, count)
            }
        }
    }

    /// The bias of `count` outputs from `start` on.
    pub(super) fn bias(&self, start: i64, count: i64) -> Result<Option<Tensor>, TchError> {
        let bias = self.bias.as_ref();
        bias.map(|bias| bias.f_narrow(0, start, count)).transpose()
    }

    /// Corrects `count` bfloat16 outputs from `start` on for the rounding of `states` from `f32` to
    /// bfloat16, by a second product with the rounding error. Attention scores are exponents of a
    /// softmax and most sensitive to it: for queries and keys this costs a sixth of the products
    /// and leaves two thirds of the error.
    pub(super) fn correct_rounding(
        &self,
        (start, count): (i64, i64),
        outputs: &mut Tensor,
        states: &Tensor,
    ) -> Result<(), TchError> {
        let Weights::Plain(weight) = &self.weights else {
            return Ok(());
        };
        if weight.f_kind()? != Kind::BFloat16 || states.f_kind()? != Kind::Float {
            return Ok(());
        }
        let rounded = states.f_to_kind(Kind::BFloat16)?;
        let error = states.f_sub(&rounded)?.f_to_kind(Kind::BFloat16)?;
        let weight = weight.f_narrow(0, start, count)?;
        let _ = outputs.f_add_(&error.f_linear(&weight, None::<Tensor>)?)?;
        Ok(())
    }
}

impl From<PackedWeights> for Packed {
    fn from(weights: PackedWeights) -> Self {
        Self {
            weights,
            unpacked: OnceLock::new(),
        }
    }
}
