//! What becomes of a folder when commands are killed, run at once, or find the disk full.
//!
//! `cargo xtask ci reliability` runs these tests on a seeded part of all cases, in minutes. With
//! `MRI_RELIABILITY=all` they take every case, and write the tables of `docs/reliability.md`.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

/// A tiny model, texts, the program as a process, and the files of a folder.
mod common;
/// Disks that are too small.
mod disk;
/// Commands killed at each of their calls that change a file.
mod kills;
/// Two commands at once on one folder.
mod pairs;
/// The tables of `docs/reliability.md`.
mod table;
