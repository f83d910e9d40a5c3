//! From token ids to activations: descriptions of models, their weights, and the engines.

pub(crate) mod adapter_config;
mod config;
#[cfg(feature = "tch")]
mod dequantize;
mod describe;
pub(crate) mod device;
pub(crate) mod error;
mod fake;
mod families;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
#[cfg(feature = "tch")]
mod gemm;
#[cfg_attr(
    not(feature = "tch"),
    allow(
        dead_code,
        unused_imports,
        reason = "weights are only read for an engine"
    )
)]
pub(crate) mod gguf;
#[cfg(feature = "tch")]
mod parallel;
#[cfg(feature = "tch")]
mod prefix;
#[cfg(feature = "tch")]
mod reader;
pub mod spec;
#[cfg(feature = "tch")]
mod tch;
#[cfg_attr(
    not(feature = "tch"),
    expect(dead_code, reason = "weights are only read for an engine")
)]
pub(crate) mod weights;

pub use device::{Device, Dtype};
pub use error::ModelError;
pub use fake::FakeBackend;
pub use families::supported_families;
#[cfg(feature = "tch")]
pub use tch::{TchBackend, TchOptions, TorchScriptBackend};
