//! From token ids to activations: the description of a model, its weights, and the engines.

mod config;
mod device;
mod error;
mod fake;
mod families;
mod spec;
#[cfg(feature = "tch")]
mod tch;
#[cfg_attr(
    not(feature = "tch"),
    expect(dead_code, reason = "weights are only read for an engine")
)]
mod weights;

pub use device::{Device, Dtype, UnknownName};
pub use error::ModelError;
pub use fake::FakeBackend;
pub use families::supported_families;
pub use spec::{
    Activation, Attention, Block, BlockNorms, Embedding, LearnedPositions, Mlp, Norm, NormKind,
    Part, Projection, QkvLayout, TransformerSpec, WeightNames,
};
#[cfg(feature = "tch")]
pub use tch::{TchBackend, TchOptions};
