//! What the stages of llm-mri exchange, and the two traits that others implement.
//!
//! Texts with [`Labels`] go through a model. A [`Backend`] (an inference engine) turns batches of
//! tokens into one matrix per recorded [`Layer`]; a [`Reducer`] turns each of those matrices into a
//! few columns that can be drawn. Between the stages travel [`Activations`] and an [`Embedding`]:
//! both are a [`LayerStack`], whose one promise is that **row `i` of every matrix is row `i` of the
//! labels**, checked when the stack is built.
//!
//! How to write a backend is told in `docs/backends.md`, with `examples/custom_backend.rs`; the
//! [`conformance`] suites tell whether an implementation is right.
//!
//! This crate depends on no tensor library and no linear algebra, so that an inference engine or a
//! reducer can be written against it alone. Data are `f32`; sums are taken in `f64`.

#![warn(missing_docs)]

mod atomic;
mod backend;
pub mod conformance;
mod error;
mod labels;
mod layer;
mod names;
mod origin;
mod progress;
mod random;
mod reducer;
mod rows;
mod shard;
mod stack;

pub use atomic::{sync_folder, temporary_target, write_atomic};
pub use backend::{Backend, BackendError, Capture, ModelInfo, ModelKind, Pooling, TokenBatch};
pub use error::CoreError;
pub use labels::Labels;
pub use layer::{Layer, Site};
pub use names::UnknownName;
pub use origin::{CorpusOrigin, ShardOrigin};
pub use progress::{Cancelled, Progress, Watch};
pub use random::SplitMix64;
pub use reducer::{Component, Fitted, Projection, ReduceError, Reducer};
pub use rows::RowSource;
pub use shard::Shard;
pub use stack::{Activations, Embedding, LayerStack, Points, RowCount};
