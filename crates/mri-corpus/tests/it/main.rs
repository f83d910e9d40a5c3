//! The integration tests of mri-corpus.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and one that is skipped says so"
)]

/// Files with a given content, and what is read of them.
mod common;
/// Readers of labeled texts and what they refuse.
mod corpus;
/// Corpora in the formats of other libraries.
mod formats;
/// Random samples of a corpus.
mod sample;
/// Corpora that stay on disk: as in memory, and noticed where they change.
mod stored;
/// Tables of spreadsheets and of writers.
mod tables;
/// Corpora as people have them.
mod wild;
