use mri_core::Layer;
use mri_graph::{LayerMetrics, MetricsRow};

use super::panel::PanelKind;
use super::{LineChart, LinePanel, Series, draw_chart};
use crate::heatmap::layer_tick;
use crate::{Caption, Figure, Look, RenderError};

/// Draws the metrics of several graphs side by side: how regions, edges and texts per region go from
/// layer to layer, and what is told of each graph as a whole.
///
/// A row is a category, or a composition of some; `sizes` are the numbers of texts of each, and
/// `layers` those of the graphs.
///
/// # Errors
/// [`RenderError::Mismatch`] if there is no row, sizes are not one per row, or a graph has other layers.
pub fn metrics_chart(
    rows: &[MetricsRow<'_>],
    sizes: &[usize],
    layers: &[Layer],
    caption: &Caption,
    look: &Look,
) -> Result<Figure, RenderError> {
    if rows.is_empty() || rows.len() != sizes.len() {
        return Err(RenderError::Mismatch(format!(
            "there are {} graphs to compare and {} sizes",
            rows.len(),
            sizes.len()
        )));
    }
    if let Some(row) = (rows.iter()).find(|row| row.metrics.by_layer.len() != layers.len()) {
        return Err(RenderError::Mismatch(format!(
            "“{}” was measured over {} layers, not {}",
            row.label,
            row.metrics.by_layer.len(),
            layers.len()
        )));
    }
    let chart = LineChart {
        title: "What the region graphs measure".to_owned(),
        notes: vec!["above by layer, below of the whole graph".to_owned()],
        x_name: "layer".to_owned(),
        x: layers.iter().map(|&layer| layer_tick(layer)).collect(),
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
    let whole = [
        (
            "Density: share of possible edges",
            rows.iter().map(|r| r.metrics.layered_density).collect(),
        ),
        (
            "Strength assortativity",
            rows.iter().map(|r| r.metrics.assortativity).collect(),
        ),
        (
            "Centre of mass, in layers from the middle",
            rows.iter().map(|r| r.metrics.center_of_mass).collect(),
        ),
        (
            "Clustering of even layers",
            rows.iter()
                .map(|r| r.metrics.even.average_clustering)
                .collect(),
        ),
        (
            "Mean shortest path of even layers",
            rows.iter()
                .map(|r| r.metrics.even.average_shortest_path)
                .collect(),
        ),
        (
            "Variance of degree",
            rows.iter().map(|r| r.metrics.var_degree).collect(),
        ),
    ];
    let mut panels: Vec<PanelKind<'_>> = lines.iter().map(PanelKind::Lines).collect();
    panels.extend(
        whole.map(|(name, values): (&str, Vec<Option<f64>>)| PanelKind::Dots {
            name: name.to_owned(),
            values,
        }),
    );
    draw_chart(&chart, panels, caption, look)
}
