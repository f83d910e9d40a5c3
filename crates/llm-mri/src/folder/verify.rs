//! What of a scan's folder is not as it was written, and how what is derived is made again.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mri_core::{Layer, Watch};
use mri_corpus::corpus_hash;
use mri_reduce::{QualityOptions, ReducerSpec};
use mri_store::{Damage, FolderLock, Manifest, StoreError};

use crate::error::ScanError;
use crate::folder::file_names::{ACTIVATIONS, REPORT, TEXTS};
use crate::folder::outputs::Stage;
use crate::folder::sections::{ManifestSections, MapsSection};
use crate::folder::sums;
use crate::scan::Scan;

/// What [`Scan::verify`] found in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Verification {
    /// Files that were compared with their checksums; 0 in a folder of a version without them.
    pub files: usize,
    /// Their bytes, as they were written.
    pub bytes: u64,
    /// Files that are not as they were written, by their path in the folder with `/`, ascending.
    pub damaged: Vec<(String, Damage)>,
    /// Files that the manifest does not name, ascending.
    pub unknown: Vec<String>,
}

/// What makes a damaged file of a scan again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Source {
    /// The model and the texts: a matrix of `activations/` or its labels.
    Recording,
    /// The texts: `corpus.csv`.
    Texts,
    /// The recording and the options in the manifest: the maps.
    Maps,
    /// The maps: regions, graph and figures.
    Regions,
    /// All of the scan: the report.
    Report,
}

impl Source {
    /// What makes a file, by its path in the folder with `/`.
    #[must_use]
    pub fn of(file: &str) -> Self {
        match file {
            TEXTS => Self::Texts,
            REPORT => Self::Report,
            _ if sums::is_in(file, ACTIVATIONS) => Self::Recording,
            _ if Stage::Grid
                .outputs()
                .iter()
                .any(|name| sums::is_in(file, name)) =>
            {
                Self::Regions
            }
            _ => Self::Maps,
        }
    }
}

impl Verification {
    /// Whether every file that the manifest names is as it was written.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.damaged.is_empty()
    }

    /// What has to be made again.
    #[must_use]
    pub fn sources(&self) -> BTreeSet<Source> {
        let files = self.damaged.iter();
        files.map(|(file, _)| Source::of(file)).collect()
    }
}

impl Scan {
    /// Compares every file of a scan's folder with its checksum, and the texts with the hash of the
    /// corpus. A folder of a version without checksums is only opened.
    ///
    /// # Errors
    /// [`ScanError::Store`] if there is no recording, or its manifest is damaged; as
    /// [`Scan::open`] if the files, though whole, do not fit together.
    pub fn verify(folder: impl AsRef<Path>, watch: &dyn Watch) -> Result<Verification, ScanError> {
        let folder = folder.as_ref();
        let manifest = match Manifest::read(folder) {
            // Says whether there is a recording that is not finished.
            Err(StoreError::Io { .. }) => mri_store::open_store(folder)?.0,
            manifest => manifest?,
        };
        let mut found = Verification::default();
        let total: u64 = manifest.files.values().map(|sum| sum.bytes).sum();
        for (name, sum) in &manifest.files {
            watch.check("verify", found.bytes as usize, total as usize)?;
            match sum.check(&folder.join(name)) {
                Ok(()) => {}
                Err(StoreError::Damaged { damage, .. }) => {
                    found.damaged.push((name.clone(), damage));
                }
                Err(error) => return Err(error.into()),
            }
            found.files += 1;
            found.bytes += sum.bytes;
        }
        if !manifest.files.is_empty() {
            found.unknown = unknown(folder, &manifest)?;
        }
        if found.is_whole() {
            let scan = Self::open(folder)?;
            check_texts(&scan, folder)?;
        }
        Ok(found)
    }

    /// Makes again what [`Scan::verify`] found damaged, as far as it is derived from what is whole:
    /// the maps, with the options in the manifest, regions, graph, figures and report. The rest
    /// needs the model or the texts. Gives what the folder is afterwards.
    ///
    /// # Errors
    /// [`ScanError::NoReducer`] for maps of a reducer that is not one of this workspace; what the
    /// stages give.
    pub fn repair(
        folder: impl AsRef<Path>,
        found: &Verification,
        watch: &dyn Watch,
    ) -> Result<Verification, ScanError> {
        let folder = folder.as_ref();
        let sources = found.sources();
        let needs = |source| sources.contains(&source);
        // Everything is made from the texts, and maps from the matrices.
        let stopped = needs(Source::Texts) || (needs(Source::Recording) && needs(Source::Maps));
        if stopped || found.is_whole() {
            return Ok(found.clone());
        }
        if needs(Source::Maps) {
            let scan = remade(Self::open_recording(folder)?, watch)?;
            scan.update(Stage::Maps, watch)?;
        } else if needs(Source::Regions) {
            Self::open(folder)?.update(Stage::Grid, watch)?;
        } else if needs(Source::Report) {
            let scan = Self::open(folder)?;
            scan.save_report(folder.join(REPORT), watch)?;
        }
        Self::verify(folder, watch)
    }
}

/// The maps and regions that the manifest describes, made again.
fn remade(scan: Scan, watch: &dyn Watch) -> Result<Scan, ScanError> {
    let sections = ManifestSections::of(scan.manifest())?;
    let section: MapsSection = sections.maps.ok_or(ScanError::NoMaps)?;
    let spec: &ReducerSpec = section.spec.as_ref().ok_or(ScanError::NoReducer {
        reducer: section.reducer.clone(),
    })?;
    let layers: Vec<Layer> = section.layers.iter().map(|map| map.layer).collect();
    let mut scan = scan.with_layer_maps(&layers, spec, watch)?;
    let measured = section.layers.iter().find_map(|map| map.quality);
    if let Some(measured) = measured {
        let options = QualityOptions {
            neighbors: measured.neighbors,
            ..QualityOptions::default()
        };
        scan = scan.with_quality(&options, watch)?;
    }
    match sections.grid {
        Some(binning) => scan.with_grid(binning),
        None => Ok(scan),
    }
}

/// Compares the texts with the hash of those that were recorded.
fn check_texts(scan: &Scan, folder: &Path) -> Result<(), ScanError> {
    let same = |texts| corpus_hash(texts, scan.labels()) == scan.manifest().corpus.hash;
    if scan.texts().is_none_or(same) {
        return Ok(());
    }
    Err(ScanError::BadFile {
        path: folder.join(TEXTS),
        problem: "not the texts that were recorded, by their hash".to_owned(),
    })
}

/// The files below a folder that its manifest does not name.
fn unknown(folder: &Path, manifest: &Manifest) -> Result<Vec<String>, ScanError> {
    let mut unknown = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(inner) = folders.pop() {
        let path = folder.join(&inner);
        let unreadable = |error: std::io::Error| ScanError::BadFile {
            path: path.clone(),
            problem: error.to_string(),
        };
        for entry in fs::read_dir(&path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let name = match inner.as_str() {
                "" => name,
                inner => format!("{inner}/{name}"),
            };
            if entry.file_type().map_err(unreadable)?.is_dir() {
                folders.push(name);
            } else if name != Manifest::FILE_NAME
                && !FolderLock::is_file_name(&name)
                && !manifest.files.contains_key(&name)
            {
                unknown.push(name);
            }
        }
    }
    unknown.sort();
    Ok(unknown)
}
