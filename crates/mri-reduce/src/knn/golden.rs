//! Graphs of reference implementations.

use ndarray::Array2;
use serde::Deserialize;

use super::graph::Graph;
use crate::distance::Distance;

/// What `golden/generate_umap.py` and `golden/generate_tsne.py` write of graphs.
#[derive(Deserialize)]
pub(crate) struct Goldens {
    pub(crate) graphs: Vec<Golden>,
}

#[derive(Deserialize)]
pub(crate) struct Golden {
    pub(crate) distance: Distance,
    edges: Vec<(usize, usize, f32)>,
}

impl Golden {
    /// Checks that a graph of the 60 rows has the same edges, with weights within `bound`.
    pub(crate) fn check(&self, graph: &Graph, bound: f32) {
        let edges: Vec<_> = (0..60)
            .flat_map(|i| graph.edges(i).map(move |e| (i, e)))
            .map(|(i, e)| (i, graph.ends[e] as usize, graph.weights[e]))
            .filter(|(i, j, _)| i < j)
            .collect();
        assert_eq!(edges.len(), self.edges.len(), "{:?}", self.distance);
        for (ours, theirs) in edges.iter().zip(&self.edges) {
            let same = (ours.0, ours.1) == (theirs.0, theirs.1);
            assert!(
                same && (ours.2 - theirs.2).abs() < bound,
                "{ours:?} for {theirs:?}"
            );
        }
    }
}

/// The 60 rows of the scripts.
pub(crate) fn rows() -> Array2<f32> {
    let mut state = 12345_u64;
    let z = Array2::from_shape_simple_fn((60, 20), || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5
    });
    Array2::from_shape_fn((60, 20), |(i, j)| {
        let phase = z[(i, 0)] * 6.0 + (j * (1 + i % 8)) as f64 * 0.7;
        (z[(i, j)] + phase.sin() + 2.0 * z[(i % 8, j)]) as f32
    })
}
