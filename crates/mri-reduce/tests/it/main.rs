//! Integration tests of mri-reduce.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

// PCA and SVD against scikit-learn, and the laws of projections.
mod linear;
// Whole recordings: degenerate layers, errors that name the layer.
mod stack;
