//! The integration tests of mri-corpus.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and one that is skipped says so"
)]

/// Readers of labeled texts and what they refuse.
mod corpus;
/// Corpora in the formats of other libraries.
mod formats;
/// Random samples of a corpus.
mod sample;
/// Corpora that stay on disk: as in memory, and noticed where they change.
mod stored;
