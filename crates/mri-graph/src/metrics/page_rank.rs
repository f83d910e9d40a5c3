use crate::digraph::LayeredDigraph;

/// The weighted PageRank of every node (S. Brin and L. Page, 1998), summing to 1.
///
/// A random walk follows an edge with probability proportional to its weight; with probability
/// `1 - damping`, and from every node without outgoing edges, it jumps to a node chosen uniformly.
/// The usual `damping` is 0.85; it is clamped to 0 … 1. Computed by power iteration.
#[must_use]
pub fn page_rank(graph: &LayeredDigraph, damping: f64) -> Vec<f64> {
    /// The iteration ends when the ranks, which sum to 1, change by less than this in total:
    /// rounding noise.
    const TOLERANCE: f64 = 1e-14;
    /// A bound for a damping near 1; 0.85 to this power is far below the tolerance.
    const MAX_STEPS: usize = 1000;
    let n = graph.n_nodes();
    if n == 0 {
        return Vec::new();
    }
    let damping = damping.clamp(0.0, 1.0);
    let (out, _) = graph.flows();
    let mut rank = vec![1.0 / n as f64; n];
    for _ in 0..MAX_STEPS {
        let stuck: f64 = (0..n).filter(|&v| out[v] == 0.0).map(|v| rank[v]).sum();
        let everywhere = (damping * stuck + (1.0 - damping)) / n as f64;
        let mut next = vec![everywhere; n];
        for &(u, v, w) in graph.edges() {
            next[v] += damping * rank[u] * (w / out[u]);
        }
        let moved: f64 = next.iter().zip(&rank).map(|(a, b)| (a - b).abs()).sum();
        rank = next;
        if moved < TOLERANCE {
            break;
        }
    }
    rank
}
