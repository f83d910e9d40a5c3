//! Tests of the whole pipeline on the real model, one module per topic.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

/// Cells and edges against the Python library LLM-MRI on the bundled corpus.
mod peer;
/// What the documents say is there.
mod readme;
