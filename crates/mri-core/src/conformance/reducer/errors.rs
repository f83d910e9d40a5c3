//! What bad input and a watch that stops the work have to give.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::Array2;

use super::compare::wrong;
use super::{Run, law};
use crate::conformance::Violation;
use crate::progress::{Progress, Watch};
use crate::reducer::ReduceError;

impl Run<'_> {
    pub(super) fn errors_of_fit(&self) -> Result<(), Violation> {
        for shape in self.too_small() {
            match self.reducer.fit(Array2::ones(shape).view(), &()) {
                Err(ReduceError::TooSmall { .. } | ReduceError::TooManyComponents { .. }) => {}
                other => {
                    let what = format!("a matrix of shape {shape:?}");
                    return Err(wrong(law::FIT_ERRORS, &what, other));
                }
            }
        }
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let (x, place) = self.with_bad_value(value);
            match self.reducer.fit(x.view(), &()) {
                Err(ReduceError::NonFinite { row, column, .. }) if (row, column) == place => {}
                other => {
                    return Err(wrong(
                        law::FIT_ERRORS,
                        &format!("{value} at {place:?}"),
                        other,
                    ));
                }
            }
        }
        Ok(())
    }

    /// Shapes of matrices that no reducer can reduce.
    pub(super) fn too_small(&self) -> [(usize, usize); 4] {
        let (rows, columns) = self.x.dim();
        [(0, columns), (1, columns), (rows, 0), (0, 0)]
    }

    /// The rows with a value that is not finite, and its place.
    pub(super) fn with_bad_value(&self, value: f32) -> (Array2<f32>, (usize, usize)) {
        let mut x = self.x.clone();
        let place = (x.nrows() - 2, 1);
        x[place] = value;
        (x, place)
    }

    pub(super) fn errors_of_transform(&self) -> Result<(), Violation> {
        const LAW: &str = law::TRANSFORM_ERRORS;
        let projection = &self.first.projection;
        let columns = self.x.ncols();
        for given in [columns - 1, columns + 1] {
            match projection.transform(Array2::ones((3, given)).view()) {
                Err(ReduceError::WidthMismatch { given: g, fitted })
                    if (g, fitted) == (given, columns) => {}
                other => return Err(wrong(LAW, &format!("{given} columns for {columns}"), other)),
            }
        }
        let mut x = self.x.clone();
        x[(2, 1)] = f32::NAN;
        match projection.transform(x.view()) {
            Err(ReduceError::NonFinite {
                row: 2, column: 1, ..
            }) => {}
            other => return Err(wrong(LAW, "NaN at (2, 1)", other)),
        }
        match projection.transform(Array2::zeros((0, columns)).view()) {
            Ok(points) if points.dim() == (0, self.first.points.ncols()) => Ok(()),
            other => Err(wrong(LAW, "no rows at all", other)),
        }
    }

    pub(super) fn cancellation(&self) -> Result<(), Violation> {
        self.cancelled("fit", &|watch| {
            self.reducer.fit(self.x.view(), watch).map(|_| ())
        })
    }

    /// Whether a call that asks a watch which says no is cancelled.
    pub(super) fn cancelled(
        &self,
        what: &str,
        call: &dyn Fn(&dyn Watch) -> Result<(), ReduceError>,
    ) -> Result<(), Violation> {
        let asked = AtomicBool::new(false);
        let stop = |_: Progress<'_>| {
            asked.store(true, Ordering::Relaxed);
            false
        };
        let result = call(&stop);
        match (result, asked.into_inner()) {
            (Err(ReduceError::Cancelled(_)), true) | (Ok(()), false) => Ok(()),
            (other, _) => {
                let what = format!("{what} under a watch that says no");
                Err(wrong(law::CANCELLATION, &what, other))
            }
        }
    }
}
