//! `report.html`: the page to explore the scan with.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use mri_core::Watch;
use mri_render::is_report;
use mri_store::Manifest;

use crate::error::ScanError;
use crate::folder::file_names::REPORT;
use crate::folder::sums;
use crate::scan::Scan;

/// Bytes of a file that are looked at to know a report: its head with a long title.
const HEAD: u64 = 1 << 16;

/// Whether the file at a path is a report that this program wrote.
pub(crate) fn is_report_at(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && is_report(&head)
}

impl Scan {
    /// Writes [`Scan::report`] into a file: whole or not at all. Another report there is replaced.
    /// Where that is the report in the scan's own folder, `manifest.json` has its checksum
    /// afterwards, and the folder is locked as by [`Scan::update`].
    ///
    /// # Errors
    /// As [`Scan::report`]; [`ScanError::NotOurs`] if the file is something else; as
    /// [`Scan::update`] in the scan's own folder.
    pub fn save_report(&self, path: impl AsRef<Path>, watch: &dyn Watch) -> Result<(), ScanError> {
        let path = path.as_ref();
        let place = self.folder.as_ref();
        let Some(place) = place.filter(|place| is_report_of(place.path(), path)) else {
            return self.write_report(path, watch);
        };
        let _lock = place.lock()?;
        let saved = self.save_own_report(place.path(), path, watch);
        place.note_manifest();
        saved
    }

    /// Writes the report of the scan's own folder.
    fn save_own_report(
        &self,
        folder: &Path,
        path: &Path,
        watch: &dyn Watch,
    ) -> Result<(), ScanError> {
        // As for a stage: the manifest names a file only while it is whole.
        let mut manifest = Manifest::read(folder)?;
        if manifest.files.remove(REPORT).is_some() {
            manifest.write(folder)?;
        }
        self.write_report(path, watch)?;
        // A folder of a version without checksums stays one.
        if !manifest.files.is_empty() {
            sums::add(&mut manifest.files, folder, REPORT, |_| true)?;
            manifest.write(folder)?;
        }
        Ok(())
    }

    /// Writes the report, and nothing else.
    pub(crate) fn write_report(&self, path: &Path, watch: &dyn Watch) -> Result<(), ScanError> {
        let _span = tracing::info_span!("report").entered();
        if path.exists() && !is_report_at(path) {
            return Err(ScanError::NotOurs {
                path: path.to_owned(),
            });
        }
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
