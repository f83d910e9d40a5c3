//! The fuzzy simplicial set (McInnes, Healy & Melville 2018, section 3.1).

use rayon::prelude::*;

use crate::knn::{Graph, Neighbors};

/// Bisections in the search for a width: more change no `f32`.
const HALVINGS: usize = 64;

/// Lower bound of a width, as a share of the mean distance to the neighbors: rows whose neighbors
/// are all at one distance would have a width of 0.
const SMALLEST: f32 = 1e-3;

/// The membership strengths of the directed edges, in the shape of the distances: 1 up to the
/// `connectivity`-th distance above 0 (0 if `connectivity` is 0), exponentially decreasing beyond,
/// with the width at which a row sums to log₂ of `size`.
pub(super) fn memberships(found: &Neighbors, size: usize, connectivity: usize) -> Vec<f32> {
    let k = found.ids.ncols();
    let distances = found.distances.as_slice().unwrap_or(&[]);
    let all = mean(distances);
    let target = (size as f64).log2();
    let mut out = vec![0.0; distances.len()];
    out.par_chunks_mut(k.max(1))
        .zip(distances.par_chunks(k.max(1)))
        .for_each(|(out, distances)| {
            let nearest = nearest(distances, connectivity);
            // New rows, for which `connectivity` is 0, must not depend on each other through `all`.
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

/// The `connectivity`-th distance above 0, or the last of fewer; 0 if there is none.
fn nearest(distances: &[f32], connectivity: usize) -> f32 {
    let above = distances.iter().filter(|d| **d > 0.0);
    above.take(connectivity).last().copied().unwrap_or(0.0)
}

/// The width at which the memberships sum to `target`.
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

/// The fuzzy union of all neighborhoods: an edge has weight `a + b − a·b`, with a and b the
/// memberships of its two directions.
pub(super) fn union(found: &Neighbors, memberships: &[f32]) -> Graph {
    Graph::union(found, memberships, |a, b| a + b - a * b)
}

#[cfg(test)]
mod tests {
    use mri_core::ReduceError;

    use super::*;
    use crate::knn::golden::{Goldens, rows};
    use crate::knn::{Table, of_table};

    #[test]
    fn the_graph_equals_umap_learns() -> Result<(), ReduceError> {
        let goldens: Goldens =
            serde_json::from_str(include_str!("../../tests/golden/umap.json")).unwrap();
        for golden in goldens.graphs {
            let table = Table::new(rows().view(), golden.distance);
            let found = of_table(&table, 9, 0, &())?;
            let graph = union(&found, &memberships(&found, 10, 1));
            // Their distances are sums in f32.
            golden.check(&graph, 1e-3);
        }
        Ok(())
    }
}
