//! GGUF files as models: their metadata as a description, their tensors by role.

mod architecture;
mod config_writer;
mod names;
mod weights;

pub(crate) use architecture::describe;
pub(crate) use weights::{GgufValues, GgufWeights};
