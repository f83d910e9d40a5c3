use rayon::prelude::*;

use crate::digraph::LayeredDigraph;

/// The betweenness centrality of every node: the share of the shortest paths between other nodes
/// that run through it, from 0 to 1.
///
/// An edge is `1 / w` long, so that the path most texts take is the short one. Paths follow the
/// direction of the edges. The sum over ordered pairs `(s, t)` of the share of shortest `s`-`t`
/// paths through `v` is divided by `(V - 1)(V - 2)` (U. Brandes, "A faster algorithm for
/// betweenness centrality", 2001). With fewer than 3 nodes every value is 0.
///
/// # Complexity
/// O(V E), over all threads: layers give the topological order, so no queue is needed.
#[must_use]
pub fn betweenness(graph: &LayeredDigraph) -> Vec<f64> {
    /// Sources per task. Fixed, so that the order of summation does not depend on the threads.
    const SOURCES: usize = 64;
    let n = graph.n_nodes();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|&v| graph.layers()[v]);
    let rank = {
        let mut rank = vec![0; n];
        for (i, &v) in order.iter().enumerate() {
            rank[v] = i;
        }
        rank
    };
    let starts: Vec<usize> = (0..n).step_by(SOURCES).collect();
    let parts: Vec<Vec<f64>> = starts
        .par_iter()
        .map(|&start| {
            let mut centrality = vec![0.0; n];
            for source in start..(start + SOURCES).min(n) {
                add_from(graph, source, &order[rank[source]..], &mut centrality);
            }
            centrality
        })
        .collect();
    let pairs = (n.max(2) as f64 - 1.0) * (n.max(2) as f64 - 2.0);
    (0..n)
        .map(|v| {
            let sum: f64 = parts.iter().map(|part| part[v]).sum();
            if pairs > 0.0 { sum / pairs } else { 0.0 }
        })
        .collect()
}

/// Adds the dependencies of one source. `order` begins with it and lists the nodes by layer.
fn add_from(graph: &LayeredDigraph, source: usize, order: &[usize], centrality: &mut [f64]) {
    let n = graph.n_nodes();
    let mut distance = vec![f64::INFINITY; n];
    let mut paths = vec![0.0; n];
    distance[source] = 0.0;
    paths[source] = 1.0;
    for &u in order {
        if distance[u].is_infinite() {
            continue;
        }
        for &(_, v, w) in graph.out_edges(u) {
            let through = distance[u] + 1.0 / w;
            if through < distance[v] {
                distance[v] = through;
                paths[v] = paths[u];
            } else if through == distance[v] {
                paths[v] += paths[u];
            }
        }
    }
    let mut dependency = vec![0.0; n];
    for &u in order.iter().rev() {
        if distance[u].is_infinite() {
            continue;
        }
        for &(_, v, w) in graph.out_edges(u) {
            if distance[u] + 1.0 / w == distance[v] {
                dependency[u] += paths[u] / paths[v] * (1.0 + dependency[v]);
            }
        }
        if u != source {
            centrality[u] += dependency[u];
        }
    }
}
