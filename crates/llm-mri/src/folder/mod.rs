//! Scans in folders: what is written where, and how it is opened again.
//!
//! **Invariant:** `manifest.json` names a stage only while the stage's folder is whole. A stage's
//! folder is exchanged by a rename, and everything made from it is removed before.

pub(crate) mod graph;
pub(crate) mod output;
pub(crate) mod sections;

use std::fs;
use std::io::{self, BufReader};
use std::path::Path;

use mri_core::{Embedding, Points, Watch};
use mri_store::{is_store, open_store, read_npy, save_store, write_npy};

use self::output::OutFolder;
use self::sections::{MapsNote, ScanNotes};
use crate::error::ScanError;
use crate::scan::significance::SignificanceResults;
use crate::scan::{Scan, projections, quality};

/// The texts of a scan, in a file that is itself a corpus.
const TEXTS: &str = "corpus.csv";

/// The page to explore the scan with.
const REPORT: &str = "report.html";

/// A stage of a scan, with which everything made from it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// `embedding/`, and all that follows.
    Maps,
    /// `grid/`, `graph/`, `figures/` and `report.html`.
    Grid,
}

impl Stage {
    /// The files and folders of this stage and of those after it.
    fn made_from(self) -> &'static [&'static str] {
        match self {
            Self::Maps => &["embedding", "grid", "graph", "figures", REPORT],
            Self::Grid => &["grid", "graph", "figures", REPORT],
        }
    }
}

impl Scan {
    /// Opens a finished scan from its folder. The activations stay on disk and are read as they
    /// are asked for; the regions and their graph are made anew from the maps, which is quick.
    ///
    /// # Errors
    /// [`ScanError::Extract`] if there is no finished recording in the folder,
    /// [`ScanError::BadNotes`] or [`ScanError::BadFile`] if the rest is not what its manifest says.
    ///
    /// ```no_run
    /// use llm_mri::{Quantity, Scan};
    /// let scan = Scan::open("scan-out")?;
    /// scan.heatmaps(Quantity::Texts)?.save("again.png")?;
    /// # Ok::<(), llm_mri::ScanError>(())
    /// ```
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, ScanError> {
        let folder = folder.as_ref();
        let (manifest, activations) = open_store(folder)?;
        let notes = ScanNotes::of(&manifest)?;
        let texts = read_texts(&folder.join(TEXTS), activations.labels().len())?;
        let mut scan = Self::of_recording(manifest, activations, texts, Some(folder.to_owned()));
        if let Some(maps) = &notes.maps {
            scan.embedding = Some(read_maps(folder, maps, &scan)?);
            scan.projections = projections::read(folder, maps, &scan.activations)?;
        }
        let grid = notes.grid;
        scan.notes = notes;
        match grid {
            Some(binning) => scan.with_grid(binning),
            None => Ok(scan),
        }
    }

    /// Refuses a folder that [`ScanBuilder::out`](crate::ScanBuilder::out) would refuse, without
    /// writing anything: to be asked before long work. A folder may be written if it is not there,
    /// is empty, holds a recording (which is gone on with if it is the one asked for, and refused
    /// later if not), or if `replace` says so.
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
    /// [`ScanError::OutExists`] if the folder is there, [`ScanError::Write`], [`ScanError::Render`].
    /// After an error nothing is there.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<(), ScanError> {
        let out = OutFolder::create(folder.as_ref(), false)?;
        save_store(out.path(), &self.manifest, &self.activations)?;
        self.save_texts(out.path())?;
        self.save_stages(out.path(), Stage::Maps, &())?;
        out.finish()
    }

    /// Writes the stages of a scan that lies in a folder, from one of them on, in place of those
    /// that are there, and tells `watch` of the pictures.
    ///
    /// # Errors
    /// [`ScanError::NoFolder`] for a scan in memory, [`ScanError::Write`], [`ScanError::Render`].
    /// After an error the folder holds the stages before the one that failed.
    pub fn update(&self, from: Stage, watch: &dyn Watch) -> Result<(), ScanError> {
        let folder = self.folder.as_deref().ok_or(ScanError::NoFolder)?;
        self.save_stages(folder, from, watch)
    }

    /// Takes away what a folder holds of stages that its manifest does not speak of.
    pub(crate) fn clear_stages(folder: &Path) -> Result<(), ScanError> {
        for name in Stage::Maps.made_from() {
            remove(&folder.join(name))?;
        }
        remove(&folder.join(TEXTS))
    }

    /// The texts with their labels, as a table that can be scanned again.
    pub(crate) fn save_texts(&self, folder: &Path) -> Result<(), ScanError> {
        let Some(texts) = &self.texts else {
            return Ok(());
        };
        OutFolder::whole_file(&folder.join(TEXTS), |file| {
            let mut csv = csv::Writer::from_writer(file);
            csv.write_record(["text", "label"])?;
            for (row, text) in texts.iter().enumerate() {
                let label = self.labels().category_of(row).unwrap_or_default();
                csv.write_record([text.as_str(), label])?;
            }
            csv.flush()
        })
    }

    /// Brings the manifest of the scan's folder, if it has one, up to date.
    pub(crate) fn save_notes(&self) -> Result<(), ScanError> {
        if let Some(folder) = &self.folder {
            self.notes.put_into(self.manifest.clone()).write(folder)?;
        }
        Ok(())
    }

    fn save_stages(&self, folder: &Path, from: Stage, watch: &dyn Watch) -> Result<(), ScanError> {
        let mut notes = self.notes.clone();
        notes.grid = None;
        notes.graph = None;
        if from == Stage::Maps {
            notes.maps = None;
        }
        let note = |notes: &ScanNotes| notes.put_into(self.manifest.clone()).write(folder);
        note(&notes)?;
        for name in from.made_from() {
            remove(&folder.join(name))?;
        }
        if let (Stage::Maps, Some(embedding)) = (from, &self.embedding) {
            self.write_maps(folder, embedding)?;
            notes.maps.clone_from(&self.notes.maps);
            note(&notes)?;
        }
        // Tables, pictures and the report give the same verdicts.
        let verdicts = self.chosen_verdicts()?;
        let verdicts = verdicts.as_ref();
        if self.embedding.is_some() {
            self.write_regions(folder, verdicts)?;
        }
        if self.grids.is_some() {
            self.write_figures(folder, verdicts, watch)?;
            if self.texts.is_some() {
                self.write_report(&folder.join(REPORT), verdicts, watch)?;
            }
        }
        note(&self.notes)?;
        Ok(())
    }

    fn write_maps(&self, folder: &Path, embedding: &Embedding) -> Result<(), ScanError> {
        let out = OutFolder::create(&folder.join("embedding"), true)?;
        for (layer, points) in embedding.iter() {
            let path = out.path().join(format!("{layer}.npy"));
            write_npy(&path, points.coordinates.view())?;
        }
        if let Some(maps) = &self.notes.maps {
            projections::write(&out, maps, &self.projections)?;
            quality::write(&out, maps)?;
        }
        out.finish()
    }

    fn write_figures(
        &self,
        folder: &Path,
        verdicts: Option<&SignificanceResults>,
        watch: &dyn Watch,
    ) -> Result<(), ScanError> {
        let out = OutFolder::create(&folder.join("figures"), true)?;
        let figures = self.figures_with(verdicts)?;
        for (i, (name, figure)) in figures.iter().enumerate() {
            // Writing pictures is short; a watch that asks to stop is heard by the next step.
            let _ = watch.check("pictures", i, figures.len());
            figure.save(out.path().join(format!("{name}.svg")))?;
            figure.save(out.path().join(format!("{name}.png")))?;
        }
        if !figures.is_empty() {
            let animation = self.animation()?;
            animation.save(out.path().join("through-layers.gif"))?;
        }
        out.finish()
    }
}

fn read_maps(folder: &Path, maps: &MapsNote, scan: &Scan) -> Result<Embedding, ScanError> {
    let mut entries = Vec::with_capacity(maps.layers.len());
    for note in &maps.layers {
        let path = folder.join(format!("embedding/{}.npy", note.layer));
        let coordinates = read_npy(&path)?;
        let expected = (scan.labels().len(), maps.components);
        if coordinates.dim() != expected {
            return Err(ScanError::BadFile {
                path,
                problem: format!(
                    "a matrix of {:?} where the manifest says {expected:?}",
                    coordinates.dim()
                ),
            });
        }
        let points = Points {
            coordinates,
            components: note.components.clone(),
            degenerate: note.degenerate,
        };
        entries.push((note.layer, points));
    }
    Ok(Embedding::new(scan.labels().clone(), entries)?)
}

/// The texts of a scan's folder, `None` if it holds none.
fn read_texts(path: &Path, expected: usize) -> Result<Option<Vec<String>>, ScanError> {
    let bad = |problem: String| ScanError::BadFile {
        path: path.to_owned(),
        problem,
    };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(bad(e.to_string())),
    };
    let mut table = csv::Reader::from_reader(BufReader::new(file));
    let mut texts = Vec::with_capacity(expected);
    for row in table.records() {
        let row = row.map_err(|e| bad(e.to_string()))?;
        texts.push(row.get(0).unwrap_or_default().to_owned());
    }
    if texts.len() != expected {
        return Err(bad(format!(
            "{} texts where the manifest says {expected}",
            texts.len()
        )));
    }
    Ok(Some(texts))
}

fn remove(path: &Path) -> Result<(), ScanError> {
    output::remove(path).map_err(|source| ScanError::Write {
        path: path.to_owned(),
        source,
    })
}
