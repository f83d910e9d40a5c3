use mri_graph::{Metrics, MetricsRow, louvain_communities, write_metrics_csv};
use serde::Serialize;

use crate::error::ScanError;
use crate::scan::Scan;

/// The numbers of one category's graph, or of several categories together.
///
/// As JSON, the names that LLM-MRI gives its metrics stand at the top beside ours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CategoryMetrics {
    /// The model.
    pub model_name: String,
    /// The category, or several joined by ` + `.
    pub label: String,
    /// Texts that the graph rests on.
    pub texts: usize,
    /// The numbers.
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
    /// Measures the graph of some categories together: of regions where maps have two components, of
    /// correlations (by their absolute value) where they have another number.
    ///
    /// # Errors
    /// [`ScanError::NoMaps`], [`ScanError::NotPlanar`] if the maps were not cut into regions yet,
    /// [`ScanError::Graph`].
    pub fn metrics(&self, categories: &[usize]) -> Result<CategoryMetrics, ScanError> {
        let maps = self.notes.maps.as_ref().ok_or(ScanError::NoMaps)?;
        let planar = maps.components == 2;
        let (digraph, texts) = if planar {
            let graph = self.graph.as_ref().ok_or_else(|| self.not_planar())?;
            let view = graph.view(categories);
            (view.digraph(), view.n_texts())
        } else {
            let graph = self.correlations(categories, self.graph_options().threshold)?;
            (graph.digraph()?, graph.n_texts())
        };
        let mut metrics = Metrics::of(&digraph);
        if !planar {
            // Weights of correlations do not add up to texts.
            metrics.mean_strength_per_text = None;
        }
        let found = louvain_communities(&digraph);
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
