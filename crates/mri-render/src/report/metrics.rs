use mri_core::Layer;
use mri_graph::{Metrics, ProjectionMetrics};

use super::table::{ReportTable, TableEntry};

/// The name and the value of a metric.
type Row = (&'static str, fn(&Metrics) -> Option<f64>);

const ROWS: [Row; 15] = [
    ("regions", |m| Some(m.nodes as f64)),
    ("transitions (edges)", |m| Some(m.edges as f64)),
    ("degree, mean", |m| m.mean_degree),
    ("degree, variance", |m| m.var_degree),
    ("degree, skewness", |m| m.skew_degree),
    ("degree, excess kurtosis", |m| m.kurt_degree),
    ("strength per text, mean", |m| m.mean_strength_per_text),
    ("strength, mean", |m| m.mean_strength),
    ("strength, variance", |m| m.var_strength),
    ("strength, skewness", |m| m.skew_strength),
    ("strength, excess kurtosis", |m| m.kurt_strength),
    ("assortativity", |m| m.assortativity),
    ("density", |m| m.density),
    ("density between neighboring layers", |m| m.layered_density),
    ("center of mass, in layers from the middle", |m| {
        m.center_of_mass
    }),
];

type ProjectionRow = (&'static str, fn(&ProjectionMetrics) -> Option<f64>);

const PROJECTION_ROWS: [ProjectionRow; 8] = [
    ("degree, mean", |m| m.mean_degree),
    ("degree, variance", |m| m.var_degree),
    ("strength, mean", |m| m.mean_strength),
    ("strength, variance", |m| m.var_strength),
    ("clustering, mean", |m| m.average_clustering),
    ("assortativity", |m| m.assortativity),
    ("density", |m| m.density),
    ("shortest path, mean", |m| m.average_shortest_path),
];

/// All metrics, one column per graph.
pub(super) fn metrics_table(metrics: &[(String, Metrics)]) -> ReportTable {
    let row = |name: String, value: &dyn Fn(&Metrics) -> Option<f64>| {
        let mut row = vec![TableEntry::Text(name)];
        row.extend(metrics.iter().map(|(_, m)| TableEntry::from(value(m))));
        row
    };
    let mut rows: Vec<_> = ROWS
        .iter()
        .map(|(name, value)| row((*name).to_owned(), value))
        .collect();
    for (parity, side) in [("even", true), ("odd", false)] {
        for (name, value) in PROJECTION_ROWS {
            let of = |m: &Metrics| value(if side { &m.even } else { &m.odd });
            rows.push(row(format!("{parity} layers: {name}"), &of));
        }
    }
    ReportTable {
        title: "Metrics of the graphs".to_owned(),
        note: "Degree counts the transitions at a region, strength the texts on them. The rows of \
               even and odd layers measure how regions of every other layer are joined through \
               those between."
            .to_owned(),
        columns: columns("metric", metrics),
        rows,
    }
}

/// The mean degree of every layer, one column per graph.
pub(super) fn by_layer_table(metrics: &[(String, Metrics)], layers: &[Layer]) -> ReportTable {
    let rows = layers.iter().enumerate().map(|(position, &layer)| {
        let mut row = vec![TableEntry::Text(layer.title())];
        row.extend(metrics.iter().map(|(_, m)| {
            let of_layer = m.by_layer.get(position);
            TableEntry::from(of_layer.and_then(|l| l.mean_degree))
        }));
        row
    });
    ReportTable {
        title: "Mean degree by layer".to_owned(),
        note: "To how many regions of the neighboring layers a region of this layer sends or owes \
               its texts."
            .to_owned(),
        rows: rows.collect(),
        columns: columns("layer", metrics),
    }
}

fn columns(first: &str, metrics: &[(String, Metrics)]) -> Vec<String> {
    let names = metrics.iter().map(|(name, _)| name.clone());
    std::iter::once(first.to_owned()).chain(names).collect()
}
