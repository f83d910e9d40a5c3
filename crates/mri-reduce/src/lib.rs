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
//! neighbours, [`instability`] how much a reduction owes to its seed.
//!
//! [`Pca`] and [`Svd`] are exact: no randomised approximation, whose subspace is wrong where a
//! spectrum decays slowly, as that of real activations does. The linear algebra is faer's, or
//! LAPACK's with the feature `lapack`; only `linalg.rs` knows which. [`Umap`] and [`Tsne`] place points by
//! their neighbours, and give the same bits for one seed on any number of threads.

#![warn(missing_docs)]

mod align;
mod check;
mod columns;
mod directions;
mod eight;
mod kind;
mod knn;
mod krylov;
mod linalg;
mod linear;
mod moments;
mod options;
mod pca;
mod procrustes;
mod projection;
mod quad;
mod quality;
mod random;
mod random_projection;
mod rows;
mod scaling;
mod simd;
mod sketch;
mod stack;
mod svd;
mod tsne;
mod umap;

pub use align::align_layers;
pub use kind::{ParseReducerError, ReducerKind, ReducerSpec};
pub use knn::{Neighbours, near_rows, nearest_rows};
pub use linear::LinearModel;
pub use mri_core::{Component, Fitted, Projection, ReduceError, Reducer};
pub use options::ReducerOptions;
pub use pca::Pca;
pub use procrustes::{Procrustes, instability};
pub use projection::LinearProjection;
pub use quality::{
    Distance, PointQuality, Quality, QualityOptions, RowsAndPoints, placement, quality,
};
pub use random_projection::RandomProjection;
pub use scaling::{Scaler, Scaling};
pub use sketch::PcaSketch;
pub use stack::{
    LayerError, Reduced, ReducedLayer, reduce_near, reduce_stack, reduce_stack_aligned,
};
pub use svd::Svd;
pub use tsne::Tsne;
pub use umap::{Init, Umap};
