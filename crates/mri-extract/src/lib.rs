//! Text in, matrices out: corpora, tokenising, batching, pooling and the libtorch engine of llm-mri.
//!
//! Every transformer that can be recorded is one value of [`TransformerSpec`], read from its
//! `config.json`; the engine ([`TchBackend`]) executes the description and knows no architecture
//! by name. The engine is the feature `tch`, on by default and the only part that needs libtorch:
//! readers, stores and [`FakeBackend`] do without.

mod engine;

pub use engine::{
    Activation, Attention, Block, BlockNorms, Device, Dtype, Embedding, FakeBackend,
    LearnedPositions, Mlp, ModelError, Norm, NormKind, Part, Projection, QkvLayout,
    TransformerSpec, UnknownName, WeightNames, supported_families,
};
#[cfg(feature = "tch")]
pub use engine::{TchBackend, TchOptions};
