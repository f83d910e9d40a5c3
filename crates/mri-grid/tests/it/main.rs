//! Integration tests of mri-grid.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use mri_core::{CategoryCounts, Labels, Layer};
use mri_grid::{Binning, Cell, Grid, GridError, GridStack};
use ndarray::{Array2, array, s};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    case: String,
    side: usize,
    values: Vec<f32>,
    bins: Vec<u16>,
}

/// Points with the given first coordinates and 0 for the second.
fn along_x(values: &[f32]) -> Array2<f32> {
    Array2::from_shape_fn(
        (values.len(), 2),
        |(i, j)| if j == 0 { values[i] } else { 0.0 },
    )
}

#[test]
fn uniform_bins_are_those_of_pandas() {
    let text = include_str!("../golden/cut.json");
    let goldens: Vec<Golden> = serde_json::from_str(text).unwrap();
    assert_eq!(goldens.len(), 50);
    for g in goldens {
        let grid = Grid::new(along_x(&g.values).view(), Binning::Uniform { side: g.side }).unwrap();
        let bins: Vec<u16> = grid.cells().iter().map(|cell| cell.x).collect();
        assert_eq!(bins, g.bins, "{} with {} bins", g.case, g.side);
    }
}

#[test]
fn equal_points_are_in_the_middle() {
    let points = along_x(&[0.0, 0.0, 0.0]);
    for (side, middle) in [(10, 4), (9, 4)] {
        let grid = Grid::new(points.view(), Binning::Uniform { side }).unwrap();
        assert_eq!(
            grid.cell_of(0),
            Some(Cell {
                x: middle,
                y: middle
            })
        );
    }
}

#[test]
fn quantile_bins_hold_equal_counts_despite_an_outlier() {
    let mut values: Vec<f32> = (0..100).map(|i| (i as f32 * 37.0) % 100.0).collect();
    values[3] = 1e9;
    let grid = Grid::new(along_x(&values).view(), Binning::Quantile { side: 5 }).unwrap();
    for x in 0..5 {
        assert_eq!(grid.cells().iter().filter(|cell| cell.x == x).count(), 20);
    }
}

#[test]
fn wrong_input_is_refused() {
    let uniform = |side| Binning::Uniform { side };
    let bad = |points: Array2<f32>, side| Grid::new(points.view(), uniform(side)).unwrap_err();
    assert_eq!(
        bad(Array2::zeros((3, 3)), 4),
        GridError::NotPlanar { columns: 3 }
    );
    assert_eq!(bad(Array2::zeros((0, 2)), 4), GridError::NoPoints);
    assert_eq!(
        bad(Array2::zeros((3, 2)), 0),
        GridError::BadSide { side: 0 }
    );
    assert_eq!(
        bad(Array2::zeros((3, 2)), 70_000),
        GridError::BadSide { side: 70_000 }
    );
    assert_eq!(
        bad(array![[0.0, 1.0], [f32::NAN, 0.0]], 4),
        GridError::NonFinite { row: 1 }
    );
}

#[test]
fn binnings_have_names() {
    for binning in [Binning::Uniform { side: 10 }, Binning::Quantile { side: 7 }] {
        assert_eq!(binning.to_string().parse::<Binning>().unwrap(), binning);
    }
    for text in [
        "uniform",
        "uniform:0",
        "uniform:x",
        "hex:4",
        "quantile:-1",
        "uniform:70000",
    ] {
        assert!(text.parse::<Binning>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn every_text_is_in_the_cell_that_holds_its_point(
        coordinates in prop::collection::vec((-50.0_f32..50.0, -1.0_f32..1.0), 1..80),
        side in 1_usize..12,
        quantile in any::<bool>(),
    ) {
        let points = Array2::from_shape_fn((coordinates.len(), 2), |(i, j)| {
            if j == 0 { coordinates[i].0 } else { coordinates[i].1 }
        });
        let binning =
            if quantile { Binning::Quantile { side } } else { Binning::Uniform { side } };
        let grid = Grid::new(points.view(), binning).unwrap();
        for (row, &(x, _)) in coordinates.iter().enumerate() {
            let cell = grid.cell_of(row).unwrap();
            let edges = grid.edges_x();
            let (low, high) = (edges[usize::from(cell.x)], edges[usize::from(cell.x) + 1]);
            let x = f64::from(x);
            prop_assert!((x > low || cell.x == 0) && x <= high, "{low} < {x} <= {high}");
            prop_assert!(grid.rows_in(cell).contains(&row));
            prop_assert_eq!(grid.place([points[(row, 0)], points[(row, 1)]]), cell);
        }
        let labels = Labels::from_names((0..coordinates.len()).map(|i| (i % 3).to_string())).unwrap();
        let counts = grid.counts(&labels);
        for (category, &expected) in labels.category_counts().iter().enumerate() {
            let sum: u32 = counts.index_axis(ndarray::Axis(0), category).sum();
            prop_assert_eq!(sum as usize, expected);
        }
        prop_assert_eq!(counts.dim(), (labels.n_categories(), side, side));
        // The sparse forms have what is not 0 in the full table, in its order, and nothing else.
        let occupied: Vec<(usize, usize)> = ndarray::indices((side, side)).into_iter()
            .filter(|&(x, y)| counts.slice(s![.., x, y]).sum() > 0)
            .collect();
        let place = |cell: &Cell| (usize::from(cell.x), usize::from(cell.y));
        let by_cell = grid.counts_by_cell(&labels);
        prop_assert_eq!(by_cell.keys().map(place).collect::<Vec<_>>(), occupied);
        for (cell, of_cell) in &by_cell {
            let (x, y) = place(cell);
            let full = counts.slice(s![.., x, y]).to_vec();
            prop_assert_eq!(of_cell, &CategoryCounts::from_counts(full));
            prop_assert_eq!(&grid.rows_by_cell()[cell], &grid.rows_in(*cell));
            let typical = grid.typical_rows(*cell, points.view());
            prop_assert_eq!(grid.by_typicality(*cell, grid.rows_in(*cell), points.view()), typical);
        }
        prop_assert_eq!(grid.rows_by_cell().len(), by_cell.len());
    }

    #[test]
    fn places_outside_go_to_the_border(x in prop::num::f32::ANY, y in prop::num::f32::ANY) {
        let grid = Grid::new(
            array![[0.0, 0.0], [1.0, 2.0]].view(), Binning::Uniform { side: 3 }).unwrap();
        let cell = grid.place([x, y]);
        prop_assert!(cell.x < 3 && cell.y < 3);
        let [cx, cy] = grid.center(cell);
        prop_assert!((-0.1..=1.1).contains(&cx) && (-0.1..=2.1).contains(&cy));
    }
}

#[test]
fn the_finest_grid_holds_no_more_than_its_texts() {
    // A number per cell and category would be four billion times 500.
    let points = Array2::from_shape_fn((1_000, 2), |(i, j)| ((i * (7 + j)) % 1_000) as f32);
    let grid = Grid::new(points.view(), Binning::Uniform { side: 65_535 }).unwrap();
    let labels = Labels::from_names((0..1_000).map(|i| (i % 500).to_string())).unwrap();
    let counts = grid.counts_by_cell(&labels);
    assert!(counts.len() <= 1_000);
    let entries: usize = counts.values().map(|counts| counts.iter().len()).sum();
    assert!(entries <= 1_000);
    let texts: u32 = counts.values().map(CategoryCounts::total).sum();
    assert_eq!(texts, 1_000);
}

#[test]
fn typical_rows_are_near_the_middle_of_their_cell() {
    // Two columns of cells from 0 to 8; the left one spans 0 to 4 (less the widening), middle 2.
    let points = array![
        [0.0_f32, 0.0],
        [1.9, 3.9],
        [3.0, 2.0],
        [2.0, 2.1],
        [8.0, 8.0]
    ];
    let grid = Grid::new(points.view(), Binning::Uniform { side: 2 }).unwrap();
    let cell = Cell { x: 0, y: 0 };
    assert_eq!(grid.rows_in(cell), [0, 1, 2, 3]);
    assert_eq!(grid.typical_rows(cell, points.view()), [3, 2, 1, 0]);
    assert!(
        grid.typical_rows(Cell { x: 1, y: 0 }, points.view())
            .is_empty()
    );
}

#[test]
fn words_have_the_weight_of_the_formula() {
    let points = array![[0.0_f32, 0.0], [0.0, 0.0], [1.0, 1.0]];
    let grid = Grid::new(points.view(), Binning::Uniform { side: 2 }).unwrap();
    let texts = ["The heron waits", "a heron and the reeds", "Reeds, reeds!"];
    let words = grid.words(&texts, 2);
    // Cell 0_0: heron 2, waits 1, reeds 1; cell 1_1: reeds 2. Six words in two cells: A = 3.
    let low = &words[&Cell { x: 0, y: 0 }];
    let high = &words[&Cell { x: 1, y: 1 }];
    assert_eq!(low.len(), 2);
    assert_eq!((low[0].word.as_str(), low[0].count), ("heron", 2));
    assert!((low[0].weight - 0.5 * (1.0_f64 + 3.0 / 2.0).ln()).abs() < 1e-12);
    assert_eq!(low[1].word, "waits");
    assert!((low[1].weight - 0.25 * 4.0_f64.ln()).abs() < 1e-12);
    assert_eq!(high.len(), 1);
    assert!((high[0].weight - 2.0_f64.ln()).abs() < 1e-12);
    assert!(grid.words(&[""; 3], 5).values().all(Vec::is_empty));
}

#[test]
fn edges_of_uniform_bins_are_those_of_pandas_cut() {
    let assert_edges = |values: &[f32], wanted: &[f64]| {
        let side = wanted.len() - 1;
        let grid = Grid::new(along_x(values).view(), Binning::Uniform { side }).unwrap();
        assert_eq!(grid.edges_x().len(), wanted.len());
        for (edge, wanted) in grid.edges_x().iter().zip(wanted) {
            assert!((edge - wanted).abs() < 1e-12, "{values:?}: {edge}");
        }
    };
    // The lowest edge is lowered by 0.1 % of the range, the others divide it.
    assert_edges(&[2.0, 12.0, 7.0], &[1.99, 4.5, 7.0, 9.5, 12.0]);
    assert_edges(&[-3.0, -1.0], &[-3.002, -1.0]);
    // A constant is widened by 0.1 % of its size on both sides, and its lowest edge is not lowered.
    assert_edges(&[4.0, 4.0], &[3.996, 4.0, 4.004]);
    assert_edges(&[-4.0], &[-4.004, -3.996]);
    assert_edges(&[0.0], &[-0.001, 0.0, 0.001]);
}

#[test]
fn edges_of_quantile_bins_are_interpolated() {
    let values = [9.0, 0.0, 16.0, 1.0, 4.0];
    let mut points = along_x(&values);
    points.column_mut(1).mapv_inplace(|_| 5.0);
    let grid = Grid::new(points.view(), Binning::Quantile { side: 3 }).unwrap();
    // Positions 0, 4/3, 8/3 and 4 of the sorted values, as numpy's `quantile`.
    for (edge, wanted) in grid.edges_x().iter().zip([0.0, 2.0, 22.0 / 3.0, 16.0]) {
        assert!((edge - wanted).abs() < 1e-12, "{edge}");
    }
    assert_eq!(grid.edges_y(), [5.0; 4]);
}

#[test]
fn typical_rows_are_ranked_in_cell_widths_and_heights() {
    // Cells 50 wide and half high. Rows 1 to 4 are in the last one, whose middle is (1075, 0.75).
    let points = array![
        [1000.0_f32, 0.0],
        [1075.0, 0.85],
        [1090.0, 0.75],
        [1080.0, 0.75],
        [1100.0, 1.0]
    ];
    let grid = Grid::new(points.view(), Binning::Uniform { side: 2 }).unwrap();
    let rows = grid.typical_rows(Cell { x: 1, y: 1 }, points.view());
    assert_eq!(rows, [3, 1, 2, 4]);
    // Rows without a point are left out.
    let first = points.slice(s![..3, ..]);
    assert_eq!(grid.typical_rows(Cell { x: 1, y: 1 }, first), [1, 2]);
    // A quantile bin of equal values has no height, and no point in it is off its middle.
    let flat = array![[0.0_f32, 5.0], [10.0, 5.0], [6.0, 5.0]];
    let grid = Grid::new(flat.view(), Binning::Quantile { side: 1 }).unwrap();
    assert_eq!(
        grid.typical_rows(Cell { x: 0, y: 0 }, flat.view()),
        [2, 0, 1]
    );
}

#[test]
fn a_stack_refuses_grids_of_other_texts() {
    let labels = Arc::new(Labels::from_names(["a", "b"]).unwrap());
    let grid = |rows: usize| {
        let points = Array2::from_shape_fn((rows, 2), |(i, _)| i as f32);
        Grid::new(points.view(), Binning::default()).unwrap()
    };
    let stack = |rows| GridStack::new(labels.clone(), vec![(Layer::resid(0), grid(rows))]);
    assert!(stack(2).is_ok());
    assert!(stack(1).is_err() && stack(3).is_err());
}
