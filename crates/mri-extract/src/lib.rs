//! Texts in, activations out: tokenizing, batching, recording and the libtorch engine of llm-mri.
//!
//! Every transformer that can be recorded is one value of [`TransformerSpec`], read from its
//! `config.json`; the engine (`TchBackend`) executes the description and knows no architecture
//! by name. The engine is the feature `tch`, on by default and the only part that needs libtorch:
//! everything else, such as [`record`] with [`FakeBackend`], builds without.

mod batch;
mod engine;
mod error;
mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hub;
mod model_name;
mod record;
mod record_to_store;
mod tokenized;
mod tokenizer;
mod tokens;

pub use engine::{
    Activation, Attention, Block, BlockNorms, Device, Dtype, Embedding, FakeBackend,
    LearnedPositions, Mlp, ModelError, Norm, NormKind, Part, Projection, QkNorm, QkNormOver,
    QkvLayout, Rotary, RotaryPairs, RotaryScaling, ScoreBias, TransformerSpec, WeightNames,
    alibi_slopes, relative_bucket, supported_families,
};
#[cfg(feature = "tch")]
pub use engine::{TchBackend, TchOptions, TorchScriptBackend};
pub use error::{ExtractError, OptionsProblem, TokenizerProblem};
pub use files::model_hash;
#[cfg(feature = "hub")]
pub use hub::HubOptions;
pub use hub::{HubError, ModelSource};
pub use record::{RecordOptions, Recording, record};
pub use record_to_store::{StoredRecording, record_to_store};
pub use tokenized::{TokenizedCorpus, TokenizedTexts};
pub use tokenizer::TextTokenizer;
pub use tokens::TokenSource;
