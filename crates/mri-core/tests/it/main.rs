//! Integration tests of mri-core.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

/// The suite for backends against a right backend and one per typical mistake.
mod backend_suite;
/// The same for reducers.
mod reducer_suite;
