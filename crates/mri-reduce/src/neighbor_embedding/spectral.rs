//! Initial points from the graph's Laplacian.

use mri_core::{ReduceError, Watch};
use ndarray::Array2;
use rayon::prelude::*;

use crate::knn::Graph;
use crate::linalg::symmetric_eigen;
use crate::random;

/// Lanczos steps: an initialization needs the shape of the leading eigenvectors, not their digits.
const STEPS: usize = 200;

/// Below this norm a residual is rounding error: the Krylov space is exhausted.
const BREAKDOWN: f64 = 1e-10;

/// Vertices per task of a thread.
const PIECE: usize = 4096;

/// Separates the initial vector from other uses of the seed.
const STREAM: u64 = 0x57EC;

/// The eigenvectors of the graph's normalized Laplacian `1 − D^−½·W·D^−½` with the smallest
/// eigenvalues, the trivial one excluded (Belkin & Niyogi 2003), one per component.
///
/// `None` if the graph is not connected, because such eigenvectors only separate its parts, or if
/// it has too few vertices.
pub(crate) fn spectral_points(
    graph: &Graph,
    components: usize,
    seed: u64,
    watch: &dyn Watch,
) -> Result<Option<Array2<f32>>, ReduceError> {
    let n = graph.starts.len() - 1;
    if n < components + 2 || !connected(graph) {
        return Ok(None);
    }
    let degrees: Vec<f64> = (0..n)
        .map(|i| graph.edges(i).map(|e| f64::from(graph.weights[e])).sum())
        .collect();
    let roots: Vec<f64> = degrees.iter().map(|d: &f64| d.sqrt()).collect();
    let length = dot(&roots, &roots).sqrt();
    // The trivial eigenvector; all others are orthogonal to it.
    let trivial: Vec<f64> = roots.iter().map(|r| r / length).collect();
    let step = |x: &[f64]| -> Vec<f64> {
        let entry = |i: usize| {
            let edges = graph.edges(i);
            let sum: f64 = edges
                .map(|e| {
                    let j = graph.ends[e] as usize;
                    f64::from(graph.weights[e]) * x[j] / roots[j]
                })
                .sum();
            sum / roots[i]
        };
        (0..n)
            .into_par_iter()
            .with_min_len(256)
            .map(entry)
            .collect()
    };

    let mut basis = vec![trivial];
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let mut next: Vec<f64> = (0..n as u64)
        .map(|i| random::normal(seed ^ STREAM, i))
        .collect();
    let steps = STEPS.min(n - 1);
    for done in 0..steps {
        watch.check("spectrum", done, steps)?;
        // Full reorthogonalization, or vectors already found return. A second pass where
        // cancellation was severe is enough (Parlett 1998).
        let before = dot(&next, &next);
        orthogonalize(&mut next, &basis);
        if dot(&next, &next) < 0.5 * before {
            orthogonalize(&mut next, &basis);
        }
        let length = dot(&next, &next).sqrt();
        if length < BREAKDOWN {
            break;
        }
        if done > 0 {
            beside.push(length);
        }
        next.par_iter_mut().for_each(|v| *v /= length);
        let image = step(&next);
        diagonal.push(dot(&next, &image));
        basis.push(std::mem::replace(&mut next, image));
    }
    watch.check("spectrum", steps, steps)?;
    let m = diagonal.len();
    if m < components {
        return Ok(None);
    }
    let small = Array2::from_shape_fn((m, m), |(i, j)| match i.abs_diff(j) {
        0 => diagonal[i],
        1 => beside[i.min(j)],
        _ => 0.0,
    });
    let eigen = symmetric_eigen(&small)?;
    let mut points = Array2::zeros((n, components));
    for (c, mut column) in points.columns_mut().into_iter().enumerate() {
        let weights = eigen.vectors.column(c);
        let value = |i: usize| {
            let parts = weights.iter().zip(&basis[1..]);
            parts.map(|(w, v)| w * v[i]).sum::<f64>() as f32
        };
        let values: Vec<f32> = (0..n).into_par_iter().map(value).collect();
        column.iter_mut().zip(values).for_each(|(to, v)| *to = v);
    }
    Ok(Some(points))
}

/// Whether the graph is connected.
fn connected(graph: &Graph) -> bool {
    let n = graph.starts.len() - 1;
    let mut seen = vec![false; n];
    let mut waiting = vec![0];
    seen[0] = true;
    let mut count = 0;
    while let Some(i) = waiting.pop() {
        count += 1;
        for e in graph.edges(i) {
            let j = graph.ends[e] as usize;
            if !std::mem::replace(&mut seen[j], true) {
                waiting.push(j);
            }
        }
    }
    count == n
}

/// Subtracts a vector's projection on an orthonormal basis.
fn orthogonalize(x: &mut [f64], basis: &[Vec<f64>]) {
    let shares: Vec<f64> = basis.par_iter().map(|b| dot(b, x)).collect();
    x.par_chunks_mut(PIECE).enumerate().for_each(|(piece, x)| {
        for (share, b) in shares.iter().zip(basis) {
            for (x, b) in x.iter_mut().zip(&b[piece * PIECE..]) {
                *x -= share * b;
            }
        }
    });
}

/// The dot product, in four running sums.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    for (a, b) in a.chunks(4).zip(b.chunks(4)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distance::Distance;
    use crate::knn::{Table, of_table};

    /// The neighbor graph of a bent strip of three hundred rows, wide enough to have a second
    /// direction.
    fn strip(gap: f32) -> Graph {
        let rows = Array2::from_shape_fn((300, 3), |(i, j)| {
            let (along, across) = ((i / 6) as f32 / 50.0, (i % 6) as f32 / 20.0);
            let apart = if i < 150 { 0.0 } else { gap };
            [along.sin() + apart, along.cos() * 2.0, across][j]
                + 0.004 * random::normal(5, (i * 3 + j) as u64) as f32
        });
        let table = Table::new(rows.view(), Distance::Euclidean);
        let found = of_table(&table, 9, 0, &()).unwrap();
        let spread = found.distances.mean().unwrap();
        let weights = found.distances.mapv(|d| (-d / spread).exp());
        Graph::union(&found, weights.as_slice().unwrap(), |a, b| a + b - a * b)
    }

    #[test]
    fn points_equal_the_leading_eigenvectors_of_the_dense_matrix() {
        let graph = strip(0.0);
        let n = 300;
        let degree =
            |i: usize| -> f64 { graph.edges(i).map(|e| f64::from(graph.weights[e])).sum() };
        let mut dense = Array2::<f64>::zeros((n, n));
        for i in 0..n {
            for e in graph.edges(i) {
                let j = graph.ends[e] as usize;
                dense[(i, j)] = f64::from(graph.weights[e]) / (degree(i) * degree(j)).sqrt();
            }
        }
        let all = symmetric_eigen(&dense).unwrap();
        assert!((all.values[0] - 1.0).abs() < 1e-9, "the trivial one");
        let points = spectral_points(&graph, 3, 1, &()).unwrap().unwrap();
        for (c, column) in points.columns().into_iter().enumerate() {
            let truth = all.vectors.column(c + 1);
            let cosine: f64 = column
                .iter()
                .zip(truth)
                .map(|(&a, b)| f64::from(a) * b)
                .sum();
            assert!(cosine.abs() > 0.9999, "component {c}: {cosine}");
        }
    }

    #[test]
    fn graphs_that_are_disconnected_or_small_have_none() {
        assert!(spectral_points(&strip(50.0), 2, 0, &()).unwrap().is_none());
        assert!(spectral_points(&strip(0.0), 299, 0, &()).unwrap().is_none());
    }
}
