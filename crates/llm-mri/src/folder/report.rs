//! `report.html`: the page to explore the scan with.

use std::path::Path;

use mri_core::Watch;
use mri_store::Manifest;

use crate::error::ScanError;
use crate::folder::sums;
use crate::scan::Scan;

/// The file's name.
pub(crate) const REPORT: &str = "report.html";

impl Scan {
    /// Writes [`Scan::report`] into a file: whole or not at all. Where that is the report in the
    /// scan's own folder, `manifest.json` has its checksum afterwards.
    ///
    /// # Errors
    /// As [`Scan::report`]; [`ScanError::Store`] if the manifest cannot be read or written.
    pub fn save_report(&self, path: impl AsRef<Path>, watch: &dyn Watch) -> Result<(), ScanError> {
        let path = path.as_ref();
        let Some(folder) = self
            .folder
            .as_deref()
            .filter(|folder| is_report_of(folder, path))
        else {
            return self.write_report(path, watch);
        };
        // As for a stage: the manifest names a file only while it is whole.
        let mut manifest = Manifest::read(folder)?;
        if manifest.files.remove(REPORT).is_some() {
            manifest.write(folder)?;
        }
        self.write_report(path, watch)?;
        // A folder of a version without checksums stays one.
        if !manifest.files.is_empty() {
            sums::add(&mut manifest.files, folder, REPORT)?;
            manifest.write(folder)?;
        }
        Ok(())
    }

    /// Writes the report, and nothing else.
    pub(crate) fn write_report(&self, path: &Path, watch: &dyn Watch) -> Result<(), ScanError> {
        let _span = tracing::info_span!("report").entered();
        self.with_report(watch, |report| Ok(report.save(path)?))
    }
}

/// Whether a path is that of the report in a scan's folder.
fn is_report_of(folder: &Path, path: &Path) -> bool {
    let parent = path
        .parent()
        .map(|parent| match parent.as_os_str().is_empty() {
            true => Path::new("."),
            false => parent,
        });
    let same = |parent: &Path| {
        let both = parent.canonicalize().ok().zip(folder.canonicalize().ok());
        both.is_some_and(|(parent, folder)| parent == folder)
    };
    path.file_name() == Some(REPORT.as_ref()) && parent.is_some_and(same)
}
