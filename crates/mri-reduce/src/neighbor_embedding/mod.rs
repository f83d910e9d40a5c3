//! The steps that all neighbor embeddings share.
//!
//! check → scale → one of each kind of equal rows → nearest neighbors → graph → initialize →
//! optimize → projection for new rows. An embedding is a [`NeighborEmbedding`]: it weights the
//! edges of the neighbor graph, moves the points and places new rows; [`fit`](fit::fit) does
//! everything else, in the same way for all.

mod blocks;
mod dimensions;
mod distinct;
mod fit;
mod init;
mod placement;
mod spectral;

pub(crate) use blocks::{EdgeBlocks, degree_order, offset, pack, positions, unpack};
pub(crate) use dimensions::{DimensionKernel, dispatch_dimensions};
pub(crate) use fit::{NeighborEmbedding, Shared, fit, fit_aligned};
pub use init::Init;
pub(crate) use init::{pca_points, rescale, standard_deviation};
pub(crate) use placement::{Place, weighted_means};
pub(crate) use spectral::spectral_points;
