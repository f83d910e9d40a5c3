//! A start from the graph alone.

use mri_core::{ReduceError, Watch};
use ndarray::Array2;
use rayon::prelude::*;

use crate::knn::Graph;
use crate::linalg::symmetric_eigen;
use crate::random;

/// Steps of Lanczos' method: the start needs the shape of the leading eigenvectors, not their digits.
const STEPS: usize = 200;

/// Below this length what is left of a vector is rounding: the space is exhausted.
const NOTHING: f64 = 1e-10;

/// Vertices that one thread takes at a time; sums are taken in pieces of this size, so that the number
/// of threads changes nothing.
const PIECE: usize = 4096;

/// Keeps the first vector apart from other uses of the seed.
const STREAM: u64 = 0x57EC;

/// The eigenvectors of the graph's normalised Laplacian `1 − D^−½·W·D^−½` with the smallest
/// eigenvalues but for the trivial one (Belkin & Niyogi 2003), one per component.
///
/// `None` where the graph is in several parts, whose eigenvectors only tell the parts apart, or has
/// too few vertices.
pub(super) fn spectral(
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
    // The trivial eigenvector, which every further one is orthogonal to.
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
        // Without it vectors already found come back. What little is left of a vector has lost its
        // digits; the second time is enough (Parlett 1998).
        let before = dot(&next, &next);
        orthogonalise(&mut next, &basis);
        if dot(&next, &next) < 0.5 * before {
            orthogonalise(&mut next, &basis);
        }
        let length = dot(&next, &next).sqrt();
        if length < NOTHING {
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

/// Whether there is a way from every vertex to every other.
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

/// Takes out of a vector what it has in common with those of an orthonormal basis.
fn orthogonalise(x: &mut [f64], basis: &[Vec<f64>]) {
    let shares: Vec<f64> = basis.par_iter().map(|b| dot(b, x)).collect();
    x.par_chunks_mut(PIECE).enumerate().for_each(|(piece, x)| {
        for (share, b) in shares.iter().zip(basis) {
            for (x, b) in x.iter_mut().zip(&b[piece * PIECE..]) {
                *x -= share * b;
            }
        }
    });
}

/// The scalar product, in four running sums.
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
    use crate::Distance;
    use crate::knn::{Table, of_table};
    use crate::umap::fuzzy;

    /// The graph of neighbours of a bent strip, three hundred rows long and wide enough to have a second
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
        fuzzy::union(&found, &fuzzy::memberships(&found, 10, 1))
    }

    #[test]
    fn the_start_is_the_leading_eigenvectors_of_all() {
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
        let points = spectral(&graph, 3, 1, &()).unwrap().unwrap();
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
    fn a_graph_in_parts_or_of_few_vertices_has_no_such_start() {
        assert!(spectral(&strip(50.0), 2, 0, &()).unwrap().is_none());
        assert!(spectral(&strip(0.0), 299, 0, &()).unwrap().is_none());
    }
}
