//! The weighted graph of neighbors.

use std::ops::Range;

use rayon::prelude::*;

use super::neighbors::Neighbors;

/// A weighted graph in compressed sparse rows. An undirected graph holds each edge at both ends.
pub(crate) struct Graph {
    /// The edges of vertex i are those from `starts[i]` to `starts[i + 1]`.
    pub(crate) starts: Vec<usize>,
    /// The other ends, ascending for each vertex.
    pub(crate) ends: Vec<u32>,
    /// Above 0.
    pub(crate) weights: Vec<f32>,
}

impl Graph {
    /// The edges of a vertex.
    pub(crate) fn edges(&self, vertex: usize) -> Range<usize> {
        self.starts[vertex]..self.starts[vertex + 1]
    }

    /// The undirected graph of directed edges from every row to its neighbors, whose `weights` are
    /// in the shape of their ids. The weight of an edge is `join` of the weights of both
    /// directions, 0 for a direction that is missing.
    pub(crate) fn union(
        found: &Neighbors,
        weights: &[f32],
        join: impl Fn(f32, f32) -> f32 + Sync,
    ) -> Self {
        let (n, k) = found.ids.dim();
        let ids = found.ids.as_slice().unwrap_or(&[]);
        // Incoming edges in ascending order, by counting sort.
        let mut from = vec![0_usize; n + 1];
        ids.iter().for_each(|&j| from[j as usize + 1] += 1);
        (0..n).for_each(|i| from[i + 1] += from[i]);
        let mut next = from.clone();
        let mut incoming = vec![(0_u32, 0.0_f32); ids.len()];
        for (edge, &j) in ids.iter().enumerate() {
            incoming[next[j as usize]] = ((edge / k) as u32, weights[edge]);
            next[j as usize] += 1;
        }
        let edges: Vec<Vec<(u32, f32)>> = (0..n)
            .into_par_iter()
            .map(|i| {
                let outgoing = (i * k..(i + 1) * k).map(|e| (ids[e], weights[e]));
                let mut all: Vec<(u32, f32)> = outgoing.collect();
                all.extend_from_slice(&incoming[from[i]..from[i + 1]]);
                // No row is its own neighbor or twice in one list, so at most two entries are
                // equal.
                all.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
                all.chunk_by(|a, b| a.0 == b.0)
                    .map(|pair| {
                        let other = pair.get(1).map_or(0.0, |(_, w)| *w);
                        (pair[0].0, join(pair[0].1, other))
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
        Self {
            starts,
            ends,
            weights,
        }
    }
}
