//! Texts in, activations out: tokenizing, batching, recording, models of the hub and the libtorch
//! engine of llm-mri.
//!
//! A corpus is tokenized by a [`TextTokenizer`] and run through a
//! [`Backend`](mri_core::Backend) in batches of similar length, equal texts once. [`record`] keeps
//! the activations in memory, [`record_to_store`] in a folder that survives a killed process.
//!
//! ```
//! use mri_core::{Backend, Layer};
//! use mri_corpus::Corpus;
//! use mri_extract::{FakeBackend, RecordOptions, TextTokenizer, record_to_store};
//! use mri_store::StoreOptions;
//!
//! // A model's folder has a tokenizer; this one knows three words. The backend computes something
//! // simple in place of a model; `TchBackend::load(folder, &TchOptions::default())` runs a real
//! // one.
//! let folder = tempfile::tempdir()?;
//! # let json = r#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
//! #     "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
//! #     "decoder": null, "model": {"type": "WordLevel", "unk_token": "[UNK]",
//! #         "vocab": {"[UNK]": 0, "law": 1, "court": 2, "salt": 3}}}"#;
//! # std::fs::write(folder.path().join("tokenizer.json"), json)?;
//! let mut backend = FakeBackend::default();
//! let tokenizer = TextTokenizer::open(folder.path(), backend.model(), None)?;
//!
//! let corpus = Corpus::from_pairs([("law court", "law"), ("salt", "food"), ("court", "law")])?;
//! let texts = tokenizer.encode_corpus(&corpus, None, &())?;
//! let recording = record_to_store(
//!     &mut backend,
//!     texts.tokens.as_ref(),
//!     corpus.labels(),
//!     &texts.provenance("hash of the model".to_owned()),
//!     &folder.path().join("out"),
//!     &RecordOptions::default(),
//!     &StoreOptions::default(),
//!     &(),
//! )?;
//! let rows = recording.activations.get(Layer::resid(0)).unwrap();
//! assert_eq!(rows.size().0, 3); // row i is text i
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every transformer that can be run is one value of [`spec::TransformerSpec`], read from its
//! `config.json`; `TchBackend` executes the description and knows no architecture by name. It is
//! the feature `tch`, on by default and the only part that needs libtorch. The feature `hub`
//! fetches models by their id.

mod batch;
mod blob;
mod engine;
mod error;
mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gguf;
mod hub;
mod model_folder;
mod model_name;
mod normalizer_growth;
mod notes;
mod pretrained;
mod record;
mod record_to_store;
mod regular;
mod sentence;
mod tokenized;
mod tokenizer;
mod tokenizer_parts;
mod tokens;
mod vocabulary_files;

pub use engine::{Device, Dtype, FakeBackend, ModelError, spec, supported_families};
#[cfg(feature = "tch")]
pub use engine::{TchBackend, TchOptions, TorchScriptBackend};
pub use error::{ExtractError, OptionsProblem, TokenizerProblem};
pub use files::model_hash;
pub use gguf::GgufError;
#[cfg(feature = "hub")]
pub use hub::HubOptions;
pub use hub::{HubError, ModelSource};
pub use model_folder::ModelFolder;
pub use notes::ModelNote;
pub use record::{RecordOptions, Recording, record};
pub use record_to_store::{StoredRecording, record_to_store};
pub use sentence::{PoolingMode, SentenceSettings};
pub use tokenized::{TokenizedCorpus, TokenizedTexts};
pub use tokenizer::TextTokenizer;
pub use tokens::TokenSource;
