//! The integration tests of mri-extract.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and one that is skipped says so"
)]

/// Every backend against the conformance suite.
mod conformance;
/// Tiny models of every family against transformers.
#[cfg(feature = "tch")]
mod families;
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
/// From a corpus to matrices: order, equal texts, errors with their row.
mod record;
/// Recordings on disk: resumed, reused, refused.
mod store;
/// Tokens that stay on disk: as in memory, and gone afterwards.
mod stored;
/// Modules that python exported.
#[cfg(feature = "tch")]
mod torchscript;
