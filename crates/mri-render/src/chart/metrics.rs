use mri_core::Layer;
use mri_graph::{LayerMetrics, Metrics, MetricsRow};

use super::draw::draw_chart;
use super::line_chart::{LineChart, LinePanel, Series};
use super::panel::Panel;
use crate::caption::Caption;
use crate::error::RenderError;
use crate::figure::Figure;
use crate::figure_style::FigureStyle;

/// The name of a metric, and where it is found.
type NamedMetric = (&'static str, fn(&Metrics) -> Option<f64>);

/// The metrics of a graph as a whole, with their names.
const GRAPH_METRICS: [NamedMetric; 6] = [
    ("Density: share of possible edges", |m| m.layered_density),
    ("Strength assortativity", |m| m.assortativity),
    ("Center of mass, in layers from the middle", |m| {
        m.center_of_mass
    }),
    ("Clustering of even layers", |m| m.even.average_clustering),
    ("Mean shortest path of even layers", |m| {
        m.even.average_shortest_path
    }),
    ("Variance of degree", |m| m.var_degree),
];

/// Draws the metrics of several graphs side by side: regions, edges per region and variation of
/// strength by layer, and the metrics of each graph as a whole.
///
/// A row is a category or a union of categories; `sizes` are their numbers of texts and `layers`
/// the layers of all graphs.
///
/// # Errors
/// [`RenderError::Mismatch`] if there is no row, not one size per row, or a graph has other layers.
pub fn metrics_chart(
    rows: &[MetricsRow<'_>],
    sizes: &[usize],
    layers: &[Layer],
    caption: &Caption,
    style: &FigureStyle,
) -> Result<Figure, RenderError> {
    if rows.is_empty() || rows.len() != sizes.len() {
        return Err(RenderError::mismatch(format!(
            "got {} graphs and {} sizes; they must be as many, and at least 1",
            rows.len(),
            sizes.len()
        )));
    }
    if let Some(row) = (rows.iter()).find(|row| row.metrics.by_layer.len() != layers.len()) {
        return Err(RenderError::mismatch(format!(
            "the metrics of “{}” cover {} layers, not {}",
            row.label,
            row.metrics.by_layer.len(),
            layers.len()
        )));
    }
    let chart = LineChart {
        title: "What the region graphs measure".to_owned(),
        notes: vec!["above by layer, below of the whole graph".to_owned()],
        x_name: "layer".to_owned(),
        x: layers.iter().map(|&layer| layer.abbreviation()).collect(),
        series: rows
            .iter()
            .zip(sizes)
            .map(|(row, &n)| Series {
                name: row.label.to_owned(),
                n: Some(n),
                baseline: false,
            })
            .collect(),
        panels: Vec::new(),
    };
    let by_layer = |name: &str, value: fn(&LayerMetrics) -> Option<f64>| LinePanel {
        name: name.to_owned(),
        lines: rows
            .iter()
            .map(|row| row.metrics.by_layer.iter().map(value).collect())
            .collect(),
        intervals: Vec::new(),
        range: Some([0.0, 0.0]),
    };
    let lines = [
        by_layer("Regions", |m| Some(m.nodes as f64)),
        by_layer("Edges per region", |m| m.mean_degree),
        by_layer("Coefficient of variation of strength", |m| {
            let mean = m.mean_strength.filter(|mean| *mean > 0.0)?;
            Some(m.var_strength?.sqrt() / mean)
        }),
    ];
    let mut panels: Vec<Panel<'_>> = lines.iter().map(Panel::Lines).collect();
    panels.extend(GRAPH_METRICS.map(|(name, value)| Panel::Dots {
        name: name.to_owned(),
        values: rows.iter().map(|row| value(row.metrics)).collect(),
    }));
    draw_chart(&chart, panels, caption, style)
}
