//! The report of a scan: one HTML file to explore it with.

use std::cmp::Reverse;
use std::path::Path;

use mri_core::{Labels, Watch};
use mri_graph::{Contrast, LayerTest, Metrics};
use mri_grid::Cell;
use mri_reduce::Quality;
use mri_render::{Facts, Report, ReportTable, TableEntry};

use crate::error::ScanError;
use crate::folder::sections::MapsNote;
use crate::scan::Scan;
use crate::scan::significance::SignificanceResults;

/// With more categories only the largest so many are each compared with the rest: every comparison
/// takes a thousand permutations, and nobody chooses among a hundred.
const MOST_CONTRASTS: usize = 12;

/// Regions beyond which graphs are not measured: their projections take cubic time.
pub(crate) const MOST_REGIONS: usize = 6_000;

/// What a report says beyond maps, regions and transitions.
struct Findings {
    contrasts: Vec<(Contrast, Vec<LayerTest<Cell>>)>,
    metrics: Vec<(String, Metrics)>,
    tables: Vec<ReportTable>,
    facts: Vec<Facts>,
}

impl Scan {
    /// The scan as one HTML page that needs no network: maps, regions with their texts, differences
    /// judged against chance, the graph, its metrics, and how all of it was made.
    ///
    /// # Errors
    /// [`ScanError::NotPlanar`] unless there are two components, [`ScanError::NoTexts`] for a folder
    /// that holds none, [`ScanError::Cancelled`] if the watch asks to stop, [`ScanError::Graph`],
    /// [`ScanError::Render`].
    pub fn report(&self, watch: &dyn Watch) -> Result<String, ScanError> {
        self.with_report(None, watch, |report| Ok(report.html()?))
    }

    /// Writes [`Scan::report`] into a file: whole or not at all.
    ///
    /// # Errors
    /// As [`Scan::report`].
    pub fn save_report(&self, path: impl AsRef<Path>, watch: &dyn Watch) -> Result<(), ScanError> {
        self.write_report(path.as_ref(), None, watch)
    }

    /// [`Scan::save_report`] with verdicts that are at hand; others are made.
    pub(crate) fn write_report(
        &self,
        path: &Path,
        verdicts: Option<&SignificanceResults>,
        watch: &dyn Watch,
    ) -> Result<(), ScanError> {
        self.with_report(verdicts, watch, |report| Ok(report.save(path)?))
    }

    fn with_report<T>(
        &self,
        verdicts: Option<&SignificanceResults>,
        watch: &dyn Watch,
        make: impl FnOnce(&Report<'_>) -> Result<T, ScanError>,
    ) -> Result<T, ScanError> {
        let (Some(embedding), Some(grids), Some(graph)) =
            (&self.embedding, &self.grids, &self.graph)
        else {
            return Err(self.not_planar());
        };
        let texts = self.texts.as_deref().ok_or(ScanError::NoTexts)?;
        let found = self.findings(verdicts, watch)?;
        make(&Report {
            caption: self.caption(),
            contrasts: &found.contrasts,
            metrics: &found.metrics,
            tables: &found.tables,
            facts: &found.facts,
            ..Report::new(texts, embedding, grids, graph)
        })
    }

    fn findings(
        &self,
        verdicts: Option<&SignificanceResults>,
        watch: &dyn Watch,
    ) -> Result<Findings, ScanError> {
        let (Some(grids), Some(graph)) = (&self.grids, &self.graph) else {
            return Err(self.not_planar());
        };
        let labels = self.labels();
        let settings = self.shown_significance();
        let wanted = contrasts(labels);
        let steps = wanted.len() + 1;
        let mut contrasts = Vec::with_capacity(wanted.len());
        for (done, contrast) in (0..).zip(wanted) {
            watch.check("report", done, steps)?;
            let judged = match verdicts.and_then(|verdicts| verdicts.cells_of(&contrast)) {
                Some(judged) => judged.to_vec(),
                None => settings.cells(grids, &contrast)?,
            };
            contrasts.push((contrast, judged));
        }
        watch.check("report", steps - 1, steps)?;
        let mut metrics = Vec::new();
        if graph.graph().node_count() <= MOST_REGIONS {
            let names = labels.category_names();
            if names.len() > 1 {
                metrics.push((
                    "all texts".to_owned(),
                    Metrics::of(&graph.view_all().digraph()),
                ));
            }
            for (category, name) in names.iter().enumerate().take(MOST_CONTRASTS) {
                let view = graph.view(&[category]);
                metrics.push((name.clone(), Metrics::of(&view.digraph())));
            }
        }
        Ok(Findings {
            contrasts,
            metrics,
            tables: self.notes.maps.iter().filter_map(quality_table).collect(),
            facts: self.facts(),
        })
    }

    /// How the scan was made, but for how long it took: the same scan gives the same report.
    fn facts(&self) -> Vec<Facts> {
        let manifest = &self.manifest;
        let (model, corpus) = (self.model(), &manifest.corpus);
        let recording = &manifest.recording;
        let mut options = vec![
            ("pooling", text(&recording.pooling)),
            (
                "last layer",
                if recording.final_norm {
                    "after the final norm".to_owned()
                } else {
                    "before the final norm".to_owned()
                },
            ),
        ];
        for (key, value) in &recording.engine {
            options.push((key.as_str(), value.clone()));
        }
        let mut maps = Vec::new();
        if let Some(note) = &self.notes.maps {
            maps.push(("reducer", note.reducer.clone()));
            maps.push(("components", note.components.to_string()));
            if let Some(spec) = &note.spec {
                let scaling = spec.scaling.map(|scaling| text(&scaling));
                maps.push((
                    "columns",
                    scaling.unwrap_or_else(|| "as usual for the reducer".to_owned()),
                ));
                maps.push(("seed", spec.seed.to_string()));
            }
        }
        if let Some(binning) = self.notes.grid {
            maps.push(("grid", binning.to_string()));
        }
        let judged = self.shown_significance();
        let tests = vec![
            (
                "p of a cell",
                "all permutations of the labels (hypergeometric)".to_owned(),
            ),
            (
                "p of a layer",
                format!("{} random permutations", judged.permutations),
            ),
            (
                "q",
                "Benjamini–Hochberg, over the cells of a layer and over the layers".to_owned(),
            ),
            (
                "intervals",
                format!("{} bootstrap resamples, 95 %", judged.resamples),
            ),
        ];
        vec![
            facts(
                "Model",
                vec![
                    ("name", model.name.clone()),
                    ("family", model.family.clone()),
                    ("blocks", model.n_blocks.to_string()),
                    ("width", model.width.to_string()),
                    ("hash", manifest.model.hash.clone()),
                ],
            ),
            facts(
                "Texts",
                vec![
                    ("source", corpus.source.display().to_string()),
                    ("texts", corpus.texts.to_string()),
                    (
                        "left out",
                        format!("{} without text or label", corpus.dropped),
                    ),
                    (
                        "cut",
                        format!(
                            "{} after {} tokens",
                            manifest.tokenizer.truncated, manifest.tokenizer.max_length
                        ),
                    ),
                    ("tokens", manifest.stats.tokens.to_string()),
                    ("hash", corpus.hash.clone()),
                ],
            ),
            facts("Recording", options),
            facts("Maps", maps),
            facts("Judged by", tests),
        ]
    }
}

fn facts(title: &str, rows: Vec<(&str, String)>) -> Facts {
    Facts {
        title: title.to_owned(),
        rows: rows
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

/// What the maps keep of their layers, if any was measured.
fn quality_table(maps: &MapsNote) -> Option<ReportTable> {
    let first = maps.layers.iter().find_map(|note| note.quality.as_ref())?;
    let rows = maps.layers.iter().map(|note| {
        let measures = note.quality.as_ref().map(|quality| quality.measures);
        let of =
            |pick: fn(&Quality) -> Option<f64>| TableEntry::from(measures.as_ref().and_then(pick));
        vec![
            TableEntry::from(note.layer.to_string()),
            of(|m| Some(m.trustworthiness)),
            of(|m| Some(m.continuity)),
            of(|m| Some(m.recall)),
            of(|m| m.neighborhood_hit),
            of(|m| Some(m.triplet_accuracy)),
            of(|m| Some(m.distance_correlation)),
        ]
    });
    let columns = [
        "layer",
        "trustworthiness",
        "continuity",
        "neighbour recall",
        "neighbours of the same label",
        "triplet accuracy",
        "distance correlation",
    ];
    Some(ReportTable {
        title: "How faithful the maps are".to_owned(),
        note: format!(
            "Neighbourhoods of {} among {} texts; 1 is best. A map of two components cannot keep all \
             of a layer: where these are low, look at the numbers before the picture.",
            first.neighbours, first.rows
        ),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    })
}

/// An option as files spell it.
fn text(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// The comparisons that the labels call for; of very many categories those of the largest.
fn contrasts(labels: &Labels) -> Vec<Contrast> {
    let mut all = Contrast::all(labels);
    if all.len() > MOST_CONTRASTS {
        let counts = labels.category_counts();
        let size = |contrast: &Contrast| contrast.a.iter().map(|&c| counts[c]).sum::<usize>();
        all.sort_by_key(|contrast| (Reverse(size(contrast)), contrast.a.clone()));
        all.truncate(MOST_CONTRASTS);
    }
    all
}
