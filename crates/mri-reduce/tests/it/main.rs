//! Integration tests of mri-reduce.

// PCA and SVD against scikit-learn, and the laws of projections.
mod linear;
// Whole recordings: degenerate layers, errors that name the layer.
mod stack;
