use std::io::{self, Write};

use mri_core::Layer;
use mri_grid::Cell;

use crate::export::columns::{optional_number, real};
use crate::significance::{CellTest, LayerTest};

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
/// `tests` has one entry per contrast, with what
/// [`Significance::cells`](crate::Significance::cells) gave; `layers` are those of the grids. A
/// layer's own test stands before those of its cells, with `x` and `y` empty. `distance` is the
/// total variation distance of the two sides in a layer, `difference` the share of A's texts minus
/// the share of B's in a cell; a row has one of them. `low` and `high` bound the interval of the
/// difference. A number that is not defined is an empty field.
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
        "distance",
        "difference",
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

fn numbers_of<T>(test: &CellTest<T>) -> [String; 10] {
    [
        test.texts_a.to_string(),
        test.texts_b.to_string(),
        String::new(),
        optional_number(Some(test.effect)),
        bound(test.interval[0]),
        bound(test.interval[1]),
        optional_number(Some(test.p)),
        optional_number(Some(test.p_permuted)),
        optional_number(test.q),
        optional_number(Some(test.stability)),
    ]
}

/// The field of an interval's bound. Bootstrap effects have single precision, so more digits would
/// mean nothing.
fn bound(value: f64) -> String {
    let rounded = value as f32;
    if rounded.is_nan() {
        String::new()
    } else {
        rounded.to_string()
    }
}
