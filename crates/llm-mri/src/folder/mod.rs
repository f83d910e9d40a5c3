//! Scans in folders: what is written where, and how it is opened again.
//!
//! **Invariant:** `manifest.json` names a stage only while the stage's folder is whole. A stage's
//! folder is exchanged by a rename, and everything derived from it is removed before.

pub(crate) mod comparison;
pub(crate) mod corpus;
pub(crate) mod embedding;
pub(crate) mod figures;
pub(crate) mod graph;
pub(crate) mod grid;
pub(crate) mod output;
pub(crate) mod report;
pub(crate) mod sections;
pub(crate) mod sums;
pub(crate) mod verify;

use std::path::Path;

use mri_core::Watch;
use mri_store::{FileSums, Manifest, is_store, open_store, save_store};

use self::output::{OutFolder, remove};
use self::report::REPORT;
use self::sections::ManifestSections;
use crate::error::ScanError;
use crate::scan::Scan;
use crate::scan::recording::Recording;

/// A stage of a scan, with everything derived from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// `embedding/`, and all that follows.
    Maps,
    /// `grid/`, `graph/`, `figures/` and `report.html`.
    Grid,
}

impl Stage {
    /// The files and folders of this stage and of those after it.
    pub(crate) fn outputs(self) -> &'static [&'static str] {
        match self {
            Self::Maps => &["embedding", "grid", "graph", "figures", REPORT],
            Self::Grid => &["grid", "graph", "figures", REPORT],
        }
    }
}

impl Scan {
    /// Opens a finished scan from its folder. The activations stay on disk and are read when they
    /// are needed; the regions are computed from the maps, which is quick.
    ///
    /// # Errors
    /// [`ScanError::Store`] if there is no finished recording in the folder,
    /// [`ScanError::BadSections`] or [`ScanError::BadFile`] if the rest is not what its manifest
    /// says.
    ///
    /// ```no_run
    /// use llm_mri::{Quantity, Scan};
    /// let scan = Scan::open("scan-out")?;
    /// scan.heatmaps(Quantity::Texts)?.save("again.png")?;
    /// # Ok::<(), llm_mri::ScanError>(())
    /// ```
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, ScanError> {
        let folder = folder.as_ref();
        let recording = read_recording(folder)?;
        let sections = ManifestSections::of(recording.manifest())?;
        let maps = sections
            .maps
            .map(|maps| embedding::read(folder, maps, &recording));
        let mut scan = Self::new(recording, Some(folder.to_owned()));
        scan.maps = maps.transpose()?;
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
        let folder = folder.as_ref();
        let recording = read_recording(folder)?;
        let sections = ManifestSections::of(recording.manifest()).unwrap_or_default();
        let mut scan = Self::new(recording, Some(folder.to_owned()));
        scan.graph_options = sections.graph;
        scan.timings = sections.timings;
        Ok(scan)
    }

    /// Refuses a folder that [`ScanBuilder::out`](crate::ScanBuilder::out) would refuse, without
    /// writing anything: a check before long work. A folder may be written if it does not exist, is
    /// empty, holds a recording (which is resumed if it is the one that would be made, and refused
    /// later if not), or if `replace` is set.
    ///
    /// # Errors
    /// [`ScanError::OutExists`].
    pub fn check_out(folder: &Path, replace: bool) -> Result<(), ScanError> {
        if is_store(folder) {
            return Ok(());
        }
        OutFolder::check(folder, replace)
    }

    /// Writes the scan into a new folder, as the program does; see the README for its files.
    ///
    /// # Errors
    /// [`ScanError::OutExists`] if the folder exists, [`ScanError::Write`], [`ScanError::Render`].
    /// After an error nothing is there.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<(), ScanError> {
        let out = OutFolder::create(folder.as_ref(), false)?;
        save_store(out.path(), self.manifest(), self.activations())?;
        let texts = self.save_texts(out.path())?;
        let files = self.save_stages(out.path(), Stage::Maps, texts, &())?;
        self.sections().write(self.manifest(), &files, out.path())?;
        out.finish()
    }

    /// Writes the stages of a scan that is kept in a folder, from one of them on, in place of those
    /// that are there, and reports the progress of the figures to `watch`.
    ///
    /// # Errors
    /// [`ScanError::NoFolder`] for a scan in memory, [`ScanError::NoMaps`] for regions of a scan
    /// without maps, [`ScanError::Write`], [`ScanError::Render`]. After an error the folder holds
    /// the stages before the one that failed.
    pub fn update(&self, from: Stage, watch: &dyn Watch) -> Result<(), ScanError> {
        let folder = self.folder.as_deref().ok_or(ScanError::NoFolder)?;
        if from == Stage::Grid {
            self.maps()?;
        }
        let files = self.save_stages(folder, from, FileSums::new(), watch)?;
        self.sections().write(self.manifest(), &files, folder)
    }

    /// The texts with their labels, as a table that can be scanned again. Gives its checksum.
    pub(crate) fn save_texts(&self, folder: &Path) -> Result<FileSums, ScanError> {
        let mut files = FileSums::new();
        if let Some(texts) = self.texts() {
            corpus::write(folder, texts, self.labels())?;
            sums::add(&mut files, folder, corpus::TEXTS)?;
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
        sections.grid = None;
        sections.graph = None;
        let maps = match from {
            Stage::Maps => sections.maps.take(),
            Stage::Grid => None,
        };
        sections.write(self.manifest(), &files, folder)?;
        for name in from.outputs() {
            remove(&folder.join(name))?;
        }
        files.extend(written);
        if let (Some(section), Some(maps)) = (maps, &self.maps) {
            embedding::write(folder, maps)?;
            sums::add(&mut files, folder, embedding::EMBEDDING)?;
            sections.maps = Some(section);
            sections.write(self.manifest(), &files, folder)?;
        }
        self.save_regions(folder, watch)?;
        for name in Stage::Grid.outputs() {
            sums::add(&mut files, folder, name)?;
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

/// Removes the outputs of stages that the manifest does not name.
pub(crate) fn clear_stages(folder: &Path) -> Result<(), ScanError> {
    for name in Stage::Maps.outputs() {
        remove(&folder.join(name))?;
    }
    remove(&folder.join(corpus::TEXTS))
}
