//! Tests of the facade and of the program, one module per topic.

/// Small scans without libtorch, and the program as a process.
mod common;
/// The program with sound and with wrong input.
mod program;
/// The report as a file.
mod report;
/// Scans in memory and in folders through the library.
mod scan;
