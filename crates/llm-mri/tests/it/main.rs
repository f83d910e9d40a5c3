//! Tests of the facade and of the program, one module per topic.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

/// Small scans without libtorch, and the program as a process.
mod common;
/// Scans of models of different depth and width beside each other.
mod compare;
/// Files that are not as they were written, and what makes them again.
mod damage;
/// Graphs, metrics and comparisons of finished scans.
mod graph;
/// Models as people have them.
mod models;
/// Who may write where: locks, outputs, files of somebody else.
mod outputs;
/// The program with sound and with wrong input.
mod program;
/// Recordings through the program: shards, sites, number formats.
mod recording;
/// Other maps of a recording, what they keep, and new rows in them.
mod reduce;
/// The report as a file.
mod report;
/// Scans in memory and in folders through the library.
mod scan;
/// Which model and which texts.
mod sources;
/// The stages of a scan: which there are, and how often each is computed.
mod stages;

/// Texts as people have them: what the program says of them.
mod texts;
