//! SignificanceResults and metrics as CSV tables.

use std::io::{self, Write};

use mri_core::Layer;
use mri_grid::Cell;

use crate::graph_table::real;
use crate::{CellTest, LayerTest, Metrics, ProjectionMetrics};

/// The tests of one contrast, with what its sides are called.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTests<T> {
    /// The names of side A and side B, see [`Contrast::names`](crate::Contrast::names).
    pub sides: [String; 2],
    /// The test of every layer, or of the transitions from every layer to the next.
    pub layers: Vec<LayerTest<T>>,
}

/// Writes tests of cells: `a,b,layer,x,y`, then the numbers of [`CellTest`].
///
/// `tests` has one entry per contrast, with what [`Significance::cells`](crate::Significance::cells)
/// gave; `layers` are those of the grids. A layer's own test stands before those of its cells, with
/// `x` and `y` empty and its distance as the effect. `low` and `high` bound the interval of the
/// effect. A number that is not defined is an empty field.
///
/// # Errors
/// Errors of the writer.
pub fn write_cell_significance(
    tests: &[NamedTests<Cell>],
    layers: &[Layer],
    out: impl Write,
) -> io::Result<()> {
    let place = |cell: Option<&Cell>| match cell {
        Some(cell) => vec![cell.x.to_string(), cell.y.to_string()],
        None => vec![String::new(); 2],
    };
    write_tests(tests, layers, &["x", "y"], place, out)
}

/// Writes tests of edges: `a,b,layer,source_x,source_y,target_x,target_y`, then the numbers of
/// [`CellTest`]. `layer` is the one the edge starts from; otherwise as [`write_cell_significance`].
///
/// # Errors
/// Errors of the writer.
pub fn write_edge_significance(
    tests: &[NamedTests<(Cell, Cell)>],
    layers: &[Layer],
    out: impl Write,
) -> io::Result<()> {
    let place = |edge: Option<&(Cell, Cell)>| match edge {
        Some((s, t)) => [s.x, s.y, t.x, t.y].map(|at| at.to_string()).to_vec(),
        None => vec![String::new(); 4],
    };
    let names = ["source_x", "source_y", "target_x", "target_y"];
    write_tests(tests, layers, &names, place, out)
}

fn write_tests<T>(
    tests: &[NamedTests<T>],
    layers: &[Layer],
    place_names: &[&str],
    place: impl Fn(Option<&T>) -> Vec<String>,
    out: impl Write,
) -> io::Result<()> {
    let numbers = [
        "texts_a",
        "texts_b",
        "effect",
        "low",
        "high",
        "p",
        "p_permuted",
        "q",
        "stability",
    ];
    let mut csv = csv::Writer::from_writer(out);
    let header = ["a", "b", "layer"].iter().chain(place_names);
    csv.write_record(header.chain(&numbers))?;
    for NamedTests {
        sides: [a, b],
        layers: of_layers,
    } in tests
    {
        for test in of_layers {
            let layer = layers.get(test.position).map(Layer::to_string);
            let start = [a.clone(), b.clone(), layer.unwrap_or_default()];
            let whole = [
                String::new(),
                String::new(),
                real(test.distance),
                String::new(),
                String::new(),
                real(test.p),
                real(test.p),
                real(test.q),
                String::new(),
            ];
            csv.write_record(start.iter().chain(&place(None)).chain(&whole))?;
            for item in &test.items {
                let fields = start.iter().cloned().chain(place(Some(&item.item)));
                csv.write_record(fields.chain(numbers_of(item)))?;
            }
        }
    }
    csv.flush()
}

fn numbers_of<T>(test: &CellTest<T>) -> [String; 9] {
    [
        test.texts_a.to_string(),
        test.texts_b.to_string(),
        number(Some(test.effect)),
        bound(test.interval[0]),
        bound(test.interval[1]),
        number(Some(test.p)),
        number(Some(test.p_permuted)),
        number(test.q),
        number(Some(test.stability)),
    ]
}

/// A field: empty for what is not defined.
fn number(value: Option<f64>) -> String {
    let value = value.filter(|value| !value.is_nan());
    value.map(real).unwrap_or_default()
}

/// An end of an interval. Resamples are kept in single precision, so no more digits mean anything.
fn bound(value: f64) -> String {
    let rounded = value as f32;
    if rounded.is_nan() {
        String::new()
    } else {
        rounded.to_string()
    }
}

/// One graph's line of a metrics table.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricsRow<'a> {
    /// The model.
    pub model_name: &'a str,
    /// The category, or the composition of several.
    pub label: &'a str,
    /// Its numbers.
    pub metrics: &'a Metrics,
}

/// Writes the metrics of several categories and models as one tidy table: one line per graph, one
/// column per number, those of the projections with the prefix `even_` or `odd_`. The numbers by
/// layer are left out. A number that is not defined is an empty field.
///
/// # Errors
/// What the writer gives.
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
        let values = columns.into_iter().map(|(_, value)| number(value));
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
