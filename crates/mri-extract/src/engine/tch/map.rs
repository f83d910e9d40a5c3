//! Linear maps and their products.

use std::ptr::NonNull;
use std::slice;
use std::sync::OnceLock;

use tch::{Device, Kind, TchError, Tensor};

use super::block::activate;
use crate::engine::spec::Activation;
use crate::engine::wide::{Panels, Rows, Then};

/// A linear map, laid out in memory as its products want it.
pub(super) struct Map {
    weights: Weights,
    bias: Option<Tensor>,
}

enum Weights {
    /// For libtorch, of shape (outputs, inputs).
    Stored(Tensor),
    /// For our own products in `f32`.
    Packed(Packed),
}

struct Packed {
    panels: Panels,
    /// The same of shape (outputs, inputs), made when they are first asked for.
    stored: OnceLock<Tensor>,
}

impl Map {
    /// The map with these weights of shape (outputs, inputs), which stay on their device.
    pub(super) fn new(weight: &Tensor, bias: Option<Tensor>) -> Result<Self, TchError> {
        let weight = weight.f_contiguous()?;
        let packed = match numbers(&weight) {
            Some(numbers) => {
                let (outputs, inputs) = weight.size2()?;
                Panels::pack(numbers, [outputs as usize, inputs as usize])
            }
            None => None,
        };
        Ok(Self {
            weights: packed.map_or(Weights::Stored(weight), |panels| {
                Weights::Packed(panels.into())
            }),
            bias,
        })
    }

    /// Whether the products are our own.
    pub(super) fn packed(&self) -> bool {
        matches!(self.weights, Weights::Packed(_))
    }

    /// The outputs for states of shape (tokens, inputs), in the numbers of the weights.
    pub(super) fn apply(&self, states: &Tensor) -> Result<Tensor, TchError> {
        match &self.weights {
            Weights::Stored(weight) => states
                .f_to_kind(weight.f_kind()?)?
                .f_linear(weight, self.bias.as_ref()),
            Weights::Packed(Packed { panels, .. }) => self.products(panels, states, Then::Write),
        }
    }

    /// The same with an activation of the outputs.
    pub(super) fn activate(
        &self,
        states: &Tensor,
        activation: Activation,
    ) -> Result<Tensor, TchError> {
        match &self.weights {
            Weights::Packed(Packed { panels, .. }) if activation == Activation::Gelu => {
                self.products(panels, states, Then::Gelu)
            }
            _ => activate(activation, self.apply(states)?),
        }
    }

    fn products(&self, panels: &Panels, states: &Tensor, then: Then) -> Result<Tensor, TchError> {
        let size = [states.size2()?.0, panels.outputs() as i64];
        let mut out = Tensor::f_empty(size, (Kind::Float, Device::Cpu))?;
        self.multiply(panels, &states.f_to_kind(Kind::Float)?, &mut out, then)?;
        Ok(out)
    }

    /// Adds the outputs for `states` to a stream in `f32`, if the products are in `f32` too.
    pub(super) fn add_to(&self, states: &Tensor, stream: &mut Tensor) -> Result<bool, TchError> {
        match &self.weights {
            Weights::Packed(Packed { panels, .. }) if stream.is_contiguous() => {
                self.multiply(panels, states, stream, Then::Add)?;
            }
            Weights::Stored(weight) if weight.f_kind()? == Kind::Float => {
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
        panels: &Panels,
        states: &Tensor,
        out: &mut Tensor,
        then: Then,
    ) -> Result<(), TchError> {
        let (n, outputs) = out.size2()?;
        if states.size2()? != (n, panels.inputs() as i64) || outputs != panels.outputs() as i64 {
            let found = (states.size(), out.size());
            return Err(TchError::Shape(format!("a map of shapes {found:?}")));
        }
        let bias = self
            .bias
            .as_ref()
            .map(|bias| numbers(bias).ok_or_else(foreign));
        let states = states.f_contiguous()?;
        let rows = rows(&states).ok_or_else(foreign)?;
        let out = numbers_mut(out).ok_or_else(foreign)?;
        panels.multiply(rows, bias.transpose()?, out, then, n_threads());
        Ok(())
    }

    /// The map to `count` of its outputs, from `start` on.
    pub(super) fn part(&self, start: i64, count: i64) -> Result<Self, TchError> {
        let bias = self.bias(start, count)?;
        let range = start as usize..(start + count) as usize;
        let part = match &self.weights {
            Weights::Packed(Packed { panels, .. }) => panels.part(range),
            Weights::Stored(_) => None,
        };
        Ok(Self {
            weights: match part {
                Some(panels) => Weights::Packed(panels.into()),
                None => Weights::Stored(self.weight(start, count)?),
            },
            bias,
        })
    }

    /// The weights of `count` of its outputs, from `start` on: shape (outputs, inputs).
    pub(super) fn weight(&self, start: i64, count: i64) -> Result<Tensor, TchError> {
        match &self.weights {
            Weights::Stored(weight) => weight.f_narrow(0, start, count),
            Weights::Packed(Packed { panels, stored }) => {
                if stored.get().is_none() {
                    let weight = Tensor::f_from_slice(&panels.unpack())?;
                    let shape = [panels.outputs() as i64, panels.inputs() as i64];
                    // Another thread may have been quicker.
                    let _ = stored.set(weight.f_view(shape)?);
                }
                let weight = stored.get().ok_or_else(foreign)?;
                weight.f_narrow(0, start, count)
            }
        }
    }

    /// The bias of `count` of its outputs, from `start` on.
    pub(super) fn bias(&self, start: i64, count: i64) -> Result<Option<Tensor>, TchError> {
        let bias = self.bias.as_ref();
        bias.map(|bias| bias.f_narrow(0, start, count)).transpose()
    }

    /// Adds to `count` outputs in bfloat16, from `start` on, what `states` in `f32` lost when they were
    /// rounded to bfloat16. Scores are a softmax's exponents and feel it more than anything else:
    /// with this for queries and keys a sixth of the products more gives rows with two thirds of the
    /// error.
    pub(super) fn refine(
        &self,
        (start, count): (i64, i64),
        outputs: &mut Tensor,
        states: &Tensor,
    ) -> Result<(), TchError> {
        let Weights::Stored(weight) = &self.weights else {
            return Ok(());
        };
        if weight.f_kind()? != Kind::BFloat16 || states.f_kind()? != Kind::Float {
            return Ok(());
        }
        let rounded = states.f_to_kind(Kind::BFloat16)?;
        let lost = states.f_sub(&rounded)?.f_to_kind(Kind::BFloat16)?;
        let weight = weight.f_narrow(0, start, count)?;
        let _ = outputs.f_add_(&lost.f_linear(&weight, None::<Tensor>)?)?;
        Ok(())
    }
}

impl From<Panels> for Packed {
    fn from(panels: Panels) -> Self {
        Self {
            panels,
            stored: OnceLock::new(),
        }
    }
}

/// The threads that libtorch would use for work that is started here.
pub(super) fn n_threads() -> usize {
    usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1)
}

/// The numbers of a tensor that holds them in `f32` in this machine's memory, one after the other.
pub(super) fn numbers(tensor: &Tensor) -> Option<&[f32]> {
    if !tensor.is_contiguous() {
        return None;
    }
    let start = start(tensor)?;
    // SAFETY: so many numbers of this kind lie there as long as the tensor lives. What libtorch
    // allocated without writing to it is some number or other.
    Some(unsafe { slice::from_raw_parts(start, tensor.numel()) })
}

/// The same for writing. Nobody may read the tensor through another handle at the same time.
pub(super) fn numbers_mut(tensor: &mut Tensor) -> Option<&mut [f32]> {
    if !tensor.is_contiguous() {
        return None;
    }
    let start = start(tensor)?;
    // SAFETY: as above.
    Some(unsafe { slice::from_raw_parts_mut(start, tensor.numel()) })
}

/// The rows of a matrix in `f32` in this machine's memory, which may be columns of a wider one.
pub(super) fn rows(tensor: &Tensor) -> Option<Rows<'_>> {
    let (n, width) = tensor.size2().ok()?;
    let strides = tensor.stride();
    let stride = usize::try_from(strides[0]).ok()?;
    if strides[1] != 1 {
        return None;
    }
    let numbers = match n {
        0 => 0,
        _ => (n as usize - 1) * stride + width as usize,
    };
    let start = start(tensor)?;
    // SAFETY: the last of the numbers is the last number of the last row.
    let numbers = unsafe { slice::from_raw_parts(start, numbers) };
    Some(Rows { numbers, stride })
}

/// The address of the first number, if it is an `f32` in this machine's memory.
fn start(tensor: &Tensor) -> Option<*mut f32> {
    if tensor.device() != Device::Cpu || tensor.f_kind().ok()? != Kind::Float {
        return None;
    }
    let start = NonNull::new(tensor.data_ptr().cast::<f32>());
    // A slice needs an address even where it has no numbers.
    Some(start.unwrap_or(NonNull::dangling()).as_ptr())
}

fn foreign() -> TchError {
    TchError::Shape("numbers are not where or what they were to be".to_owned())
}
