use ndarray::{Array2, s};
use rayon::prelude::*;

/// Rows per product: enough for a fast product, few enough for the band of a block to stay narrow.
const BLOCK: usize = 128;

/// Mean over nodes of the weighted clustering coefficient (J. Saramäki et al., 2007) of an
/// undirected graph, from 0 to 1: the geometric mean of the three weights of a triangle, each
/// divided by the largest weight of the graph. `None` without nodes.
///
/// `adjacency` has per node its neighbors in ascending order, with the weight.
///
/// With `C` the matrix of cube roots of the scaled weights, the triangles at `u` weigh
/// `sum_v C[u, v] (C C)[u, v]`. Rows of `C C` come from a matrix product over the span of columns
/// that a block of rows touches, which for layered graphs is a narrow band.
pub(crate) fn average_clustering(adjacency: &[Vec<(usize, f64)>]) -> Option<f64> {
    let n = adjacency.len();
    if n == 0 {
        return None;
    }
    let largest = adjacency.iter().flatten().map(|&(_, w)| w);
    let largest = largest.fold(0.0, f64::max);
    let starts: Vec<usize> = (0..n).step_by(BLOCK).collect();
    let per_block: Vec<Vec<f64>> = starts
        .par_iter()
        .map(|&start| {
            let rows = start..(start + BLOCK).min(n);
            let triangles = triangles(adjacency, rows.clone(), |w| (w / largest).cbrt());
            let of_rows = triangles.into_iter().zip(&adjacency[rows]);
            of_rows
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

/// The weight of the triangles at each of some rows, with `root` applied to every weight.
fn triangles(
    adjacency: &[Vec<(usize, f64)>],
    rows: std::ops::Range<usize>,
    root: impl Fn(f64) -> f64,
) -> Vec<f64> {
    let rows = &adjacency[rows];
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
            for &(v, w) in &adjacency[low + strip + k] {
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
}
