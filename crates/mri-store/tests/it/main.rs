//! The integration tests of mri-store: no engine, only rows that a formula gives.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

/// A recording of formula-made rows, and the files of a folder.
mod common;
/// Files that are not as they were written.
mod damage;
/// Who holds the lock of a folder.
mod lock;
/// Shards merged into the whole, and what is not merged.
mod merge;
/// Stores that are opened, saved and removed.
mod open;
/// Recordings that are begun, resumed, refused and completed.
mod writer;
