use std::cmp::Ordering;
use std::collections::BinaryHeap;

use mri_stats::{Summary, pearson};
use ndarray::{Array2, s};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::digraph::LayeredDigraph;

/// The regions of every other layer, joined where they share a neighbor in a layer between.
///
/// The directions of the edges are dropped. Two regions `u`, `v` of the chosen layers are joined
/// if some region `b` of the other layers touches both, with Newman's collaboration weight
/// `w(u, v) = sum over such b of 1 / (deg(b) - 1)`: a region that everything passes through says
/// little about any pair. (M. E. J. Newman, "Scientific collaboration networks II", 2001.)
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Per node its neighbors in ascending order, with the weight.
    adjacency: Vec<Vec<(usize, f64)>>,
}

/// The numbers of one projection. `None` where a number is not defined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProjectionMetrics {
    /// The number of nodes.
    pub nodes: usize,
    /// The number of edges.
    pub edges: usize,
    /// Mean number of neighbors.
    pub mean_degree: Option<f64>,
    /// Its sample variance.
    pub var_degree: Option<f64>,
    /// Mean weight of the edges at a node.
    pub mean_strength: Option<f64>,
    /// Its sample variance.
    pub var_strength: Option<f64>,
    /// Mean over nodes of the weighted clustering coefficient, the geometric mean of the three
    /// weights of a triangle, each divided by the largest weight of the graph
    /// (J. Saramäki et al., 2007): from 0 to 1.
    pub average_clustering: Option<f64>,
    /// Pearson correlation of the strengths at the two ends of an edge: from −1 to 1.
    pub assortativity: Option<f64>,
    /// Edges over possible edges, `2 E / (n (n - 1))`.
    pub density: Option<f64>,
    /// Mean over the pairs of the largest component of the shortest path, where an edge is
    /// `1 / w` long: regions that share much are close.
    pub average_shortest_path: Option<f64>,
}

impl Projection {
    /// Projects onto the even layers (`parity` 0) or the odd ones (`parity` 1).
    ///
    /// Nodes keep their order; nodes of the other layers are left out.
    #[must_use]
    pub fn new(graph: &LayeredDigraph, parity: usize) -> Self {
        let neighbors = graph.neighbors();
        let chosen: Vec<usize> = (0..graph.n_nodes())
            .filter(|&v| graph.layers()[v] % 2 == parity % 2)
            .collect();
        let mut index = vec![usize::MAX; graph.n_nodes()];
        for (new, &old) in chosen.iter().enumerate() {
            index[old] = new;
        }
        let adjacency = chosen
            .par_iter()
            .map_init(
                || vec![0.0; chosen.len()],
                |weights, &u| {
                    let mut met = Vec::new();
                    for &between in &neighbors[u] {
                        let others = &neighbors[between];
                        if others.len() < 2 {
                            continue;
                        }
                        let share = 1.0 / (others.len() - 1) as f64;
                        for &v in others.iter().filter(|&&v| v != u) {
                            let v = index[v];
                            if weights[v] == 0.0 {
                                met.push(v);
                            }
                            weights[v] += share;
                        }
                    }
                    met.sort_unstable();
                    met.into_iter()
                        .map(|v| (v, std::mem::take(&mut weights[v])))
                        .collect()
                },
            )
            .collect();
        Self { adjacency }
    }

    /// The number of nodes.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.adjacency.len()
    }

    /// The number of edges.
    #[must_use]
    pub fn n_edges(&self) -> usize {
        self.adjacency.iter().map(Vec::len).sum::<usize>() / 2
    }

    /// The neighbors of a node in ascending order, with the weights.
    #[must_use]
    pub fn neighbors(&self, node: usize) -> &[(usize, f64)] {
        &self.adjacency[node]
    }

    /// All numbers of the projection.
    #[must_use]
    pub fn metrics(&self) -> ProjectionMetrics {
        let n = self.n_nodes() as f64;
        let degrees: Vec<f64> = self.adjacency.iter().map(|a| a.len() as f64).collect();
        let strengths: Vec<f64> = self
            .adjacency
            .iter()
            .map(|a| a.iter().map(|&(_, w)| w).sum())
            .collect();
        let degree = Summary::of(&degrees);
        let strength = Summary::of(&strengths);
        let ends = self.adjacency.iter().enumerate();
        let ends = ends.flat_map(|(u, list)| list.iter().map(move |&(v, _)| (u, v)));
        ProjectionMetrics {
            nodes: self.n_nodes(),
            edges: self.n_edges(),
            mean_degree: degree.mean,
            var_degree: degree.var,
            mean_strength: strength.mean,
            var_strength: strength.var,
            average_clustering: self.average_clustering(),
            assortativity: pearson(ends.map(|(u, v)| (strengths[u], strengths[v]))),
            density: (self.n_nodes() > 1).then(|| 2.0 * self.n_edges() as f64 / (n * (n - 1.0))),
            average_shortest_path: self.average_shortest_path(),
        }
    }

    /// With `C` the matrix of cube roots of the scaled weights, the triangles at `u` weigh
    /// `sum_v C[u, v] (C C)[u, v]`. Rows of `C C` come from a matrix product over the span of
    /// columns that a block of rows touches, which for layered graphs is a narrow band.
    fn average_clustering(&self) -> Option<f64> {
        /// Rows per product: large enough for the product to be fast, small enough for the
        /// band of a block to stay narrow.
        const BLOCK: usize = 128;
        let n = self.n_nodes();
        if n == 0 {
            return None;
        }
        let largest = self.adjacency.iter().flatten().map(|&(_, w)| w);
        let largest = largest.fold(0.0, f64::max);
        let root = |w: f64| (w / largest).cbrt();
        let starts: Vec<usize> = (0..n).step_by(BLOCK).collect();
        let per_block: Vec<Vec<f64>> = starts
            .par_iter()
            .map(|&start| {
                let rows = &self.adjacency[start..(start + BLOCK).min(n)];
                let low = rows.iter().filter_map(|a| a.first()).map(|&(v, _)| v).min();
                let high = rows.iter().filter_map(|a| a.last()).map(|&(v, _)| v).max();
                let (Some(low), Some(high)) = (low, high) else {
                    return vec![0.0; rows.len()];
                };
                let span = high - low + 1;
                let mut left = Array2::<f64>::zeros((rows.len(), span));
                for (mut row, list) in left.rows_mut().into_iter().zip(rows) {
                    for &(v, w) in list {
                        row[v - low] = root(w);
                    }
                }
                let mut triangles = vec![0.0; rows.len()];
                // The middle matrix is taken in strips of columns to bound the memory.
                for strip in (0..span).step_by(BLOCK) {
                    let width = BLOCK.min(span - strip);
                    let mut middle = Array2::<f64>::zeros((width, span));
                    for (k, mut row) in middle.rows_mut().into_iter().enumerate() {
                        for &(v, w) in &self.adjacency[low + strip + k] {
                            if (low..=high).contains(&v) {
                                row[v - low] = root(w);
                            }
                        }
                    }
                    // The matrix is symmetric: row k of `middle` is column k of the strip.
                    let product = left.dot(&middle.t());
                    let direct = left.slice(s![.., strip..strip + width]);
                    for (i, t) in triangles.iter_mut().enumerate() {
                        *t += product.row(i).dot(&direct.row(i));
                    }
                }
                triangles
                    .into_iter()
                    .zip(rows)
                    .map(|(t, list)| {
                        let d = list.len() as f64;
                        if list.len() < 2 {
                            0.0
                        } else {
                            t / (d * (d - 1.0))
                        }
                    })
                    .collect()
            })
            .collect();
        Some(per_block.iter().flatten().sum::<f64>() / n as f64)
    }

    fn average_shortest_path(&self) -> Option<f64> {
        let component = self.largest_component();
        let n = component.len() as f64;
        if component.len() < 2 {
            return None;
        }
        let lengths = self.direct_ways();
        let sums: Vec<f64> = component
            .par_iter()
            .map_init(
                || (vec![f64::INFINITY; self.n_nodes()], BinaryHeap::new()),
                |(distance, heap), &source| sum_of_distances(&lengths, source, distance, heap),
            )
            .collect();
        Some(sums.iter().sum::<f64>() / (n * (n - 1.0)))
    }

    /// The nodes of the largest connected component; of equally large ones, that of the lowest node.
    fn largest_component(&self) -> Vec<usize> {
        let mut seen = vec![false; self.n_nodes()];
        let mut largest = Vec::new();
        for start in 0..self.n_nodes() {
            if seen[start] {
                continue;
            }
            seen[start] = true;
            let mut component = vec![start];
            let mut next = 0;
            while let Some(&u) = component.get(next) {
                next += 1;
                for &(v, _) in &self.adjacency[u] {
                    if !std::mem::replace(&mut seen[v], true) {
                        component.push(v);
                    }
                }
            }
            if component.len() > largest.len() {
                largest = component;
            }
        }
        largest.sort_unstable();
        largest
    }

    /// Per node its neighbors with the lengths of the edges, without edges that a way over two
    /// others undercuts: no shortest path uses them, and in a dense projection most edges are of
    /// that kind.
    fn direct_ways(&self) -> Vec<Vec<(usize, f64)>> {
        /// Ways over so many nearest neighbors are tried. More finds little more.
        const NEAREST: usize = 32;
        /// What is cut in the first round makes the second find other neighbors.
        const ROUNDS: usize = 2;
        /// An edge goes only if it is longer by more than sums of lengths can be rounded.
        const MARGIN: f64 = 1.0 + 1e-12;
        let by_length = |list: &[(usize, f64)]| {
            let mut list: Vec<(usize, f64)> = list.iter().map(|&(v, w)| (v, 1.0 / w)).collect();
            list.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            list
        };
        let mut ways: Vec<_> = self.adjacency.par_iter().map(|a| by_length(a)).collect();
        for _ in 0..ROUNDS {
            ways = ways
                .par_iter()
                .map_init(
                    || vec![f64::INFINITY; self.n_nodes()],
                    |bound, list| {
                        let Some(&(_, longest)) = list.last() else {
                            return Vec::new();
                        };
                        bound.fill(f64::INFINITY);
                        for &(near, first) in list.iter().take(NEAREST) {
                            for &(v, second) in &ways[near] {
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
        ways
    }
}

/// The sum of the shortest ways from one node to all that it reaches.
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
