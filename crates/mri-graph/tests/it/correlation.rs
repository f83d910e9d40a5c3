use std::sync::Arc;

use mri_core::{Embedding, Labels, Layer, Points, SplitMix64};
use mri_graph::{CorrelationGraph, GraphError, Threshold};
use mri_stats::spearman;
use ndarray::Array2;
use petgraph::visit::EdgeRef;

/// Layers of noise, but component 0 of layer 0 drives component 2 of layer 1, downwards.
fn embedding(texts: usize, seed: u64) -> Embedding {
    let labels = Labels::from_names((0..texts).map(|i| ["a", "b"][i % 2])).unwrap();
    let mut random = SplitMix64::new(seed);
    let mut layers: Vec<Array2<f32>> = (0..3)
        .map(|_| Array2::from_shape_simple_fn((texts, 4), || random.next_f32()))
        .collect();
    for row in 0..texts {
        layers[1][(row, 2)] = -layers[0][(row, 0)] + 0.05 * random.next_f32();
    }
    // A component without spread can be joined to nothing.
    layers[2].column_mut(3).fill(1.0);
    let entries = layers.into_iter().enumerate().map(|(i, coordinates)| {
        let points = Points {
            coordinates,
            components: vec![],
            degenerate: false,
        };
        (Layer::resid(i), points)
    });
    Embedding::new(Arc::new(labels), entries.collect()).unwrap()
}

#[test]
fn edges_lead_from_source_to_target_with_their_sign() {
    let embedding = embedding(60, 1);
    let graph = CorrelationGraph::spearman(&embedding, &[], Threshold::default()).unwrap();
    assert_eq!(graph.graph().node_count(), 12);
    let strongest = graph
        .graph()
        .edge_references()
        .min_by(|a, b| a.weight().rho.total_cmp(&b.weight().rho))
        .unwrap();
    assert!(strongest.weight().rho < -0.9);
    assert_eq!(graph.graph()[strongest.source()].label(), "0_0");
    assert_eq!(graph.graph()[strongest.target()].label(), "1_2");
}

#[test]
fn every_pair_has_the_rho_of_its_columns() {
    let embedding = embedding(40, 2);
    let all = Threshold::AbsoluteRho(0.0);
    let graph = CorrelationGraph::spearman(&embedding, &[1], all).unwrap();
    assert_eq!(graph.n_texts(), 20);
    assert!(graph.layers().iter().copied().eq(embedding.layers()));
    // Two layers of 4 x 4 pairs, less the 4 with the column that has no spread.
    assert_eq!(graph.graph().edge_count(), 28);
    let rows = embedding.labels().rows_of(1);
    let column = |position: usize, component: usize| -> Vec<f64> {
        let points = embedding.get(Layer::resid(position)).unwrap();
        rows.iter()
            .map(|&row| f64::from(points.coordinates[(row, component)]))
            .collect()
    };
    for edge in graph.graph().edge_references() {
        let (a, b) = (graph.graph()[edge.source()], graph.graph()[edge.target()]);
        let wanted = spearman(
            &column(a.position, a.component),
            &column(b.position, b.component),
        );
        let wanted = wanted.map(|found| (found.rho, found.p_value()));
        assert_eq!(wanted, Some((edge.weight().rho, edge.weight().p)));
        assert!(edge.weight().q >= edge.weight().p);
    }
    let plain = graph.digraph().unwrap();
    assert_eq!((plain.n_nodes(), plain.edges().len()), (12, 28));
}

#[test]
fn noise_has_few_edges_whatever_the_number_of_texts() {
    // Layer 1 to 2 is noise alone. Over 100 graphs, a rate of 5 % allows few with an edge there.
    for texts in [12, 65] {
        let mut with_edge = 0;
        for seed in 0..100 {
            let embedding = embedding(texts, 1000 + seed);
            let graph = CorrelationGraph::spearman(&embedding, &[], Threshold::default()).unwrap();
            let graph = graph.graph();
            let noise = graph.edge_references().filter(|edge| {
                graph[edge.source()].component != 0 || graph[edge.target()].component != 2
            });
            with_edge += usize::from(noise.count() > 0);
        }
        // One true edge in 28 pairs lets through about twice 5 %: q <= 0.05 then means
        // p <= 2 * 0.05 / 28 for the next.
        assert!(with_edge <= 15, "{with_edge} of 100 with {texts} texts");
    }
}

#[test]
fn what_cannot_be_correlated_is_refused() {
    let embedding = embedding(5, 3);
    let default = Threshold::default();
    let error = CorrelationGraph::spearman(&embedding, &[2], default).unwrap_err();
    assert!(matches!(
        error,
        GraphError::UnknownCategory { category: 2, .. }
    ));
    let error = CorrelationGraph::spearman(&embedding, &[1], default).unwrap_err();
    assert!(matches!(error, GraphError::TooFewTexts { texts: 2, .. }));
}
