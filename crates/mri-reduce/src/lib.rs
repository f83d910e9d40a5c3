//! Matrices in, few columns out: PCA, SVD and neighbor embeddings, and how much of the rows they
//! keep.
//!
//! The activations of a layer have hundreds of dimensions, a picture has two. A [`Reducer`] is
//! fitted to the rows of a layer and gives points and a projection for new rows; [`reduce_stack`]
//! does so for every layer of a recording.
//!
//! ```
//! use std::sync::Arc;
//! use mri_core::{Activations, Labels, Layer};
//! use mri_reduce::{QualityOptions, ReducerKind, ReducerSpec, quality, reduce_stack_aligned};
//! use ndarray::Array2;
//!
//! // Two layers of 60 texts, of two categories.
//! let rows = |layer: usize| {
//!     Array2::from_shape_fn((60, 16), |(i, j)| {
//!         let noise = ((i * 37 + j * 11 + layer * 5) % 23) as f32 / 23.0;
//!         noise + (i % 2 * (j % 3)) as f32 * (1 + layer) as f32
//!     })
//! };
//! let labels = Arc::new(Labels::from_names((0..60).map(|i| ["law", "art"][i % 2]))?);
//! let layers = [0, 1].map(|l| (Layer::resid(l), rows(l)));
//! let recording = Activations::from_arrays(labels, layers)?;
//!
//! // One map per layer, in a common frame; any reducer by its name.
//! let kind = "umap".parse::<ReducerKind>()?;
//! let spec = ReducerSpec { kind, seed: 7, ..ReducerSpec::default() };
//! let reducer = spec.build()?;
//! let reduced = reduce_stack_aligned(&recording, reducer.as_ref(), spec.components, &())?;
//!
//! // What the map of the first layer keeps, and where it places other rows.
//! let map = reduced.embedding.get(Layer::resid(0)).ok_or("no such layer")?;
//! let (points, options) = (map.coordinates.view(), QualityOptions::default());
//! let (kept, _) = quality(rows(0).view(), points, None, &options, &())?;
//! assert!(kept.trustworthiness > 0.6);
//! let placed = reduced.projections[0].as_ref().ok_or("degenerate")?.transform(rows(0).view())?;
//! assert_eq!(placed.dim(), (60, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The key decision: a reducer is fitted **once per layer on all texts**. Categories are rows of
//! the result, so their points share axes and can be compared; a reducer fitted per category would
//! give each its own axes.
//!
//! - [`Pca`], [`Svd`] and [`IncrementalPca`] are exact: no randomized approximation, whose subspace
//!   is wrong where a spectrum decays slowly, as that of real activations does.
//!   [`RandomProjection`] is the baseline.
//! - [`Umap`], [`Tsne`] and [`Pacmap`] place points by their neighbors. One seed gives the same
//!   bits on any number of threads.
//! - [`quality`] measures what a reduction keeps, [`placement`] where new rows land,
//!   [`instability`] the influence of the seed; [`linear_cka`], [`Procrustes`] and
//!   [`neighbor_overlap`] compare matrices.
//! - [`reduce_stack_aligned`] gives all layers one frame, so that texts can be followed through
//!   them.
//!
//! The linear algebra is faer's, or LAPACK's with the feature `lapack`.

#![warn(missing_docs)]

mod align;
mod block;
mod check;
mod columns;
mod distance;
mod kind;
mod knn;
mod krylov;
mod linalg;
mod linear;
mod neighbor_embedding;
mod options;
mod pacmap;
mod quality;
mod random;
mod reduced;
mod row_blocks;
mod scaling;
mod similarity;
mod spec;
mod stack;
mod tsne;
mod umap;
mod vector_math;

pub use align::align_layers;
pub use distance::Distance;
pub use kind::ReducerKind;
pub use knn::{Neighbors, approximate_nearest_rows, nearest_rows};
pub use linear::{IncrementalPca, LinearModel, LinearProjection, Pca, RandomProjection, Svd};
pub use mri_core::{Component, Fitted, Projection, ReduceError, Reducer};
pub use neighbor_embedding::Init;
pub use options::ReducerOptions;
pub use pacmap::Pacmap;
pub use quality::{PointQuality, Quality, QualityOptions, RowsAndPoints, placement, quality};
pub use reduced::{LayerError, Reduced, ReducedLayer};
pub use scaling::{Scaler, Scaling};
pub use similarity::{Procrustes, instability, linear_cka, neighbor_overlap};
pub use spec::ReducerSpec;
pub use stack::{reduce_layer_aligned, reduce_stack, reduce_stack_aligned};
pub use tsne::Tsne;
pub use umap::Umap;
