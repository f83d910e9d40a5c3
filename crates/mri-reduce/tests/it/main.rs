//! Integration tests of mri-reduce.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

// Layers brought into a common frame.
mod align;
// Every reducer passes the suite that outside reducers run, too.
mod conformance;
// PCA and SVD against scikit-learn, and the laws of projections.
mod linear;
// Neighbors found by descent against those found by comparing all.
mod neighbors;
// PaCMAP against the reference implementation and its laws.
mod pacmap;
// Quality measures and Procrustes against scikit-learn, scipy and brute force.
mod quality;
// CKA against its kernel form, and shared neighbors.
mod similarity;
// All sizes and ways of computing; rows that arrive in pieces.
mod sizes;
// Whole recordings: degenerate layers, errors that name the layer.
mod stack;
// t-SNE against openTSNE and brute force, and what can go wrong in it.
mod tsne;
// UMAP against umap-learn and brute force, and the laws of its parameters.
mod umap;
