//! Calls and comparisons that give a [`Violation`] where they fail.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, concatenate};

use super::law;
use crate::conformance::Violation;
use crate::reducer::{Fitted, ReduceError, Reducer};

pub(super) fn fit(reducer: &dyn Reducer, x: ArrayView2<'_, f32>) -> Result<Fitted, Violation> {
    reducer
        .fit(x, &())
        .map_err(|error| Violation::new(law::NO_ERROR, error))
}

pub(super) fn transform(fitted: &Fitted, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, Violation> {
    let points = fitted
        .projection
        .transform(x)
        .map_err(|error| Violation::new(law::NO_ERROR, format!("transform: {error}")))?;
    if points.dim() != (x.nrows(), fitted.points.ncols()) {
        let detail = format!("shape {:?} for {} rows", points.dim(), x.nrows());
        return Err(Violation::new(law::TRANSFORM_SHAPE, detail));
    }
    finite(law::TRANSFORM_SHAPE, &points)?;
    Ok(points)
}

/// The points of a fit with those that its projection gives to the same rows below them.
pub(super) fn fitted_and_placed(
    fitted: &Fitted,
    x: ArrayView2<'_, f32>,
) -> Result<Array2<f32>, Violation> {
    let placed = transform(fitted, x)?;
    let points = &fitted.points;
    // The shapes were checked, so this cannot fail; points alone would still be a fair comparison.
    Ok(concatenate(Axis(0), &[points.view(), placed.view()]).unwrap_or_else(|_| points.clone()))
}

pub(super) fn finite(law: &'static str, points: &Array2<f32>) -> Result<(), Violation> {
    match points.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some(((row, column), v)) => {
            let detail = format!("coordinate {column} of point {row} is {v}");
            Err(Violation::new(law, detail))
        }
        None => Ok(()),
    }
}

/// Within `tolerance`, a share of the largest coordinate expected.
pub(super) fn close(
    law: &'static str,
    found: &Array2<f32>,
    expected: &Array2<f32>,
    tolerance: f32,
    what: &str,
) -> Result<(), Violation> {
    if found.dim() != expected.dim() {
        let (found, expected) = (found.dim(), expected.dim());
        let detail = format!("{what} shape {found:?} instead of {expected:?}");
        return Err(Violation::new(law, detail));
    }
    let largest = expected.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    for ((row, column), &value) in found.indexed_iter() {
        let target = expected[(row, column)];
        let error = (value - target).abs();
        // NaN compares as false, so that it is a violation.
        let is_close = error <= tolerance * largest;
        if !is_close {
            let detail = format!(
                "{what} row {row}, column {column}: {value} instead of {target}, where coordinates \
                 go up to {largest}"
            );
            return Err(Violation::new(law, detail));
        }
    }
    Ok(())
}

/// Equal to the last bit.
pub(super) fn same(
    law: &'static str,
    found: &Array2<f32>,
    expected: &Array2<f32>,
    what: &str,
) -> Result<(), Violation> {
    let bits = |m: &Array2<f32>| m.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    if found.dim() == expected.dim() && bits(found) == bits(expected) {
        return Ok(());
    }
    let worst = found
        .iter()
        .zip(expected)
        .fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
    Err(Violation::new(law, format!("{what}: off by {worst}")))
}

/// The row of `among` nearest to `point`, the first of equals, leaving out `skip`.
pub(super) fn nearest(
    point: ArrayView1<'_, f32>,
    among: &Array2<f32>,
    skip: Option<usize>,
) -> usize {
    let mut best = (f32::INFINITY, usize::MAX);
    for (i, other) in among.rows().into_iter().enumerate() {
        let distance: f32 = point.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
        if Some(i) != skip && (distance < best.0 || best.1 == usize::MAX) {
            best = (distance, i);
        }
    }
    best.1
}

/// The violation of a call that should have given another error.
pub(super) fn wrong<T>(law: &'static str, what: &str, found: Result<T, ReduceError>) -> Violation {
    match found {
        Ok(_) => Violation::new(law, format!("{what} gives no error")),
        Err(error) => Violation::new(law, format!("{what} gives another error: {error}")),
    }
}
