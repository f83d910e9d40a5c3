use std::collections::HashMap;
use std::sync::Arc;

use mri_core::{Labels, Layer};
use mri_graph::{RegionGraph, write_json};
use mri_grid::{Binning, Grid, GridStack};
use ndarray::Array2;
use proptest::prelude::*;

/// A stack of three layers of points and labels, from plain numbers.
pub(crate) fn stack(names: &[&str], ids: &[u32], coordinates: &[[i8; 6]]) -> GridStack {
    let names = names.iter().map(|&n| n.to_owned()).collect();
    let labels = Arc::new(Labels::new(names, ids.to_vec()).unwrap());
    let grids = (0..3)
        .map(|l| {
            let points = Array2::from_shape_fn((ids.len(), 2), |(i, j)| {
                f32::from(coordinates[i][2 * l + j])
            });
            (
                Layer::resid(l),
                Grid::new(points.view(), Binning::Uniform { side: 4 }).unwrap(),
            )
        })
        .collect();
    GridStack::new(labels, grids).unwrap()
}

const NAMES: [&str; 3] = ["law", "art", "war"];

pub(crate) fn texts() -> impl Strategy<Value = Vec<(u32, [i8; 6])>> {
    prop::collection::vec((0_u32..3, prop::array::uniform6(-3_i8..4)), 1..60)
}

proptest! {
    #[test]
    fn weights_are_the_texts_that_move(rows in texts()) {
        let (ids, coordinates): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let grids = stack(&NAMES, &ids, &coordinates);
        let graph = RegionGraph::co_activation(&grids);
        let g = graph.graph();
        // A brute-force twin: each transition counted by going through the texts.
        let mut expected: HashMap<(String, String, usize), u32> = HashMap::new();
        let all: Vec<_> = grids.iter().collect();
        for pair in all.windows(2) {
            for (i, &id) in ids.iter().enumerate() {
                let name = |(layer, grid): (Layer, &Grid)| {
                    let cell = grid.cell_of(i).unwrap();
                    format!("{}_{}_{}", layer.index, cell.x, cell.y)
                };
                *expected.entry((name(pair[0]), name(pair[1]), id as usize)).or_default() += 1;
            }
        }
        let mut found = HashMap::new();
        for edge in g.edge_indices() {
            let (source, target) = g.edge_endpoints(edge).unwrap();
            for (category, weight) in g[edge].weights.iter() {
                if weight > 0 {
                    found.insert((g[source].label(), g[target].label(), category), weight);
                }
            }
        }
        prop_assert_eq!(found, expected);
        // The law: between two layers a category's weights sum to its texts.
        for category in 0..3 {
            let view = graph.view(&[category]);
            for position in 0..2 {
                let sum: u32 = view
                    .edges()
                    .filter(|e| g[e.source].position == position)
                    .map(|e| e.weight)
                    .sum();
                prop_assert_eq!(sum as usize, graph.category_sizes()[category]);
            }
            for position in 0..3 {
                let sum: u32 =
                    view.nodes().filter(|(_, r, _)| r.position == position).map(|n| n.2).sum();
                prop_assert_eq!(sum as usize, graph.category_sizes()[category]);
            }
        }
    }

    #[test]
    fn a_composition_is_the_sum_of_its_categories(rows in texts()) {
        let (ids, coordinates): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let graph = RegionGraph::co_activation(&stack(&NAMES, &ids, &coordinates));
        let mut sum = HashMap::new();
        for category in [0, 2] {
            for edge in graph.view(&[category]).edges() {
                *sum.entry(edge.id).or_insert(0) += edge.weight;
            }
        }
        let both: HashMap<_, _> = graph.view(&[2, 0, 2, 9]).edges().map(|e| (e.id, e.weight)).collect();
        prop_assert_eq!(both, sum);
        let n: usize = graph.category_sizes().iter().sum();
        prop_assert_eq!(graph.view_all().n_texts(), n);
    }

    #[test]
    fn the_order_of_rows_does_not_matter(rows in texts()) {
        let describe = |rows: &[(u32, [i8; 6])]| {
            let (ids, coordinates): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
            let graph = RegionGraph::co_activation(&stack(&NAMES, &ids, &coordinates));
            let mut bytes = Vec::new();
            write_json(&graph, &mut bytes).unwrap();
            bytes
        };
        let mut turned = rows.clone();
        turned.reverse();
        prop_assert_eq!(describe(&rows), describe(&turned));
    }
}
