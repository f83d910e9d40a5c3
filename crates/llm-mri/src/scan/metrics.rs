use mri_graph::{Metrics, MetricsRow, louvain_communities, write_metrics_csv};
use serde::Serialize;

use crate::error::ScanError;
use crate::scan::Scan;
use crate::scan::bounds::MAX_REGIONS_OF_METRICS;
use crate::scan::category::CategoryRef;

/// The metrics of one category's graph, or of the graph of several categories together.
///
/// As JSON, the names that LLM-MRI gives its metrics stand at the top beside ours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CategoryMetrics {
    /// The model.
    pub model_name: String,
    /// The category, or several joined by ` + `.
    pub label: String,
    /// Texts of the categories.
    pub texts: usize,
    /// The metrics of the graph.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Weighted modularity of the communities that the Louvain method finds.
    pub modularity: f64,
    /// How many communities it finds.
    pub communities: usize,
}

impl CategoryMetrics {
    /// Writes several as one tidy table, see [`write_metrics_csv`].
    ///
    /// # Errors
    /// What the writer gives.
    pub fn write_csv(rows: &[Self], out: impl std::io::Write) -> std::io::Result<()> {
        let rows: Vec<MetricsRow<'_>> = rows
            .iter()
            .map(|row| MetricsRow {
                model_name: &row.model_name,
                label: &row.label,
                metrics: &row.metrics,
            })
            .collect();
        write_metrics_csv(&rows, out)
    }
}

impl Scan {
    /// The metrics of the graph of some categories together: of regions where maps have two
    /// components, of correlations (by their absolute value) where they have another number.
    ///
    /// # Errors
    /// [`ScanError::NoMaps`], [`ScanError::NoRegions`], [`ScanError::UnknownCategory`],
    /// [`ScanError::Graph`]; [`ScanError::TooManyRegions`], since projections take cubic time.
    pub fn metrics(
        &self,
        categories: impl IntoIterator<Item: Into<CategoryRef>>,
    ) -> Result<CategoryMetrics, ScanError> {
        let categories = &self.categories(categories)?;
        let (metrics, found, texts) = if self.maps()?.components() == 2 {
            let analysis = self.analysis()?;
            let view = analysis.regions().graph().view(categories);
            let regions = view.nodes().count();
            if regions > MAX_REGIONS_OF_METRICS {
                return Err(ScanError::TooManyRegions {
                    regions,
                    limit: MAX_REGIONS_OF_METRICS,
                });
            }
            let metrics = Metrics::clone(&analysis.metrics(categories));
            (
                metrics,
                louvain_communities(&view.digraph()),
                view.n_texts(),
            )
        } else {
            let graph = self.correlations(categories, self.graph_options().threshold)?;
            let digraph = graph.digraph()?;
            let mut metrics = Metrics::of(&digraph);
            // Weights of correlations do not add up to texts.
            metrics.mean_strength_per_text = None;
            (metrics, louvain_communities(&digraph), graph.n_texts())
        };
        let names = self.labels().category_names();
        let label: Vec<&str> = categories
            .iter()
            .filter_map(|&c| names.get(c).map(String::as_str))
            .collect();
        Ok(CategoryMetrics {
            model_name: self.model().name.clone(),
            label: label.join(" + "),
            texts,
            metrics,
            modularity: found.modularity,
            communities: found.membership.iter().max().map_or(0, |last| last + 1),
        })
    }
}
