//! Scans in folders: what is written where, and how it is opened again.
//!
//! **Invariant:** `manifest.json` names a stage only while the stage's folder is whole. A stage's
//! folder is exchanged by a rename, and everything derived from it is removed before.

pub(crate) mod comparison;
pub(crate) mod corpus;
pub(crate) mod embedding;
pub(crate) mod figures;
pub(crate) mod file_names;
pub(crate) mod graph;
pub(crate) mod grid;
pub(crate) mod output;
pub(crate) mod outputs;
pub(crate) mod place;
pub(crate) mod report;
pub(crate) mod rules;
pub(crate) mod sections;
pub(crate) mod sums;
pub(crate) mod verify;

use std::path::Path;

use mri_core::Watch;
use mri_store::{FileSums, FolderLock, Manifest, StoreError, open_store, save_store};

use self::file_names::{EMBEDDING, REPORT, TEXTS};
use self::output::OutFolder;
use self::outputs::{Stage, is_ours};
use self::place::{ScanFolder, lock_folder};
use self::rules::{Output, check_output};
use self::sections::ManifestSections;
use crate::error::ScanError;
use crate::scan::Scan;
use crate::scan::recording::Recording;

/// How often a scan is read again because its folder was changed meanwhile.
const READS: usize = 3;

impl Scan {
    /// Opens a finished scan from its folder. The activations stay on disk and are read when they
    /// are needed; the regions are computed from the maps, which is quick.
    ///
    /// Nothing is written, so that the folder need not be writable. A folder that another process
    /// is writing into is refused.
    ///
    /// # Errors
    /// [`ScanError::Store`] if there is no finished recording in the folder, or while another
    /// process writes into it; [`ScanError::BadSections`] or [`ScanError::BadFile`] if the rest is
    /// not what its manifest says; [`ScanError::Changed`] if the folder does not come to rest.
    ///
    /// ```no_run
    /// use llm_mri::{Quantity, Scan};
    /// let scan = Scan::open("scan-out")?;
    /// scan.heatmaps(Quantity::Texts)?.save("again.png")?;
    /// # Ok::<(), llm_mri::ScanError>(())
    /// ```
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, ScanError> {
        let folder = folder.as_ref();
        Self::read_at_rest(folder, |folder| Self::read(folder, None))
    }

    /// Opens a finished scan to [`update`](Scan::update) it: no other process can write into the
    /// folder, or open it, until the scan is dropped.
    ///
    /// # Errors
    /// As [`Scan::open`].
    pub fn open_for_writing(folder: impl AsRef<Path>) -> Result<Self, ScanError> {
        let folder = folder.as_ref();
        Self::read(folder, Some(lock_existing(folder)?))
    }

    /// Reads a folder that nobody writes into, and which is the same afterwards.
    fn read_at_rest(
        folder: &Path,
        read: impl Fn(&Path) -> Result<Self, ScanError>,
    ) -> Result<Self, ScanError> {
        let manifest = || Manifest::read(folder).ok();
        for _ in 0..READS {
            FolderLock::check(folder)?;
            let before = manifest();
            let scan = read(folder);
            // A writer may have come meanwhile, and even gone again.
            FolderLock::check(folder)?;
            if manifest() == before {
                return scan;
            }
        }
        Err(ScanError::Changed {
            path: folder.to_owned(),
        })
    }

    /// Reads a folder that does not change meanwhile.
    fn read(folder: &Path, lock: Option<FolderLock>) -> Result<Self, ScanError> {
        let recording = read_recording(folder)?;
        let place = ScanFolder::new(folder, lock, recording.manifest());
        let sections = ManifestSections::of(recording.manifest())?;
        let maps = sections
            .maps
            .map(|maps| embedding::read(folder, maps, &recording));
        let mut scan = Self::new(recording, Some(place));
        scan.maps = maps.transpose()?;
        scan.grid_begun = sections.grid_begun;
        scan.graph_options = sections.graph;
        scan.timings = sections.timings;
        match sections.grid {
            Some(binning) => scan.with_grid(binning),
            None => Ok(scan),
        }
    }

    /// Opens the recording of a scan from its folder, without the maps and regions made of it: what
    /// other maps are made from, also where the former ones are damaged.
    ///
    /// # Errors
    /// As [`Scan::open`], of the recording.
    pub fn open_recording(folder: impl AsRef<Path>) -> Result<Self, ScanError> {
        Self::read_at_rest(folder.as_ref(), |folder| {
            Self::read_maps_aside(folder, None)
        })
    }

    /// [`Scan::open_recording`] to [`update`](Scan::update) it, with the lock of
    /// [`Scan::open_for_writing`].
    ///
    /// # Errors
    /// As [`Scan::open_recording`].
    pub fn open_recording_for_writing(folder: impl AsRef<Path>) -> Result<Self, ScanError> {
        let folder = folder.as_ref();
        Self::read_maps_aside(folder, Some(lock_existing(folder)?))
    }

    /// Reads the recording and leaves the maps aside.
    fn read_maps_aside(folder: &Path, lock: Option<FolderLock>) -> Result<Self, ScanError> {
        let recording = read_recording(folder)?;
        let place = ScanFolder::new(folder, lock, recording.manifest());
        let sections = ManifestSections::of(recording.manifest()).unwrap_or_default();
        let mut scan = Self::new(recording, Some(place));
        scan.graph_options = sections.graph;
        scan.timings = sections.timings;
        Ok(scan)
    }

    /// Refuses a folder that [`ScanBuilder::out`](crate::ScanBuilder::out) would refuse, without
    /// writing anything: [`check_output`] without inputs.
    ///
    /// # Errors
    /// As [`check_output`].
    pub fn check_out(folder: &Path, replace: bool) -> Result<(), ScanError> {
        check_output(folder, Output::Scan, replace, &[])
    }

    /// Writes the scan into a new folder, as the program does; see the README for its files.
    ///
    /// # Errors
    /// [`ScanError::OutExists`] if the folder exists, [`ScanError::Write`], [`ScanError::Render`].
    /// After an error nothing is there.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<(), ScanError> {
        let out = OutFolder::create(folder.as_ref())?;
        save_store(out.path(), self.manifest(), self.activations())?;
        let texts = self.save_texts(out.path())?;
        let files = self.save_stages(out.path(), Stage::Maps, texts, &())?;
        self.sections().write(self.manifest(), &files, out.path())?;
        out.finish()
    }

    /// Writes the stages of a scan that is kept in a folder, from one of them on, in place of those
    /// that are there, and reports the progress of the figures to `watch`. The folder is locked
    /// meanwhile, and has to be as it was when the scan was opened or last updated.
    ///
    /// # Errors
    /// [`ScanError::NoFolder`] for a scan in memory, [`ScanError::NoMaps`] for regions of a scan
    /// without maps, [`ScanError::Changed`], [`ScanError::Store`] while another process writes into
    /// the folder, [`ScanError::Write`], [`ScanError::Render`]. After an error the folder holds the
    /// stages before the one that failed.
    pub fn update(&self, from: Stage, watch: &dyn Watch) -> Result<(), ScanError> {
        let place = self.folder.as_ref().ok_or(ScanError::NoFolder)?;
        if from == Stage::Grid {
            self.maps()?;
        }
        let _lock = place.lock()?;
        let folder = place.path();
        let saved = self.save_stages(folder, from, FileSums::new(), watch);
        let saved = saved.and_then(|files| self.sections().write(self.manifest(), &files, folder));
        place.note_manifest();
        saved
    }

    /// The texts with their labels, as a table that can be scanned again. Gives its checksum.
    pub(crate) fn save_texts(&self, folder: &Path) -> Result<FileSums, ScanError> {
        let mut files = FileSums::new();
        if let Some(texts) = self.texts() {
            corpus::write(folder, texts, self.labels())?;
            sums::add(&mut files, folder, TEXTS, is_ours)?;
        }
        Ok(files)
    }

    /// Replaces the files of the stages from one of them on, after others were `written`. The
    /// manifest then names the maps, but the sections after them are left to the caller, who writes
    /// them with the checksums that this gives once all is whole.
    pub(crate) fn save_stages(
        &self,
        folder: &Path,
        from: Stage,
        written: FileSums,
        watch: &dyn Watch,
    ) -> Result<FileSums, ScanError> {
        // Files that stay are what the manifest says they are, not what they may have become.
        let mut files = Manifest::read(folder)?.files;
        files.retain(|file, _| from.outputs().iter().all(|name| !sums::is_in(file, name)));
        let mut sections = self.sections();
        let binning = sections.grid.take();
        sections.grid_begun = binning.filter(|_| from == Stage::Grid);
        sections.graph = None;
        let maps = match from {
            Stage::Maps => sections.maps.take(),
            Stage::Grid => None,
        };
        sections.write(self.manifest(), &files, folder)?;
        from.remove(folder)?;
        files.extend(written);
        if let (Some(section), Some(maps)) = (maps, &self.maps) {
            embedding::write(folder, maps)?;
            sums::add(&mut files, folder, EMBEDDING, is_ours)?;
            sections.maps = Some(section);
            sections.write(self.manifest(), &files, folder)?;
        }
        self.save_regions(folder, watch)?;
        for name in Stage::Grid.outputs() {
            sums::add(&mut files, folder, name, is_ours)?;
        }
        Ok(files)
    }

    /// Writes what is made of the maps, where there are any, into a folder without.
    fn save_regions(&self, folder: &Path, watch: &dyn Watch) -> Result<(), ScanError> {
        let Ok(maps) = self.maps() else {
            return Ok(());
        };
        if maps.components() != 2 {
            return graph::write_correlations(folder, self);
        }
        // Maps of two components need not have been cut into regions.
        let Ok(analysis) = self.analysis() else {
            return Ok(());
        };
        grid::write(folder, analysis, maps.embedding(), self.texts())?;
        graph::write(folder, analysis)?;
        figures::write(folder, self, watch)?;
        if self.texts().is_some() {
            self.write_report(&folder.join(REPORT), watch)?;
        }
        Ok(())
    }
}

/// Opens a recording with its texts, where the folder has them.
fn read_recording(folder: &Path) -> Result<Recording, ScanError> {
    let (manifest, activations) = open_store(folder)?;
    let texts = corpus::read(folder, &manifest, activations.labels())?;
    Ok(Recording::new(manifest, activations, texts))
}

/// Locks a folder that is to hold a recording.
fn lock_existing(folder: &Path) -> Result<FolderLock, ScanError> {
    if folder.is_dir() {
        return lock_folder(folder);
    }
    Err(StoreError::NoRecording {
        folder: folder.to_owned(),
    }
    .into())
}
