//! Test suites for implementations of [`Backend`](crate::Backend) and [`Reducer`](crate::Reducer).
//!
//! Behind the feature `conformance`, which an implementation's crate turns on in its
//! dev-dependencies. A suite never panics: it returns the first [`Violation`] it finds, which names
//! the broken law (one of [`BackendSuite::LAWS`] or [`ReducerSuite::LAWS`]).

mod backend;
mod reducer;

use std::fmt;

use thiserror::Error;

pub use backend::BackendSuite;
pub use reducer::{Invariance, OnThreads, ReducerSuite};

/// A law that an implementation breaks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{law}: {detail}")]
pub struct Violation {
    /// The law, as a sentence.
    pub law: &'static str,
    /// Where and by how much it is broken.
    pub detail: String,
}

impl Violation {
    fn new(law: &'static str, detail: impl fmt::Display) -> Self {
        Self {
            law,
            detail: detail.to_string(),
        }
    }
}
