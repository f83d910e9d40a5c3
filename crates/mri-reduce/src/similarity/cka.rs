use mri_core::{ReduceError, RowSource};
use ndarray::{Array1, Array2, Axis};

use crate::check::out_of_range;

/// Rows per block: enough for fast products, little memory.
const BLOCK: usize = 512;

/// Linear centered kernel alignment of two matrices over the same rows, from 0 to 1.
///
/// With `X` and `Y` centered, `|Y'X|² / (|X'X| |Y'Y|)` in Frobenius norms (Kornblith, Norouzi, Lee
/// & Hinton 2019): 1 if one is the other up to rotation, reflection, shift and scale. The numbers
/// of columns may differ. `None` if all rows of a matrix are equal.
///
/// # Errors
/// [`ReduceError::Parameter`] if the numbers of rows differ, [`ReduceError::Read`].
///
/// # Complexity
/// O(rows · width²) time; memory for three matrices of width × width in `f64`.
///
/// ```
/// use mri_reduce::linear_cka;
/// let x = ndarray::array![[1.0_f32, 2.0], [3.0, 5.0], [4.0, 4.0]];
/// let scaled = x.mapv(|v| 2.0 * v + 1.0);
/// let cka = linear_cka(&x, &scaled)?.unwrap_or(0.0);
/// assert!((cka - 1.0).abs() < 1e-9);
/// # Ok::<(), mri_reduce::ReduceError>(())
/// ```
pub fn linear_cka(x: &dyn RowSource, y: &dyn RowSource) -> Result<Option<f64>, ReduceError> {
    let ((n, p), (rows, q)) = (x.size(), y.size());
    if n != rows {
        return out_of_range("y", format!("{rows} rows"), "as many rows as x has");
    }
    let block = |source: &dyn RowSource, start: usize| -> Result<Array2<f64>, ReduceError> {
        let mut block = Array2::<f32>::zeros((BLOCK.min(n - start), source.size().1));
        source.read_rows(start, block.view_mut())?;
        Ok(block.mapv(f64::from))
    };
    let (mut mean_x, mut mean_y) = (Array1::zeros(p), Array1::zeros(q));
    for start in (0..n).step_by(BLOCK) {
        mean_x += &block(x, start)?.sum_axis(Axis(0));
        mean_y += &block(y, start)?.sum_axis(Axis(0));
    }
    mean_x /= n as f64;
    mean_y /= n as f64;
    let mut xx = Array2::<f64>::zeros((p, p));
    let mut yy = Array2::<f64>::zeros((q, q));
    let mut yx = Array2::<f64>::zeros((q, p));
    for start in (0..n).step_by(BLOCK) {
        let bx = block(x, start)? - &mean_x;
        let by = block(y, start)? - &mean_y;
        xx += &bx.t().dot(&bx);
        yy += &by.t().dot(&by);
        yx += &by.t().dot(&bx);
    }
    let squares = |m: &Array2<f64>| m.iter().map(|v| v * v).sum::<f64>();
    let norm = (squares(&xx) * squares(&yy)).sqrt();
    Ok((norm > 0.0).then(|| (squares(&yx) / norm).min(1.0)))
}
