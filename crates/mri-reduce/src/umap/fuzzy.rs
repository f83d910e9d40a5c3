//! From nearest neighbours to a weighted graph (McInnes, Healy & Melville 2018, section 3.1).

use std::ops::Range;

use rayon::prelude::*;

use crate::knn::Neighbours;

/// Halvings of the interval in which a width is sought: more change no `f32`.
const HALVINGS: usize = 64;

/// A width is at least this share of the mean distance to the neighbours: rows whose neighbours
/// are all equally far would otherwise have none.
const SMALLEST: f32 = 1e-3;

/// A graph with weighted edges. An undirected one holds each edge at both ends.
pub(super) struct Graph {
    /// The edges of vertex i are those from `starts[i]` to `starts[i + 1]`.
    pub(super) starts: Vec<usize>,
    /// The other ends, ascending for each vertex.
    pub(super) ends: Vec<u32>,
    /// From just above 0 to 1.
    pub(super) weights: Vec<f32>,
}

impl Graph {
    /// The edges of a vertex.
    pub(super) fn edges(&self, vertex: usize) -> Range<usize> {
        self.starts[vertex]..self.starts[vertex + 1]
    }
}

/// How strongly each row belongs to the neighbourhood of each of its neighbours, of the shape of
/// the distances, row by row: 1 up to the `connectivity`-th distance above 0 (0 for none), falling
/// off beyond, so that the sum of a row is log₂ of `size`.
pub(super) fn memberships(found: &Neighbours, size: usize, connectivity: usize) -> Vec<f32> {
    let k = found.ids.ncols();
    let distances = found.distances.as_slice().unwrap_or(&[]);
    let all = mean(distances);
    let target = (size as f64).log2();
    let mut out = vec![0.0; distances.len()];
    out.par_chunks_mut(k.max(1))
        .zip(distances.par_chunks(k.max(1)))
        .for_each(|(out, distances)| {
            let nearest = nearest(distances, connectivity);
            // New rows, which have no connectivity, must not depend on each other.
            let own = nearest > 0.0 || connectivity == 0;
            let floor = SMALLEST * if own { mean(distances) } else { all };
            let width = width(distances, nearest, target).max(floor);
            for (w, d) in out.iter_mut().zip(distances) {
                let beyond = d - nearest;
                *w = if beyond <= 0.0 || width == 0.0 {
                    1.0
                } else {
                    (-beyond / width).exp()
                };
            }
        });
    out
}

fn mean(values: &[f32]) -> f32 {
    (values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len().max(1) as f64) as f32
}

/// The `connectivity`-th of the distances above 0, or the last of them; 0 if there is none.
fn nearest(distances: &[f32], connectivity: usize) -> f32 {
    let above = distances.iter().filter(|d| **d > 0.0);
    above.take(connectivity).last().copied().unwrap_or(0.0)
}

/// The width at which the memberships add up to `target`.
fn width(distances: &[f32], nearest: f32, target: f64) -> f32 {
    let (mut low, mut high, mut width) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..HALVINGS {
        let membership = |d: &f32| (-f64::from((d - nearest).max(0.0)) / width).exp();
        let sum: f64 = distances.iter().map(membership).sum();
        if (sum - target).abs() < 1e-5 {
            break;
        }
        if sum > target {
            high = width;
            width = (low + high) / 2.0;
        } else {
            low = width;
            width = if high.is_finite() {
                (low + high) / 2.0
            } else {
                width * 2.0
            };
        }
    }
    width as f32
}

/// The union of all neighbourhoods: a pair of rows is joined by `a + b − a·b`, with a and b their
/// memberships in each other's.
pub(super) fn union(found: &Neighbours, memberships: &[f32]) -> Graph {
    let (n, k) = found.ids.dim();
    let ids = found.ids.as_slice().unwrap_or(&[]);
    // Who counts each row among its neighbours, in ascending order, by counting.
    let mut from = vec![0_usize; n + 1];
    ids.iter().for_each(|&j| from[j as usize + 1] += 1);
    (0..n).for_each(|i| from[i + 1] += from[i]);
    let mut next = from.clone();
    let mut incoming = vec![(0_u32, 0.0_f32); ids.len()];
    for (edge, &j) in ids.iter().enumerate() {
        incoming[next[j as usize]] = ((edge / k) as u32, memberships[edge]);
        next[j as usize] += 1;
    }
    let edges: Vec<Vec<(u32, f32)>> = (0..n)
        .into_par_iter()
        .map(|i| {
            let outgoing = (i * k..(i + 1) * k).map(|e| (ids[e], memberships[e]));
            let mut all: Vec<(u32, f32)> = outgoing.collect();
            all.extend_from_slice(&incoming[from[i]..from[i + 1]]);
            // No row is its own neighbour, and none twice in one list: at most two entries are equal.
            all.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            all.chunk_by(|a, b| a.0 == b.0)
                .map(|pair| {
                    let join = |w: f32, (_, v): &(u32, f32)| w + v - w * v;
                    (pair[0].0, pair.iter().fold(0.0, join))
                })
                .filter(|(_, w)| *w > 0.0)
                .collect()
        })
        .collect();
    let mut starts = vec![0];
    for list in &edges {
        starts.push(starts[starts.len() - 1] + list.len());
    }
    let (ends, weights) = edges.into_iter().flatten().unzip();
    Graph {
        starts,
        ends,
        weights,
    }
}

#[cfg(test)]
mod tests {
    use mri_core::ReduceError;
    use ndarray::Array2;
    use serde::Deserialize;

    use super::*;
    use crate::Distance;
    use crate::knn::{Table, of_table};

    #[derive(Deserialize)]
    struct Goldens {
        graphs: Vec<Golden>,
    }

    #[derive(Deserialize)]
    struct Golden {
        distance: Distance,
        edges: Vec<(usize, usize, f32)>,
    }

    /// The input of `golden/generate_umap.py`.
    fn rows() -> Array2<f32> {
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

    #[test]
    fn the_graph_equals_umap_learns() -> Result<(), ReduceError> {
        let goldens: Goldens =
            serde_json::from_str(include_str!("../../tests/golden/umap.json")).unwrap();
        for golden in goldens.graphs {
            let table = Table::new(rows().view(), golden.distance);
            let found = of_table(&table, 9, 0, &())?;
            let graph = union(&found, &memberships(&found, 10, 1));
            let edges: Vec<_> = (0..60)
                .flat_map(|i| graph.edges(i).map(move |e| (i, e)))
                .map(|(i, e)| (i, graph.ends[e] as usize, graph.weights[e]))
                .filter(|(i, j, _)| i < j)
                .collect();
            assert_eq!(edges.len(), golden.edges.len(), "{:?}", golden.distance);
            for (ours, theirs) in edges.iter().zip(&golden.edges) {
                let same = (ours.0, ours.1) == (theirs.0, theirs.1);
                // Their distances are sums in f32.
                assert!(
                    same && (ours.2 - theirs.2).abs() < 1e-3,
                    "{ours:?} for {theirs:?}"
                );
            }
        }
        Ok(())
    }
}
