//! The integration tests of mri-extract.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and one that is skipped says so"
)]

/// LoRA adapters against PEFT.
#[cfg(feature = "tch")]
mod adapters;
/// Every backend against the conformance suite.
mod conformance;
/// Tiny models of every family against transformers.
#[cfg(feature = "tch")]
mod families;
/// Tiny GGUF files against transformers.
#[cfg(feature = "tch")]
mod gguf;
/// Vocabularies of GGUF files against transformers.
#[cfg(feature = "tch")]
mod gguf_tokenizers;
/// Reading the goldens of `tests/golden/` and comparing with them.
#[cfg(feature = "tch")]
mod golden;
/// Models of the hub by their ids.
#[cfg(feature = "hub")]
mod hub;
/// Recordings whose process is killed, whose folder is in use, whose disk is full.
mod kills;
/// Shards of a corpus, recorded apart and joined.
mod merge;
/// all-MiniLM-L6-v2 against transformers.
#[cfg(feature = "tch")]
mod minilm;
/// What a broken or foreign model folder is answered with.
mod model_errors;
/// Models under the names and with the entries that tools and habits give them.
#[cfg(feature = "tch")]
mod model_habits;
/// Weights in few bits against the packages that write them.
#[cfg(feature = "tch")]
mod quantized;
/// From a corpus to matrices: order, equal texts, errors with their row.
mod record;
/// SmolLM2 from its GGUF file against transformers.
#[cfg(feature = "tch")]
mod smollm2;
/// Recordings on disk: resumed, reused, refused.
mod store;
/// Tokens that stay on disk: as in memory, and gone afterwards.
mod stored;
/// Tokenizers of every class and file against transformers.
mod tokenizers;
/// Modules that python exported.
#[cfg(feature = "tch")]
mod torchscript;
