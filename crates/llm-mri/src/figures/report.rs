//! The report of a scan: one HTML file to explore it with.

use std::cmp::Reverse;

use mri_core::{Labels, Watch};
use mri_graph::{Contrast, LayerTest, Metrics};
use mri_grid::Cell;
use mri_render::{Facts, Report, ReportTable};

use crate::error::ScanError;
use crate::figures::facts::{facts, quality_table};
use crate::scan::Scan;
use crate::scan::analysis::{Analysis, MAX_MEASURED_REGIONS};

/// Contrasts of a report at most, those of the largest categories: each takes a thousand
/// permutations, and a reader cannot choose among a hundred.
const MAX_CONTRASTS: usize = 12;

/// What a report shows beside maps, regions and transitions.
struct Findings {
    contrasts: Vec<(Contrast, Vec<LayerTest<Cell>>)>,
    metrics: Vec<(String, Metrics)>,
    tables: Vec<ReportTable>,
    facts: Vec<Facts>,
}

impl Scan {
    /// The scan as one HTML page that needs no network: maps, regions with their texts, differences
    /// with their significance, the graph, its metrics, and how all of it was made.
    ///
    /// # Errors
    /// As [`Scan::regions`]; [`ScanError::NoTexts`] for a folder that holds none,
    /// [`ScanError::Cancelled`] if the watch asks to stop, [`ScanError::Graph`],
    /// [`ScanError::Render`].
    pub fn report(&self, watch: &dyn Watch) -> Result<String, ScanError> {
        self.with_report(watch, |report| Ok(report.html()?))
    }

    pub(crate) fn with_report<T>(
        &self,
        watch: &dyn Watch,
        make: impl FnOnce(&Report<'_>) -> Result<T, ScanError>,
    ) -> Result<T, ScanError> {
        let analysis = self.analysis()?;
        let regions = analysis.regions();
        let texts = self.texts().ok_or(ScanError::NoTexts)?;
        let found = self.findings(analysis, watch)?;
        make(&Report {
            caption: self.caption(),
            layout: Some(analysis.layout()),
            contrasts: &found.contrasts,
            metrics: &found.metrics,
            tables: &found.tables,
            facts: &found.facts,
            ..Report::new(
                texts,
                self.maps()?.embedding(),
                regions.grids(),
                regions.graph(),
            )
        })
    }

    fn findings(&self, analysis: &Analysis, watch: &dyn Watch) -> Result<Findings, ScanError> {
        let wanted = contrasts(self.labels());
        let steps = wanted.len() + 1;
        let mut contrasts = Vec::with_capacity(wanted.len());
        for (done, contrast) in (0..).zip(wanted) {
            watch.check("report", done, steps)?;
            let tests = analysis.cell_tests(&contrast)?.to_vec();
            contrasts.push((contrast, tests));
        }
        watch.check("report", steps - 1, steps)?;
        let names = self.labels().category_names();
        let mut metrics = Vec::new();
        if analysis.regions().graph().graph().node_count() <= MAX_MEASURED_REGIONS {
            let mut measure = |name: &str, categories: &[usize]| {
                let measured = Metrics::clone(&analysis.metrics(categories));
                metrics.push((name.to_owned(), measured));
            };
            if names.len() > 1 {
                let all: Vec<usize> = (0..names.len()).collect();
                measure("all texts", &all);
            }
            for (category, name) in names.iter().enumerate().take(MAX_CONTRASTS) {
                measure(name, &[category]);
            }
        }
        Ok(Findings {
            contrasts,
            metrics,
            tables: quality_table(self.maps()?.section()).into_iter().collect(),
            facts: facts(self, &analysis.test_settings()),
        })
    }
}

/// The contrasts that the labels call for; of very many categories those of the largest.
fn contrasts(labels: &Labels) -> Vec<Contrast> {
    let every: Vec<usize> = (0..labels.n_categories()).collect();
    let mut all = Contrast::among_largest(&every, labels, MAX_CONTRASTS);
    if labels.n_categories() > MAX_CONTRASTS {
        let counts = labels.category_counts();
        let size = |contrast: &Contrast| contrast.a.iter().map(|&c| counts[c]).sum::<usize>();
        all.sort_by_key(|contrast| (Reverse(size(contrast)), contrast.a.clone()));
    }
    all
}
