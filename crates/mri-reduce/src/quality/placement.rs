use mri_core::ReduceError;
use ndarray::{ArrayView2, Axis, concatenate, s};
use rayon::prelude::*;

use super::distance_table::DistanceTable;
use crate::check::{check_finite, check_size};
use crate::distance::Distance;
use crate::knn::k_nearest;

/// Rows with their points: of shapes (n, width) and (n, components).
pub type RowsAndPoints<'a> = (ArrayView2<'a, f32>, ArrayView2<'a, f32>);

/// The quality of placed rows: for each of them, the share of its k nearest fitted rows that are
/// among the k fitted points nearest to its point, from 0 to 1.
///
/// `fitted` are the rows that a reducer was fitted to and their points, `placed` are new rows and
/// their points by [`Projection::transform`](mri_core::Projection::transform). Equal distances are
/// ordered by index.
///
/// # Errors
/// [`ReduceError::TooSmall`] for fewer than two fitted rows, [`ReduceError::NonFinite`],
/// [`ReduceError::WidthMismatch`] where new rows or points have another width than the fitted, and
/// [`ReduceError::Parameter`] if points are not as many as rows or if k is not from 1 to the number
/// of fitted rows.
///
/// # Complexity
/// O(new · n · width) time.
///
/// ```
/// use mri_reduce::{Distance, Pca, Reducer, placement};
/// use ndarray::{Array2, s};
/// let x = Array2::from_shape_fn((40, 5), |(i, j)| ((i * (j + 3)) % 17) as f32);
/// let (old, new) = (x.slice(s![..30, ..]), x.slice(s![30.., ..]));
/// let fitted = Pca::new(2).fit(old, &())?;
/// let points = fitted.projection.transform(new)?;
/// let (fitted, placed) = ((old, fitted.points.view()), (new, points.view()));
/// let shares = placement(fitted, placed, 5, Distance::Euclidean)?;
/// assert_eq!(shares.len(), 10);
/// # Ok::<(), mri_reduce::ReduceError>(())
/// ```
pub fn placement(
    fitted: RowsAndPoints<'_>,
    placed: RowsAndPoints<'_>,
    neighbors: usize,
    distance: Distance,
) -> Result<Vec<f64>, ReduceError> {
    check(fitted, placed, neighbors)?;
    let n = fitted.0.nrows();
    let before = joined(fitted.0, placed.0, distance);
    let after = joined(fitted.1, placed.1, Distance::Euclidean);
    let new: Vec<usize> = (n..n + placed.0.nrows()).collect();
    let shares = new.par_chunks(DistanceTable::BLOCK).map(|block| {
        let (high, low) = (before.distances(block), after.distances(block));
        let share = |i: usize| {
            // The new row is not among the fitted ones, so none is excluded.
            let near = |d: &ndarray::Array2<f64>| {
                k_nearest(&d.slice(s![i, ..n]).to_vec(), None, neighbors)
            };
            let (rows, points) = (near(&high), near(&low));
            let both = points.iter().filter(|j| rows.contains(j)).count();
            both as f64 / neighbors as f64
        };
        (0..block.len()).map(share).collect::<Vec<f64>>()
    });
    Ok(shares.collect::<Vec<_>>().concat())
}

/// A table of both, the fitted ones first.
fn joined(
    fitted: ArrayView2<'_, f32>,
    new: ArrayView2<'_, f32>,
    distance: Distance,
) -> DistanceTable {
    // The widths were checked, so this cannot fail.
    let all = concatenate(Axis(0), &[fitted, new]).unwrap_or_default();
    DistanceTable::new(all.view(), distance)
}

fn check(
    fitted: RowsAndPoints<'_>,
    placed: RowsAndPoints<'_>,
    neighbors: usize,
) -> Result<(), ReduceError> {
    for (old, new) in [(fitted.0, placed.0), (fitted.1, placed.1)] {
        check_size(old.dim())?;
        check_finite(old)?;
        check_finite(new)?;
        if old.ncols() != new.ncols() {
            return Err(ReduceError::WidthMismatch {
                given: new.ncols(),
                fitted: old.ncols(),
            });
        }
    }
    for (rows, points) in [fitted, placed] {
        if rows.nrows() != points.nrows() {
            return Err(ReduceError::Parameter {
                parameter: "points",
                value: format!("{} for {} rows", points.nrows(), rows.nrows()),
                expected: "one per row",
            });
        }
    }
    let n = fitted.0.nrows();
    if neighbors == 0 || neighbors > n {
        return Err(ReduceError::Parameter {
            parameter: "neighbors",
            value: format!("{neighbors} of {n} fitted rows"),
            expected: "from 1 to the number of fitted rows",
        });
    }
    Ok(())
}
