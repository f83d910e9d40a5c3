//! Integration tests of mri-render.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

/// Charts, paths, significance and animations: what they say and what they refuse.
mod charts;
/// Colormaps against matplotlib, in order, and for color-blind readers.
mod colors;
/// Small made-up scans and all figures of them.
mod data;
/// What holds of every figure.
mod figures;
/// Very many labels and very fine grids.
mod pages;
/// Committed pictures.
mod snapshots;
/// Words of figures: none is cut, and none lies over others.
mod words;
