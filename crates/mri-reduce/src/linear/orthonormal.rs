use ndarray::{Array2, ArrayView1, ArrayViewMut1};

use crate::krylov::NEGLIGIBLE;

/// Makes the rows orthonormal, replaces those of negligible eigenvalue by unit vectors orthogonal
/// to the rows before them, and fixes every sign: the entry of largest absolute value (the first of
/// equals) is positive.
pub(crate) fn orthonormal_rows(mut rows: Array2<f64>, values: &[f64]) -> Array2<f64> {
    let largest = values.first().copied().unwrap_or(0.0);
    let width = rows.ncols();
    // Unit vectors to try for the rows of negligible eigenvalue.
    let mut candidates = 0..width;
    for i in 0..rows.nrows() {
        if values[i] > NEGLIGIBLE * largest {
            orthogonalize(&mut rows, i);
        } else {
            for candidate in candidates.by_ref() {
                rows.row_mut(i).fill(0.0);
                rows[(i, candidate)] = 1.0;
                // A unit vector that mostly lies in the span already would leave only rounding.
                if orthogonalize(&mut rows, i) > 0.1 {
                    break;
                }
            }
        }
        fix_sign(rows.row_mut(i));
    }
    rows
}

/// Makes row `i` orthogonal to the rows before it and normalizes it; returns the share of its norm
/// that was left.
fn orthogonalize(rows: &mut Array2<f64>, i: usize) -> f64 {
    let norm = |row: ArrayView1<'_, f64>| row.dot(&row).sqrt();
    let before = norm(rows.row(i));
    // Twice is enough (Kahan and Parlett): the second pass removes the rounding errors of the
    // first.
    for _ in 0..2 {
        for j in 0..i {
            let along = rows.row(i).dot(&rows.row(j));
            let other = rows.row(j).to_owned();
            rows.row_mut(i).scaled_add(-along, &other);
        }
    }
    let length = norm(rows.row(i));
    if length > 0.0 {
        rows.row_mut(i).mapv_inplace(|v| v / length);
    }
    if before > 0.0 { length / before } else { 0.0 }
}

fn fix_sign(mut row: ArrayViewMut1<'_, f64>) {
    let mut largest = 0.0_f64;
    for &v in &row {
        // Values equal up to rounding count as equal, so that rounding cannot flip a sign.
        if v.abs() > largest.abs() * (1.0 + 1e-9) {
            largest = v;
        }
    }
    if largest < 0.0 {
        row.mapv_inplace(|v| -v);
    }
}
