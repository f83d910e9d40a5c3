//! Two scans of the same texts: how alike are their layers, and which texts moved?

use std::io;

use mri_core::RowSource;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

/// Linear centered kernel alignment of two matrices over the same rows, from 0 to 1.
///
/// With `X` and `Y` centered, `|Y'X|^2 / (|X'X| |Y'Y|)` in Frobenius norms (S. Kornblith et al.,
/// 2019): 1 if one is the other turned, mirrored, shifted or scaled as a whole. Widths may differ.
/// `None` if a matrix has no spread. Memory: three matrices of width × width in `f64`.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] if the numbers of rows differ, or what reading gives.
pub fn linear_cka(x: &dyn RowSource, y: &dyn RowSource) -> io::Result<Option<f64>> {
    /// Rows read at once: enough for fast products, little memory.
    const BLOCK: usize = 512;
    let ((n, p), (rows, q)) = (x.size(), y.size());
    if n != rows {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{n} and {rows} rows cannot be aligned; row i of both must be text i"),
        ));
    }
    let blocks = |source: &dyn RowSource, width: usize, start: usize| -> io::Result<Array2<f64>> {
        let mut block = Array2::<f32>::zeros((BLOCK.min(n - start), width));
        source.read_rows(start, block.view_mut())?;
        Ok(block.mapv(f64::from))
    };
    let (mut mean_x, mut mean_y) = (Array1::zeros(p), Array1::zeros(q));
    for start in (0..n).step_by(BLOCK) {
        mean_x += &blocks(x, p, start)?.sum_axis(Axis(0));
        mean_y += &blocks(y, q, start)?.sum_axis(Axis(0));
    }
    mean_x /= n as f64;
    mean_y /= n as f64;
    let mut xx = Array2::<f64>::zeros((p, p));
    let mut yy = Array2::<f64>::zeros((q, q));
    let mut yx = Array2::<f64>::zeros((q, p));
    for start in (0..n).step_by(BLOCK) {
        let bx = blocks(x, p, start)? - &mean_x;
        let by = blocks(y, q, start)? - &mean_y;
        xx += &bx.t().dot(&bx);
        yy += &by.t().dot(&by);
        yx += &by.t().dot(&bx);
    }
    let squares = |m: &Array2<f64>| m.iter().map(|v| v * v).sum::<f64>();
    let below = (squares(&xx) * squares(&yy)).sqrt();
    Ok((below > 0.0).then(|| (squares(&yx) / below).min(1.0)))
}

/// How far every text moved between two maps, relative to its neighbors: the share of its `k`
/// nearest texts in `x` that are not among its `k` nearest in `y`, from 0 (the same neighbors) to
/// 1.
///
/// Turning, mirroring, shifting or scaling a map moves nothing. Distances are Euclidean; of equally
/// near texts the earlier is the nearer. `k` is lowered to the number of other texts, rows beyond
/// the shorter matrix are ignored, and a map with one text moves nothing.
///
/// # Complexity
/// O(n² · columns), over all threads.
#[must_use]
pub fn movement(x: ArrayView2<'_, f32>, y: ArrayView2<'_, f32>, k: usize) -> Vec<f64> {
    let n = x.nrows().min(y.nrows());
    let k = k.min(n.saturating_sub(1));
    let (x, y) = (x.slice(s![..n, ..]), y.slice(s![..n, ..]));
    let (x, y) = (x.as_standard_layout(), y.as_standard_layout());
    (0..n)
        .into_par_iter()
        .map(|row| {
            if k == 0 {
                return 0.0;
            }
            let before = nearest(x.view(), row, k);
            let after = nearest(y.view(), row, k);
            let stayed = before.iter().filter(|text| after.contains(text)).count();
            1.0 - stayed as f64 / k as f64
        })
        .collect()
}

/// The `k` rows nearest to a row, in no order.
fn nearest(points: ArrayView2<'_, f32>, row: usize, k: usize) -> Vec<usize> {
    let here = points.row(row);
    let mut others: Vec<(f64, usize)> = points
        .rows()
        .into_iter()
        .enumerate()
        .filter(|&(other, _)| other != row)
        .map(|(other, there)| {
            let differences = here
                .iter()
                .zip(there)
                .map(|(&a, &b)| f64::from(a) - f64::from(b));
            (differences.map(|d| d * d).sum(), other)
        })
        .collect();
    if k < others.len() {
        others.select_nth_unstable_by(k, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }
    others.truncate(k);
    others.into_iter().map(|(_, other)| other).collect()
}
