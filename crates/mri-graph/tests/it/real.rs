//! Points of real texts in a real model; `golden/topics.py` made them.

use std::sync::Arc;

use mri_core::{Labels, Layer, SplitMix64};
use mri_graph::{Contrast, LayerTest, Significance};
use mri_grid::{Binning, Cell, Grid, GridStack};
use ndarray::Array2;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    names: Vec<String>,
    labels: Vec<u32>,
    layers: Vec<Vec<[f32; 2]>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/topics.json")).unwrap()
}

fn stack(golden: &Golden, labels: Vec<u32>) -> GridStack {
    let labels = Labels::new(golden.names.clone(), labels).unwrap();
    let grids = golden.layers.iter().enumerate().map(|(i, points)| {
        let points = Array2::from_shape_fn((points.len(), 2), |(row, axis)| points[row][axis]);
        let grid = Grid::new(points.view(), Binning::Uniform { side: 10 }).unwrap();
        (Layer::resid(i + 1), grid)
    });
    GridStack::new(Arc::new(labels), grids.collect()).unwrap()
}

fn run(grids: &GridStack, seed: u64) -> Vec<LayerTest<Cell>> {
    let settings = Significance::default()
        .with_permutations(200)
        .with_resamples(0)
        .with_seed(seed);
    settings.cells(grids, &Contrast::pair(0, 1)).unwrap()
}

fn discoveries(test: &LayerTest<Cell>) -> usize {
    let cells = test.items.iter();
    cells.filter(|v| v.q.is_some_and(|q| q <= 0.05)).count()
}

#[test]
fn two_topics_are_told_apart_in_the_last_layers() {
    let golden = golden();
    let tests = run(&stack(&golden, golden.labels.clone()), 0);
    let found: Vec<usize> = tests.iter().map(discoveries).collect();
    println!("cells at 5 % in layers 1 to 6: {found:?}");
    assert_eq!(tests.len(), 6);
    for test in &tests[4..] {
        assert!(test.q < 0.01, "layer {}: {}", test.position + 1, test.q);
        assert!(discoveries(test) >= 3);
    }
}

#[test]
fn the_same_points_under_shuffled_labels_show_next_to_nothing() {
    const SEEDS: u64 = 200;
    let golden = golden();
    let (mut last, mut figures, mut any_layer) = (0, 0, 0);
    for seed in 0..SEEDS {
        let mut labels = golden.labels.clone();
        SplitMix64::new(seed).shuffle(&mut labels);
        let tests = run(&stack(&golden, labels), seed);
        last += usize::from(discoveries(&tests[5]) > 0);
        figures += tests.iter().filter(|v| discoveries(v) > 0).count();
        any_layer += usize::from(tests.iter().any(|v| v.q <= 0.05));
    }
    println!(
        "of {SEEDS}: last layer {last}, a layer as a whole {any_layer}; {figures} of 1200 heatmaps"
    );
    let limit = SEEDS as usize * 6 / 100;
    assert!(last <= limit && any_layer <= limit);
    assert!(figures <= 6 * limit);
}
