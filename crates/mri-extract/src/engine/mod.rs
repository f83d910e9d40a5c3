//! From token ids to activations: the description of a model, its weights, and the engines.

mod config;
mod device;
mod error;
mod fake;
mod families;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod rotary;
mod score_bias;
#[cfg(feature = "tch")]
mod side_by_side;
mod spec;
#[cfg(feature = "tch")]
mod tch;
#[cfg_attr(
    not(feature = "tch"),
    expect(dead_code, reason = "weights are only read for an engine")
)]
mod weights;
#[cfg(feature = "tch")]
mod wide;

pub use device::{Device, Dtype};
pub use error::ModelError;
pub use fake::FakeBackend;
pub use families::supported_families;
pub use rotary::{Rotary, RotaryPairs, RotaryScaling};
pub use score_bias::{alibi_slopes, relative_bucket};
pub use spec::{
    Activation, Attention, Block, BlockNorms, Embedding, LearnedPositions, Mlp, Norm, NormKind,
    Part, Projection, QkNorm, QkNormOver, QkvLayout, ScoreBias, TransformerSpec, WeightNames,
};
#[cfg(feature = "tch")]
pub use tch::{TchBackend, TchOptions, TorchScriptBackend};
#[cfg(feature = "hub")]
pub(crate) use weights::parse_index;
