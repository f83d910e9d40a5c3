//! Matrices in, few columns out.
//!
//! The activations of a layer have hundreds of dimensions; a picture has two. This crate holds the
//! [`Reducer`]s that get from one to the other, the [`Scaling`] that comes first, and
//! [`reduce_stack`], which reduces every layer of a recording.
//!
//! The key decision: a reducer is fitted **once per layer on all texts**. Categories are rows of
//! the result, so their points share axes and can be compared; a reducer fitted per category would
//! give each its own axes.
//!
//! [`reduce_stack_aligned`] gives all layers one frame, so that texts can be followed through them.
//!
//! [`quality`] says how much a reduction kept, [`placement`] whether new rows land among their
//! neighbors, [`instability`] how much a reduction owes to its seed.
//!
//! [`Pca`] and [`Svd`] are exact: no randomized approximation, whose subspace is wrong where a
//! spectrum decays slowly, as that of real activations does. The linear algebra is faer's, or
//! LAPACK's with the feature `lapack`; only `linalg.rs` knows which. [`Umap`] and [`Tsne`] place points by
//! their neighbors, and give the same bits for one seed on any number of threads.

#![warn(missing_docs)]

mod align;
mod block;
mod check;
mod columns;
mod distance;
mod eight;
mod kind;
mod knn;
mod krylov;
mod linalg;
mod linear;
mod neighbor_embedding;
mod options;
mod quality;
mod random;
mod reduced;
mod row_blocks;
mod scaling;
mod simd;
mod similarity;
mod spec;
mod stack;
mod tsne;
mod umap;

pub use align::align_layers;
pub use distance::Distance;
pub use kind::{ParseReducerError, ReducerKind};
pub use knn::{Neighbors, approximate_nearest_rows, nearest_rows};
pub use linear::{IncrementalPca, LinearModel, LinearProjection, Pca, RandomProjection, Svd};
pub use mri_core::{Component, Fitted, Projection, ReduceError, Reducer};
pub use neighbor_embedding::Init;
pub use options::ReducerOptions;
pub use quality::{PointQuality, Quality, QualityOptions, RowsAndPoints, placement, quality};
pub use reduced::{LayerError, Reduced, ReducedLayer};
pub use scaling::{Scaler, Scaling};
pub use similarity::{Procrustes, instability, linear_cka, neighbor_overlap};
pub use spec::ReducerSpec;
pub use stack::{reduce_layer_aligned, reduce_stack, reduce_stack_aligned};
pub use tsne::Tsne;
pub use umap::Umap;
