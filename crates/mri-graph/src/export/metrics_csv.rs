use std::io::{self, Write};

use crate::export::columns::optional_number;
use crate::metrics::{Metrics, ProjectionMetrics};

/// The metrics of one graph, as a row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricsRow<'a> {
    /// The model.
    pub model_name: &'a str,
    /// The category, or several together.
    pub label: &'a str,
    /// Its metrics.
    pub metrics: &'a Metrics,
}

/// Writes the metrics of several categories and models as one tidy table: one row per graph, one
/// column per metric, those of the projections with the prefix `even_` or `odd_`. The metrics by
/// layer are left out. A metric that is not defined is an empty field.
///
/// # Errors
/// Errors of the writer.
pub fn write_metrics_csv(rows: &[MetricsRow<'_>], out: impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    for (i, row) in rows.iter().enumerate() {
        let m = row.metrics;
        let mut columns = vec![
            ("nodes".to_owned(), Some(m.nodes as f64)),
            ("edges".to_owned(), Some(m.edges as f64)),
        ];
        let flat = [
            ("mean_degree", m.mean_degree),
            ("var_degree", m.var_degree),
            ("skew_degree", m.skew_degree),
            ("kurt_degree", m.kurt_degree),
            ("mean_strength", m.mean_strength),
            ("var_strength", m.var_strength),
            ("skew_strength", m.skew_strength),
            ("kurt_strength", m.kurt_strength),
            ("mean_strength_per_text", m.mean_strength_per_text),
            ("assortativity", m.assortativity),
            ("density", m.density),
            ("layered_density", m.layered_density),
            ("center_of_mass", m.center_of_mass),
            ("center_of_strength", m.center_of_strength),
        ];
        columns.extend(flat.map(|(name, value)| (name.to_owned(), value)));
        columns.extend(projection("even", &m.even));
        columns.extend(projection("odd", &m.odd));
        if i == 0 {
            let names = columns.iter().map(|(name, _)| name.as_str());
            csv.write_record(["model_name", "label"].into_iter().chain(names))?;
        }
        let values = columns.into_iter().map(|(_, value)| optional_number(value));
        let start = [row.model_name.to_owned(), row.label.to_owned()];
        csv.write_record(start.into_iter().chain(values))?;
    }
    csv.flush()
}

fn projection(side: &str, m: &ProjectionMetrics) -> [(String, Option<f64>); 10] {
    [
        ("nodes", Some(m.nodes as f64)),
        ("edges", Some(m.edges as f64)),
        ("mean_degree", m.mean_degree),
        ("var_degree", m.var_degree),
        ("mean_strength", m.mean_strength),
        ("var_strength", m.var_strength),
        ("average_clustering", m.average_clustering),
        ("assortativity", m.assortativity),
        ("density", m.density),
        ("average_shortest_path", m.average_shortest_path),
    ]
    .map(|(name, value)| (format!("{side}_{name}"), value))
}
