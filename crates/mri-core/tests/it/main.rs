//! Integration tests of mri-core.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

// The conformance suite for reducers notices what reducers really get wrong.
mod reducer_suite;
