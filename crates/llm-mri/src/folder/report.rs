//! `report.html`: the page to explore the scan with.

use std::path::Path;

use mri_core::Watch;

use crate::error::ScanError;
use crate::scan::Scan;

/// The file's name.
pub(crate) const REPORT: &str = "report.html";

impl Scan {
    /// Writes [`Scan::report`] into a file: whole or not at all.
    ///
    /// # Errors
    /// As [`Scan::report`].
    pub fn save_report(&self, path: impl AsRef<Path>, watch: &dyn Watch) -> Result<(), ScanError> {
        let _span = tracing::info_span!("report").entered();
        self.with_report(watch, |report| Ok(report.save(path)?))
    }
}
