use std::sync::Arc;

use mri_core::{Labels, Layer};
use mri_graph::{Contrast, Filter, RegionGraph};
use mri_grid::{Binning, Grid, GridStack};
use ndarray::Array2;
use petgraph::graph::EdgeIndex;
use proptest::prelude::*;

/// Four layers of a 3 x 3 grid, from a category and eight coordinates per text.
fn stack(rows: &[(u32, [i8; 8])]) -> GridStack {
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    let ids = rows.iter().map(|row| row.0).collect();
    let labels = Arc::new(Labels::new(names, ids).unwrap());
    let grid = |l: usize| {
        let points =
            Array2::from_shape_fn((rows.len(), 2), |(i, j)| f32::from(rows[i].1[2 * l + j]));
        Grid::new(points.view(), Binning::Uniform { side: 3 }).unwrap()
    };
    let grids = (0..4).map(|l| (Layer::resid(l), grid(l))).collect();
    GridStack::new(labels, grids).unwrap()
}

fn rows() -> impl Strategy<Value = Vec<(u32, [i8; 8])>> {
    prop::collection::vec((0_u32..3, prop::array::uniform8(-2_i8..3)), 1..80)
}

proptest! {
    #[test]
    fn a_filter_keeps_the_heaviest_and_says_how_much(
        rows in rows(), min_weight in 0_u32..4, top in prop::option::of(0_usize..30),
        share in prop::option::of(0.0_f64..1.0),
    ) {
        let graph = RegionGraph::co_activation(&stack(&rows));
        let view = graph.view(&[0, 1]);
        let mut filter = Filter::default().with_layers(1..=2).with_min_weight(min_weight);
        (filter.top, filter.share) = (top, share);
        let selection = view.select(&filter);
        let all: Vec<_> = view.edges().filter(|e| graph.graph()[e.source].position == 1).collect();
        prop_assert_eq!(selection.n_edges_before, all.len());
        prop_assert_eq!(selection.transitions_before, view.n_texts() as u64);
        let share_kept = match selection.transitions_before {
            0 => 1.0,
            before => selection.transitions as f64 / before as f64,
        };
        prop_assert_eq!(selection.share(), share_kept);
        let kept: u64 = selection.edges.iter().map(|e| u64::from(e.weight)).sum();
        prop_assert_eq!(selection.transitions, kept);
        prop_assert!(selection.edges.iter().all(|e| all.contains(e) && e.weight >= min_weight));
        prop_assert!(selection.edges.len() <= top.unwrap_or(usize::MAX));
        // Nothing left out that passes the least weight is heavier than something kept.
        let lightest = selection.edges.iter().map(|e| e.weight).min();
        let left_out = all.iter().filter(|e| !selection.edges.contains(e) && e.weight >= min_weight);
        let heaviest_out = left_out.map(|e| e.weight).max();
        if let (Some(kept), Some(out)) = (lightest, heaviest_out) {
            prop_assert!(kept >= out);
        }
        if let Some(share) = share {
            // Without the lightest kept edge, the share was not yet reached.
            let before = kept as f64 - f64::from(lightest.unwrap_or(0));
            prop_assert!(selection.edges.is_empty() || before < share * view.n_texts() as f64);
            if top.is_none() && min_weight == 0 {
                prop_assert!(selection.share() >= share - 1e-12);
            }
        }
    }

    #[test]
    fn what_is_extracted_is_what_the_filter_keeps(
        rows in rows(), min_weight in 0_u32..4, top in prop::option::of(0_usize..30),
        first in 0_usize..3, length in 0_usize..4,
    ) {
        let graph = RegionGraph::co_activation(&stack(&rows));
        let view = graph.view(&[2, 0]);
        let layers = Some(first..=first + length);
        let mut filter = Filter::default().with_min_weight(min_weight);
        (filter.layers, filter.top) = (layers, top);
        let part = view.extract(&filter);
        prop_assert_eq!(part.categories(), &["a".to_owned(), "c".to_owned()]);
        let describe = |graph: &RegionGraph, weights: &[(EdgeIndex, [u32; 2])]| -> Vec<String> {
            let g = graph.graph();
            let line = |&(edge, weights): &(EdgeIndex, [u32; 2])| {
                let (source, target) = g.edge_endpoints(edge).unwrap();
                format!("{} {} {weights:?}", g[source].label(), g[target].label())
            };
            weights.iter().map(line).collect()
        };
        let selection = view.select(&filter);
        let kept: Vec<_> = selection.edges.iter().map(|e| {
            let weights = &graph.graph()[e.id].weights;
            (e.id, [0, 2].map(|c| weights.get(c)))
        }).collect();
        let found: Vec<_> = part.graph().edge_indices().map(|e| {
            let weights = &part.graph()[e].weights;
            (e, [0, 1].map(|c| weights.get(c)))
        }).collect();
        prop_assert_eq!(describe(&part, &found), describe(&graph, &kept));
        prop_assert_eq!(part.is_filtered(), kept.len() < selection.n_edges_before);
        for region in part.graph().node_weights() {
            prop_assert_eq!(part.layers()[region.position], region.layer);
            prop_assert!((first..=first + length).contains(&region.layer.index));
        }
        if !part.is_filtered() {
            let inside = |r: &mri_graph::Region| (first..=first + length).contains(&r.position);
            let of_view = view.nodes().filter(|(_, r, _)| inside(r)).count();
            prop_assert_eq!(part.graph().node_count(), of_view);
        }
    }

    #[test]
    fn no_filter_keeps_everything(rows in rows()) {
        let graph = RegionGraph::co_activation(&stack(&rows));
        let view = graph.view_all();
        let selection = view.select(&Filter::default());
        prop_assert_eq!(&selection.edges, &view.edges().collect::<Vec<_>>());
        prop_assert_eq!(selection.share(), 1.0);
        prop_assert_eq!(&view.extract(&Filter::default()), &graph);
    }

    #[test]
    fn paths_of_all_texts_make_the_graph(rows in rows()) {
        let grids = stack(&rows);
        let graph = RegionGraph::co_activation(&grids);
        let g = graph.graph();
        let mut weights = vec![0; g.edge_count()];
        for row in 0..rows.len() {
            let path = graph.path(&grids, row).unwrap();
            prop_assert_eq!(path.len(), 4);
            for pair in path.windows(2) {
                weights[g.find_edge(pair[0], pair[1]).unwrap().index()] += 1;
            }
        }
        for edge in g.edge_indices() {
            prop_assert_eq!(g[edge].n_texts(), weights[edge.index()]);
        }
        prop_assert!(graph.path(&grids, rows.len()).is_none());
    }

    #[test]
    fn differences_are_of_shares(rows in rows()) {
        let graph = RegionGraph::co_activation(&stack(&rows));
        let sizes = graph.category_sizes();
        let contrast = Contrast { a: vec![0], b: vec![1, 2] };
        let Ok(difference) = graph.difference(&contrast) else {
            prop_assert!(sizes[0] == 0 || sizes[1] + sizes[2] == 0);
            return Ok(());
        };
        let (a, b) = (graph.view(&[0]), graph.view(&[1, 2]));
        let weight = |view: &mri_graph::GraphView<'_>, id| {
            view.edges().find(|e| e.id == id).map_or(0, |e| e.weight)
        };
        let mut sum = 0.0;
        for edge in difference.edges() {
            let d = edge.difference;
            prop_assert_eq!((d.texts_a, d.texts_b), (weight(&a, edge.id), weight(&b, edge.id)));
            sum += d.effect;
        }
        prop_assert!(sum.abs() < 1e-9);
        let nodes: u32 = difference.nodes().map(|(_, _, d)| d.texts_a).sum();
        prop_assert_eq!(nodes as usize, 4 * sizes[0]);
        let mut bytes = Vec::new();
        difference.write_csv(&mut bytes).unwrap();
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
        prop_assert_eq!(lines, difference.edges().count() + 1);
    }

    #[test]
    fn the_order_of_the_categories_does_not_matter(rows in rows()) {
        let turned: Vec<_> = rows.iter().map(|&(id, at)| (2 - id, at)).collect();
        let there = RegionGraph::co_activation(&stack(&rows));
        let back = RegionGraph::co_activation(&stack(&turned));
        for category in 0..3 {
            let edges = |graph: &RegionGraph, category| {
                graph.view(&[category]).edges().collect::<Vec<_>>()
            };
            prop_assert_eq!(edges(&there, category), edges(&back, 2 - category));
        }
    }
}
