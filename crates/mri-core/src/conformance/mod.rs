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

/// The SplitMix64 generator (Steele, Lea & Flood 2014): enough for made-up input, and no
/// dependency.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
