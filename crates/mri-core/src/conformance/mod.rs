//! What every implementation of the two extension points has to obey, as code.
//!
//! An outside crate runs the suite in its own tests, with this crate as its only dependency of
//! ours. A suite never panics: it gives the first [`Violation`] it finds.

mod backend;
mod reducer;

use std::fmt;

pub use backend::BackendSuite;
pub use reducer::{Invariance, OnThreads, ReducerSuite};
use thiserror::Error;

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
