//! Each test shows the number of llm-mri 0.2.1 (golden, by running it) and ours for the same texts.

use std::sync::Arc;

use mri_core::{Embedding, Labels, Layer, Points};
use mri_graph::{CorrelationGraph, Metrics, RegionGraph, Threshold, write_graphml};
use mri_grid::{Binning, Grid, GridStack};
use mri_stats::spearman;
use ndarray::Array2;
use petgraph::visit::EdgeRef;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/differences.json")).unwrap()
}

/// The grids with the golden's cells: a point in the middle of every cell, and the corners of the
/// whole grid taken by two texts of a category of their own, which no view below looks at.
fn grids(golden: &Value) -> GridStack {
    let side = golden["side"].as_u64().unwrap() as usize;
    let mut names: Vec<String> = serde_json::from_value(golden["names"].clone()).unwrap();
    let mut ids: Vec<u32> = serde_json::from_value(golden["labels"].clone()).unwrap();
    names.push("corners".to_owned());
    ids.extend([3, 3]);
    let cells: Vec<Vec<[u16; 2]>> = serde_json::from_value(golden["cells"].clone()).unwrap();
    let entries = cells.iter().enumerate().map(|(l, cells)| {
        let mut points: Vec<[f32; 2]> = cells
            .iter()
            .map(|c| c.map(|v| f32::from(v) + 0.5))
            .collect();
        points.extend([[0.0; 2], [side as f32; 2]]);
        let points = Array2::from_shape_fn((points.len(), 2), |(i, j)| points[i][j]);
        let grid = Grid::new(points.view(), Binning::Uniform { side }).unwrap();
        for (row, &[x, y]) in cells.iter().enumerate() {
            assert_eq!(grid.cells()[row], mri_grid::Cell { x, y });
        }
        (Layer::resid(l), grid)
    });
    let labels = Arc::new(Labels::new(names, ids).unwrap());
    GridStack::new(labels, entries.collect()).unwrap()
}

/// The transitions of a composition.
fn transitions(graph: &RegionGraph, categories: &[usize]) -> u64 {
    let view = graph.view(categories);
    view.edges().map(|e| u64::from(e.weight)).sum()
}

#[test]
fn composing_keeps_every_transition() {
    let golden = golden();
    let graph = RegionGraph::co_activation(&grids(&golden));
    let sizes = graph.category_sizes();
    // Three steps between four layers.
    assert_eq!(
        transitions(&graph, &[0, 1]),
        3 * (sizes[0] + sizes[1]) as u64
    );
    assert_eq!(transitions(&graph, &[0, 1]), transitions(&graph, &[1, 0]));
    assert_eq!(transitions(&graph, &[0, 1, 2]), 3 * 150);
    // Theirs: where two categories share an edge, one of the two weights.
    let theirs = golden["composed"].as_u64().unwrap();
    println!(
        "composed: theirs {theirs}, ours {}",
        transitions(&graph, &[0, 1])
    );
    assert!(theirs < transitions(&graph, &[0, 1]));
    // A third category is dropped.
    assert_eq!(golden["composed_of_three"], golden["composed"]);
}

#[test]
fn graphml_of_a_composition_is_written() {
    let golden = golden();
    assert_eq!(golden["graphml"], "NetworkXError");
    let graph = RegionGraph::co_activation(&grids(&golden));
    let mut bytes = Vec::new();
    write_graphml(&graph, &mut bytes).unwrap();
    assert!(!bytes.is_empty());
}

#[test]
fn densities_and_centers_are_those_of_a_layered_graph() {
    let golden = golden();
    let graph = RegionGraph::co_activation(&grids(&golden));
    let view = graph.view(&[0]);
    let digraph = view.digraph();
    let metrics = Metrics::of(&digraph);
    let number = |name: &str| golden[name].as_f64().unwrap();

    // The plain density is the same; of the pairs that it counts, most cannot be joined.
    assert!((metrics.density.unwrap() - number("density")).abs() < 1e-12);
    println!(
        "density: theirs {}, ours {:?}",
        number("density"),
        metrics.layered_density
    );
    assert!(metrics.layered_density.unwrap() > 3.0 * number("density"));

    // With L layers numbered from 0 the middle is (L - 1) / 2; theirs is L / 2.
    let (theirs, ours) = (number("center_of_mass"), metrics.center_of_mass.unwrap());
    println!("center of mass: theirs {theirs}, ours {ours}");
    assert!((ours - (theirs + 0.5)).abs() < 1e-12);
    // Theirs sums the standard deviations of strengths, one of them that of a layer past the
    // last, and so is never a number.
    let ours = metrics.center_of_strength.unwrap();
    println!(
        "center of strength: theirs {}, ours {ours}",
        golden["center_of_strength"]
    );
    assert_eq!(golden["center_of_strength"], Value::Null);
    // A text adds 1 to the strength at either end of every step, so with all edges there the
    // center is the middle of the model: only a filtered graph can have another.
    assert!(ours.abs() < 1e-12);

    // Their mean strength is 2 N (L - 1) / |V|, whatever the texts do.
    let n = view.n_texts() as f64;
    let of_size = 2.0 * n * 3.0 / metrics.nodes as f64;
    assert!((number("mean_strength") - of_size).abs() < 1e-12);
    assert!((metrics.mean_strength.unwrap() - of_size).abs() < 1e-12);
    assert!((metrics.mean_strength_per_text.unwrap() - of_size / n).abs() < 1e-12);
}

#[test]
fn projections_are_measured() {
    let golden = golden();
    for error in golden["projections"].as_array().unwrap() {
        assert_eq!(error, "NetworkXNotImplemented");
    }
    let graph = RegionGraph::co_activation(&grids(&golden));
    let metrics = Metrics::of(&graph.view(&[0]).digraph());
    assert!(metrics.even.average_clustering.is_some());
    assert!(metrics.odd.average_shortest_path.is_some());
}

fn correlations(golden: &Value, threshold: Threshold) -> Vec<(String, String, f64)> {
    let layers: Vec<Vec<Vec<f32>>> = serde_json::from_value(golden["points"].clone()).unwrap();
    let entries = layers.iter().enumerate().map(|(l, rows)| {
        let points = Points {
            coordinates: Array2::from_shape_fn((rows.len(), 4), |(i, j)| rows[i][j]),
            components: vec![],
            degenerate: false,
        };
        (Layer::resid(l), points)
    });
    let labels = Labels::from_names(vec!["all"; layers[0].len()]).unwrap();
    let embedding = Embedding::new(Arc::new(labels), entries.collect()).unwrap();
    let graph = CorrelationGraph::spearman(&embedding, &[], threshold).unwrap();
    let g = graph.graph();
    let edges = g.edge_references();
    edges
        .map(|e| (g[e.source()].label(), g[e.target()].label(), e.weight().rho))
        .collect()
}

#[test]
fn a_correlation_leads_the_way_it_was_found_and_noise_is_left_out() {
    let golden = golden();
    let theirs: Vec<(String, String, f64)> =
        serde_json::from_value(golden["correlated"].clone()).unwrap();
    let strongest = theirs.iter().max_by(|a, b| a.2.total_cmp(&b.2)).unwrap();
    // Component 0 of layer 0 drives component 3 of layer 1; they draw it the other way round.
    assert_eq!((strongest.0.as_str(), strongest.1.as_str()), ("0_3", "1_0"));
    let ours = correlations(&golden, Threshold::default());
    println!("edges: theirs {}, ours {}", theirs.len(), ours.len());
    assert!(
        ours.iter()
            .any(|e| (e.0.as_str(), e.1.as_str()) == ("0_0", "1_3"))
    );
    assert!(ours.len() < theirs.len());
    // Turned round, and without negative correlations, theirs are ours at their threshold.
    let mut positive: Vec<(String, String, f64)> =
        correlations(&golden, Threshold::AbsoluteRho(0.3))
            .into_iter()
            .filter(|e| e.2 > 0.3)
            .map(|(s, t, rho)| (format!("0_{}", &t[2..]), format!("1_{}", &s[2..]), rho))
            .collect();
    positive.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    assert_eq!(positive.len(), theirs.len());
    for (a, b) in positive.iter().zip(&theirs) {
        assert_eq!((&a.0, &a.1), (&b.0, &b.1));
        assert!((a.2 - b.2).abs() < 1e-5, "{a:?} {b:?}");
    }
}

#[test]
fn ties_share_ranks_and_constants_have_no_correlation() {
    let golden = golden();
    let ties: Vec<Vec<f64>> = serde_json::from_value(golden["ties"].clone()).unwrap();
    let rho = spearman(&ties[0], &ties[1]).unwrap().rho;
    let theirs = golden["rho_with_ties"].as_f64().unwrap();
    println!("rho with ties: theirs {theirs}, ours {rho}");
    // By hand: ranks 1 2.5 2.5 4 5 6 and 1 2 3.5 3.5 6 5.
    let by_hand = 15.25 / 17.0;
    assert!((rho - by_hand).abs() < 1e-12);
    assert!((theirs - by_hand).abs() > 0.01);
    let constants = golden["rho_of_constants"].as_f64().unwrap();
    assert!((constants - 1.0).abs() < 1e-6);
    assert_eq!(spearman(&[1.0; 6], &[1.0; 6]), None);
}

#[test]
fn counts_are_of_the_full_grid() {
    let golden = golden();
    let grids = grids(&golden);
    let grid = grids.get(Layer::resid(0)).unwrap();
    // Theirs has rows and columns only for what the category fills.
    println!("heatmap: theirs {}, ours 7 x 7", golden["heatmap"]);
    let theirs: Vec<usize> = serde_json::from_value(golden["heatmap"].clone()).unwrap();
    assert!(theirs[0] < 7 && theirs[1] < 7);
    assert_eq!(grid.counts(grids.labels()).dim(), (4, 7, 7));
}
