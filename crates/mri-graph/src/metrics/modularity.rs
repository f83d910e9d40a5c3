use std::collections::BTreeMap;

use crate::digraph::LayeredDigraph;

/// The weighted modularity of a partition of the nodes (M. E. J. Newman, 2004), ignoring the
/// direction of edges.
///
/// `Q = sum over communities of (inside / m - (strength / (2 m))^2)`, with `m` the total weight of
/// the graph, `inside` that of the edges within the community and `strength` the sum of its nodes'
/// strengths. From −½ to 1; 0 for a graph without edges.
///
/// `membership` has the community of every node; any numbers will do.
///
/// # Panics
/// If `membership` is shorter than the number of nodes.
#[must_use]
pub fn modularity(graph: &LayeredDigraph, membership: &[usize]) -> f64 {
    let total: f64 = graph.edges().iter().map(|&(_, _, w)| w).sum();
    if total == 0.0 {
        return 0.0;
    }
    let mut groups: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (v, s) in graph.strengths().into_iter().enumerate() {
        groups.entry(membership[v]).or_default().1 += s;
    }
    for &(u, v, w) in graph.edges() {
        if membership[u] == membership[v] {
            groups.entry(membership[u]).or_default().0 += w;
        }
    }
    groups
        .values()
        .map(|(inside, strength)| inside / total - (strength / (2.0 * total)).powi(2))
        .sum()
}
