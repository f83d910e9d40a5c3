//! Tests of statistics against independent references.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

/// Adjusted mutual information against scikit-learn.
mod mutual_information;
/// Rank correlation and adjusted p-values against scipy and statsmodels.
mod ranks;
/// Summaries and quantiles against pandas and numpy.
mod summary;
/// Exact tests, permutations and the bootstrap: the definition, over all assignments.
mod two_sample;
