//! What the stages of llm-mri exchange, and the two traits that others implement.
//!
//! Texts with [`Labels`] go through a model. A [`Backend`] (an inference engine) turns batches of
//! tokens into one matrix per recorded [`Layer`]; a [`Reducer`] turns each of those matrices into a
//! *map*: the same rows in the few columns that can be drawn. Between the stages travel
//! [`Activations`] and an [`Embedding`] (the maps of all layers). Both are a [`LayerStack`], whose
//! one promise is that **row `i` of every matrix is row `i` of the labels**, checked when the stack
//! is built.
//!
//! A reducer that keeps the first two columns, and what it makes of a layer:
//!
//! ```
//! use std::sync::Arc;
//!
//! use mri_core::{
//!     Activations, Component, Embedding, Fitted, Labels, Layer, Points, Projection, ReduceError,
//!     Reducer, Watch,
//! };
//! use ndarray::{Array2, ArrayView2, array, s};
//!
//! struct FirstTwo;
//!
//! impl Reducer for FirstTwo {
//!     fn name(&self) -> &str {
//!         "first two columns"
//!     }
//!
//!     fn fit(&self, x: ArrayView2<'_, f32>, _: &dyn Watch) -> Result<Fitted, ReduceError> {
//!         Ok(Fitted {
//!             points: self.transform(x)?,
//!             components: ["column 0", "column 1"]
//!                 .map(|name| Component {
//!                     name: name.to_owned(),
//!                     explained_variance_ratio: None,
//!                 })
//!                 .into(),
//!             projection: Box::new(FirstTwo),
//!         })
//!     }
//! }
//!
//! impl Projection for FirstTwo {
//!     fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError> {
//!         Ok(x.slice(s![.., ..2]).to_owned())
//!     }
//! }
//!
//! // Three texts of two categories, recorded in one layer that is three columns wide.
//! let labels = Arc::new(Labels::from_names(["law", "music", "law"])?);
//! let states = array![[0.1, 0.9, 0.4], [0.8, 0.2, 0.3], [0.2, 0.7, 0.5]];
//! let layer = Layer::resid(6);
//! let activations = Activations::from_arrays(labels.clone(), [(layer, states)])?;
//!
//! let mut maps = Vec::new();
//! for (layer, rows) in activations.iter() {
//!     let fitted = FirstTwo.fit_rows(rows.as_ref(), &())?;
//!     let points = Points {
//!         coordinates: fitted.points,
//!         components: fitted.components,
//!         degenerate: false,
//!     };
//!     maps.push((layer, points));
//! }
//! let embedding = Embedding::new(labels, maps)?;
//!
//! let map = embedding.get(layer).expect("was reduced above");
//! assert_eq!(map.coordinates.row(1), array![0.8, 0.2]);
//! assert_eq!(embedding.labels().category_of(1), Some("music"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/custom_reducer.rs` has one that checks its input, and `docs/backends.md` goes through
//! a backend step by step. The test suites in `conformance`, behind the feature of that name, tell
//! whether an implementation is right.
//!
//! This crate depends on no tensor library and no linear algebra, so that an inference engine or a
//! reducer can be written against it alone. Data are `f32`; sums are taken in `f64`. It also holds
//! the primitives that every crate needs once: [`SplitMix64`], [`write_atomic`], [`enum_names!`].

#![warn(missing_docs)]

mod atomic;
mod backend;
mod batch;
mod category_counts;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod guard;
mod labels;
mod layer;
mod model;
mod names;
mod origin;
mod pooling;
mod progress;
mod random;
mod reducer;
mod rows;
mod shard;
mod stack;

pub use atomic::{sync_folder, temporary_path, temporary_target, write_atomic};
pub use backend::{Backend, BackendError, Capture};
pub use batch::TokenBatch;
pub use category_counts::CategoryCounts;
pub use error::CoreError;
pub use guard::{CaughtPanic, guarded, panic_is_caught};
pub use labels::Labels;
pub use layer::{Layer, Site};
pub use model::{ModelInfo, ModelKind};
pub use names::UnknownName;
pub use origin::{CorpusOrigin, ShardOrigin};
pub use pooling::Pooling;
pub use progress::{Cancelled, Progress, Watch};
pub use random::SplitMix64;
pub use reducer::{Component, Fitted, Projection, ReduceError, Reducer};
pub use rows::RowSource;
pub use shard::Shard;
pub use stack::{Activations, Embedding, LayerStack, Points, RowCount};
