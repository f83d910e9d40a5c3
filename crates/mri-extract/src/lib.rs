//! Text in, matrices out: corpora, tokenising, batching, pooling and the libtorch engine of llm-mri.
//!
//! Every transformer that can be recorded is one value of [`TransformerSpec`], read from its
//! `config.json`; the engine (`TchBackend`) executes the description and knows no architecture
//! by name. The engine is the feature `tch`, on by default and the only part that needs libtorch:
//! readers, stores and [`FakeBackend`] do without.

mod batch;
mod engine;
mod error;
mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hub;
mod record;
mod record_to_store;
mod tokenize;
mod tokens;

pub use batch::{BatchLimits, BatchPlan, plan_batches};
pub use engine::{
    Activation, Attention, Block, BlockNorms, Device, Dtype, Embedding, FakeBackend,
    LearnedPositions, Mlp, ModelError, Norm, NormKind, Part, Projection, QkNorm, QkNormOver,
    QkvLayout, Rotary, RotaryPairs, RotaryScaling, ScoreBias, TransformerSpec, WeightNames,
    alibi_slopes, relative_bucket, supported_families,
};
#[cfg(feature = "tch")]
pub use engine::{TchBackend, TchOptions, TorchScriptBackend};
pub use error::ExtractError;
pub use files::model_hash;
#[cfg(feature = "hub")]
pub use hub::HubOptions;
pub use hub::{HubError, ModelSource};
pub use record::{RecordOptions, Recording, record};
pub use record_to_store::{StoredRecording, record_to_store};
pub use tokenize::{TextTokenizer, TokenizedCorpus, TokenizedTexts};
pub use tokens::{TokenFile, TokenSource};
