use std::collections::HashMap;
use std::sync::Arc;

use mri_core::{Labels, Layer, SplitMix64};
use mri_graph::{
    Contrast, GraphError, Metrics, MetricsRow, NamedTests, RegionGraph, Significance,
    write_cell_significance, write_edge_significance, write_metrics_csv,
};
use mri_grid::{Binning, Grid, GridStack};
use ndarray::Array2;

/// Texts of the named categories in 3 layers of a 5 x 5 grid. In layer `l` the points of category
/// `c` are moved by `shift * c * l` along the first axis.
fn scan(names: &[&str], texts: usize, shift: f32, seed: u64) -> GridStack {
    let mut random = SplitMix64::new(seed);
    // Labels by lot, so that nothing but the shift ties a point to its label.
    let ids: Vec<u32> = (0..texts)
        .map(|_| (random.next_f32() * names.len() as f32) as u32)
        .collect();
    let mut points: Vec<[f32; 2]> = (0..texts)
        .map(|_| [0, 1].map(|_| (0..4).map(|_| random.next_f32()).sum::<f32>()))
        .collect();
    let mut entries = Vec::new();
    for layer in 0..3 {
        let matrix = Array2::from_shape_fn((texts, 2), |(row, axis)| {
            let moved = if axis == 0 {
                shift * ids[row] as f32 * layer as f32
            } else {
                0.0
            };
            points[row][axis] + moved
        });
        let grid = Grid::new(matrix.view(), Binning::Uniform { side: 5 }).unwrap();
        entries.push((Layer::resid(layer), grid));
        for point in &mut points {
            point[0] += random.next_f32() - 0.5;
        }
    }
    let names = names.iter().map(|&name| name.to_owned()).collect();
    GridStack::new(Arc::new(Labels::new(names, ids).unwrap()), entries).unwrap()
}

fn quick(seed: u64) -> Significance {
    Significance::default()
        .with_permutations(200)
        .with_resamples(20)
        .with_seed(seed)
}

#[test]
fn labels_by_lot_show_next_to_nothing() {
    const SEEDS: u64 = 200;
    let (mut any_cell, mut layers_with_cell, mut any_edge, mut any_layer) = (0, 0, 0, 0);
    for seed in 0..SEEDS {
        let grids = scan(&["a", "b"], 160, 0.0, seed);
        let contrast = Contrast::pair(0, 1);
        let cells = quick(seed).cells(&grids, &contrast).unwrap();
        let found: Vec<bool> = cells
            .iter()
            .map(|layer| layer.items.iter().any(|v| v.q.is_some_and(|q| q <= 0.05)))
            .collect();
        // One figure of the scan is enough to speak of: here the last layer.
        any_cell += usize::from(found[2]);
        layers_with_cell += found.iter().filter(|&&f| f).count();
        any_layer += usize::from(cells.iter().any(|layer| layer.q <= 0.05));
        let edges = quick(seed).edges(&grids, &contrast).unwrap();
        let mut edges = edges.iter().flat_map(|layer| &layer.items);
        any_edge += usize::from(edges.any(|v| v.q.is_some_and(|q| q <= 0.05)));
    }
    println!(
        "of {SEEDS} scans: a cell {any_cell}, an edge {any_edge}, a layer {any_layer}; {layers_with_cell} of {} heatmaps",
        3 * SEEDS
    );
    let limit = SEEDS as usize * 6 / 100;
    assert!(any_cell <= limit && any_edge <= limit && any_layer <= limit);
    assert!(layers_with_cell <= 3 * limit);
}

#[test]
fn categories_that_part_are_told_apart_where_they_part() {
    let grids = scan(&["a", "b"], 160, 0.8, 5);
    let contrast = Contrast::pair(0, 1);
    let layers = Significance::default().cells(&grids, &contrast).unwrap();
    let found = |layer: usize| {
        let items = layers[layer].items.iter();
        items.filter(|v| v.q.is_some_and(|q| q <= 0.05)).count()
    };
    assert_eq!(found(0), 0);
    assert!(found(2) >= 4, "{}", found(2));
    assert!(layers[0].q > 0.05 && layers[2].q < 0.01);
    assert!(layers[2].distance > layers[0].distance);
    let edges = Significance::default().edges(&grids, &contrast).unwrap();
    let mut last = edges[1].items.iter();
    assert!(last.any(|v| v.q.is_some_and(|q| q <= 0.05)));
}

#[test]
fn tests_rest_on_the_counts_of_the_grid_and_the_graph() {
    let grids = scan(&["a", "b", "c"], 120, 0.4, 9);
    let contrast = Contrast::against_rest(1, grids.labels());
    let n = grids.labels().category_counts();
    let layers = quick(1).cells(&grids, &contrast).unwrap();
    for (layer, (_, grid)) in layers.iter().zip(grids.iter()) {
        let counts = grid.counts(grids.labels());
        let mut distance = 0.0;
        for v in &layer.items {
            let at = |c: usize| counts[(c, usize::from(v.item.x), usize::from(v.item.y))];
            assert_eq!((v.texts_a, v.texts_b), (at(1), at(0) + at(2)));
            let effect =
                f64::from(at(1)) / n[1] as f64 - f64::from(v.texts_b) / (n[0] + n[2]) as f64;
            assert!((v.effect - effect).abs() < 1e-12);
            distance += effect.abs() / 2.0;
        }
        assert!((layer.distance - distance).abs() < 1e-12);
        let texts: u32 = layer.items.iter().map(|v| v.texts_a + v.texts_b).sum();
        assert_eq!(texts, 120);
    }
    let graph = RegionGraph::co_activation(&grids);
    let g = graph.graph();
    let mut weights: HashMap<_, _> = HashMap::new();
    for edge in g.edge_indices() {
        let (source, target) = g.edge_endpoints(edge).unwrap();
        let key = (g[source].position, (g[source].cell, g[target].cell));
        weights.insert(key, g[edge].weights.clone());
    }
    let edges = quick(1).edges(&grids, &contrast).unwrap();
    for layer in &edges {
        for v in &layer.items {
            let w = weights.remove(&(layer.position, v.item)).unwrap();
            assert_eq!((v.texts_a, v.texts_b), (w.get(1), w.sum(&[0, 2])));
        }
    }
    assert!(weights.is_empty());
}

#[test]
fn random_permutations_agree_with_all_permutations() {
    let grids = scan(&["a", "b"], 90, 0.3, 3);
    let settings = Significance::default()
        .with_permutations(20_000)
        .with_resamples(500);
    for layer in settings.cells(&grids, &Contrast::pair(0, 1)).unwrap() {
        for v in &layer.items {
            // Five standard errors of a share estimated from so many draws.
            let error = (v.p * (1.0 - v.p) / 20_000.0).sqrt();
            assert!((v.p - v.p_permuted).abs() < 5.0 * error + 1e-4, "{v:?}");
            assert!(v.interval[0] <= v.interval[1]);
            // The bootstrap centers on the effect.
            let middle = f64::midpoint(v.interval[0], v.interval[1]);
            let half = (v.interval[1] - v.interval[0]) / 2.0;
            assert!((middle - v.effect).abs() <= half.max(0.02), "{v:?}");
            // A text is missed by a resample with chance about 1 / e.
            let texts = v.texts_a + v.texts_b;
            let stays = 1.0 - (-f64::from(texts)).exp();
            assert!((v.stability - stays).abs() < 0.1, "{v:?}");
        }
    }
}

#[test]
fn one_seed_gives_the_same_bits_for_any_number_of_threads() {
    let grids = scan(&["a", "b"], 100, 0.2, 4);
    let test = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let run = || {
            let cells = quick(seed).cells(&grids, &Contrast::pair(0, 1)).unwrap();
            let edges = quick(seed).edges(&grids, &Contrast::pair(0, 1)).unwrap();
            (cells, edges)
        };
        pool.build().unwrap().install(run)
    };
    let one = test(1, 7);
    assert_eq!(one, test(2, 7));
    assert_eq!(one, test(5, 7));
    assert_ne!(one, test(1, 8));
}

#[test]
fn swapping_the_sides_swaps_the_signs() {
    let grids = scan(&["a", "b"], 101, 0.4, 6);
    let there = quick(2).cells(&grids, &Contrast::pair(0, 1)).unwrap();
    let back = quick(2).cells(&grids, &Contrast::pair(1, 0)).unwrap();
    for (a, b) in there.iter().zip(&back) {
        assert_eq!((a.p, a.distance), (b.p, b.distance));
        for (v, w) in a.items.iter().zip(&b.items) {
            assert_eq!((v.effect, v.p, v.q), (-w.effect, w.p, w.q));
            assert_eq!((v.texts_a, v.texts_b), (w.texts_b, w.texts_a));
        }
    }
}

#[test]
fn contrasts_are_checked_and_named() {
    let grids = scan(&["a", "b", "c"], 60, 0.0, 8);
    let run = |contrast: &Contrast| quick(0).cells(&grids, contrast).unwrap_err();
    assert!(matches!(
        run(&Contrast::pair(0, 3)),
        GraphError::UnknownCategory { .. }
    ));
    assert!(matches!(
        run(&Contrast::pair(1, 1)),
        GraphError::BothSides { category: 1 }
    ));
    let labels = Labels::new(vec!["a".into(), "b".into()], vec![0, 0]).unwrap();
    assert!(Contrast::all(&labels).is_empty());
    let all = Contrast::all(grids.labels());
    assert_eq!(all.len(), 3);
    assert_eq!(all[2].names(grids.labels()), ["c", "rest"]);
    assert_eq!(Contrast::pair(2, 0).names(grids.labels()), ["c", "a"]);
}

#[test]
fn tables_have_a_line_per_test_and_graph() {
    let grids = scan(&["a", "b"], 60, 0.4, 8);
    let contrast = Contrast::pair(0, 1);
    let sides = contrast.names(grids.labels());
    let layers: Vec<Layer> = grids.layers().collect();
    let records = |bytes: &[u8]| -> Vec<HashMap<String, String>> {
        csv::Reader::from_reader(bytes)
            .deserialize()
            .map(Result::unwrap)
            .collect()
    };

    let cells = quick(0).cells(&grids, &contrast).unwrap();
    let wanted: usize = cells.iter().map(|layer| layer.items.len() + 1).sum();
    let mut bytes = Vec::new();
    write_cell_significance(
        &[NamedTests {
            sides: sides.clone(),
            layers: cells.clone(),
        }],
        &layers,
        &mut bytes,
    )
    .unwrap();
    let table = records(&bytes);
    assert_eq!(table.len(), wanted);
    assert_eq!(table[0]["distance"], cells[0].distance.to_string());
    assert_eq!(
        (table[0]["layer"].as_str(), table[0]["x"].as_str()),
        ("resid.00", "")
    );
    assert_eq!(table[1]["texts_a"], cells[0].items[0].texts_a.to_string());
    assert_eq!(table[1]["difference"], cells[0].items[0].effect.to_string());
    assert_eq!(
        (
            table[0]["difference"].as_str(),
            table[1]["distance"].as_str()
        ),
        ("", "")
    );
    let tested = |row: &&HashMap<String, String>| !row["x"].is_empty() && !row["q"].is_empty();
    let with_q = cells
        .iter()
        .flat_map(|layer| &layer.items)
        .filter(|v| v.q.is_some());
    assert_eq!(table.iter().filter(tested).count(), with_q.count());

    let edges = quick(0).edges(&grids, &contrast).unwrap();
    let wanted: usize = edges.iter().map(|layer| layer.items.len() + 1).sum();
    let mut bytes = Vec::new();
    write_edge_significance(
        &[NamedTests {
            sides,
            layers: edges,
        }],
        &layers,
        &mut bytes,
    )
    .unwrap();
    assert_eq!(records(&bytes).len(), wanted);

    let graph = RegionGraph::co_activation(&grids);
    let metrics = [[0], [1]].map(|view| Metrics::of(&graph.view(&view).digraph()));
    let row = |metrics| MetricsRow {
        model_name: "model",
        label: "a",
        metrics,
    };
    let mut bytes = Vec::new();
    write_metrics_csv(&metrics.each_ref().map(row), &mut bytes).unwrap();
    let table = records(&bytes);
    assert_eq!(table.len(), 2);
    assert_eq!(table[1]["density"], metrics[1].density.unwrap().to_string());
    assert_eq!(table[0]["even_edges"], metrics[0].even.edges.to_string());
}
