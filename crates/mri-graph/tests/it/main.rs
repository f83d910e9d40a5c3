//! Tests of region graphs against independent references.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on fails, and one that is skipped says so"
)]

/// Graphs of correlated components.
mod correlation;
/// Where our numbers are not those of llm-mri 0.2.1.
mod differences;
/// Exports as networkx and pandas read them, and our JSON read back.
mod export;
/// Filters, differences and the paths of texts: laws.
mod filter;
/// Metrics against networkx and pandas.
mod metrics;
/// Real texts: what their labels show, and what the same labels show when shuffled.
mod real;
/// Region graphs: laws of the counts and of views.
mod region;
/// SignificanceResults on cells, edges and layers: laws, and what shuffled labels give.
mod significance;
