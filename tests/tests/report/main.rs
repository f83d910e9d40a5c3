//! The HTML report, opened in a browser.
//!
//! Needs Chromium (Debian: `chromium`; another one by the variable `CHROMIUM`), so that its tests
//! are ignored but by `cargo xtask test`. With `REPORT_SCREENSHOTS` set to a folder,
//! `screenshots_by_hand` fills it with pages to look at.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and times are printed"
)]

/// Drives Chromium over a pipe.
mod browser;
/// Clicks through every view.
mod clicks;
/// Texts and labels that try to run something.
mod hostile;
/// Pages to look at, and the time that a large one takes; only when asked for.
mod look;
/// Made-up scans.
mod made_up;

use std::path::Path;

use browser::Browser;
use mri_render::Report;

/// The report of a scan, open in a browser.
fn opened(scan: &made_up::Scan) -> Browser {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    save(&scan.report(), &path);
    let mut browser = Browser::start(folder);
    browser.open(&path);
    browser
}

fn save(report: &Report<'_>, path: &Path) {
    report.save(path).unwrap();
    let left = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let partial = left.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".partial")
    });
    assert_eq!(partial.count(), 0, "a file that was not finished is left");
}
