use std::cmp::Ordering;
use std::collections::BinaryHeap;

use petgraph::unionfind::UnionFind;
use rayon::prelude::*;

/// Mean length of the shortest paths between the pairs of nodes of the largest connected component
/// of an undirected graph, where an edge of weight `w` is `1 / w` long. `None` if it has one node.
///
/// `adjacency` has per node its neighbors in ascending order, with the weight.
pub(crate) fn average_shortest_path(adjacency: &[Vec<(usize, f64)>]) -> Option<f64> {
    let component = largest_component(adjacency);
    let n = component.len() as f64;
    if component.len() < 2 {
        return None;
    }
    let lengths = without_detours(adjacency);
    let sums: Vec<f64> = component
        .par_iter()
        .map_init(
            || (vec![f64::INFINITY; adjacency.len()], BinaryHeap::new()),
            |(distance, heap), &source| sum_of_distances(&lengths, source, distance, heap),
        )
        .collect();
    Some(sums.iter().sum::<f64>() / (n * (n - 1.0)))
}

/// The nodes of the largest connected component, ascending; of equally large ones, that of the
/// lowest node.
fn largest_component(adjacency: &[Vec<(usize, f64)>]) -> Vec<usize> {
    let mut components = UnionFind::<usize>::new(adjacency.len());
    for (u, list) in adjacency.iter().enumerate() {
        for &(v, _) in list {
            components.union(u, v);
        }
    }
    let component_of = components.into_labeling();
    let mut sizes = vec![0_usize; adjacency.len()];
    for &component in &component_of {
        sizes[component] += 1;
    }
    // `max_by_key` would take the last of equally large ones.
    let largest = component_of.iter().rev().max_by_key(|&&c| sizes[c]);
    (0..adjacency.len())
        .filter(|&v| Some(&component_of[v]) == largest)
        .collect()
}

/// Per node its neighbors by length of the edge, without edges that a path over two others
/// undercuts: no shortest path uses them, and in a dense projection most edges are of that kind.
fn without_detours(adjacency: &[Vec<(usize, f64)>]) -> Vec<Vec<(usize, f64)>> {
    /// Paths over so many nearest neighbors are tried. More finds little more.
    const NEAREST: usize = 32;
    /// What the first round removes makes the second find other neighbors.
    const ROUNDS: usize = 2;
    /// An edge is removed only if it is longer by more than sums of lengths can be rounded.
    const MARGIN: f64 = 1.0 + 1e-12;
    let by_length = |list: &[(usize, f64)]| {
        let mut list: Vec<(usize, f64)> = list.iter().map(|&(v, w)| (v, 1.0 / w)).collect();
        list.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        list
    };
    let mut edges: Vec<_> = adjacency.par_iter().map(|a| by_length(a)).collect();
    for _ in 0..ROUNDS {
        edges = edges
            .par_iter()
            .map_init(
                || vec![f64::INFINITY; adjacency.len()],
                |bound, list| {
                    let Some(&(_, longest)) = list.last() else {
                        return Vec::new();
                    };
                    bound.fill(f64::INFINITY);
                    for &(near, first) in list.iter().take(NEAREST) {
                        for &(v, second) in &edges[near] {
                            if first + second >= longest {
                                break;
                            }
                            bound[v] = bound[v].min(first + second);
                        }
                    }
                    let direct = |&&(v, length): &&(usize, f64)| length <= bound[v] * MARGIN;
                    list.iter().filter(direct).copied().collect()
                },
            )
            .collect();
    }
    edges
}

/// The sum of the shortest paths from one node to all that it reaches, by Dijkstra's algorithm.
///
/// petgraph's `dijkstra` keeps distances in a hash map and takes 3.2 times as long for the same
/// bits (1,200 nodes, 95,399 edges left of 191,322).
fn sum_of_distances(
    lengths: &[Vec<(usize, f64)>],
    source: usize,
    distance: &mut [f64],
    heap: &mut BinaryHeap<Nearest>,
) -> f64 {
    distance.fill(f64::INFINITY);
    distance[source] = 0.0;
    heap.push(Nearest(0.0, source));
    let mut sum = 0.0;
    while let Some(Nearest(d, u)) = heap.pop() {
        if d > distance[u] {
            continue;
        }
        sum += d;
        for &(v, length) in &lengths[u] {
            if d + length < distance[v] {
                distance[v] = d + length;
                heap.push(Nearest(d + length, v));
            }
        }
    }
    sum
}

/// A heap entry; the nearest is the greatest. Distances are sums of positive numbers, never NaN.
#[derive(PartialEq)]
struct Nearest(f64, usize);

impl Eq for Nearest {}

impl Ord for Nearest {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0).then(other.1.cmp(&self.1))
    }
}

impl PartialOrd for Nearest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
