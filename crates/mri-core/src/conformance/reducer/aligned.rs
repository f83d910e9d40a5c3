//! The laws of [`Reducer::fit_aligned`](crate::Reducer::fit_aligned), for reducers that support it.

use ndarray::{Array2, Axis, s};

use super::compare::{fitted_and_placed, same, wrong};
use super::{Run, law};
use crate::conformance::Violation;
use crate::reducer::{Fitted, ReduceError, Reducer};

/// The largest share of the initial points' sum of squares that the displacements may reach. A fit
/// that ignores mirrored initial points reaches 4, one that mistakes their rows 2.
const DISPLACEMENT: f64 = 0.5;

/// An aligned fit from initial points that no fit of its own would give: the mirrored points of
/// one.
pub(super) fn fit_mirrored(
    reducer: &dyn Reducer,
    x: &Array2<f32>,
    points: &Array2<f32>,
) -> Result<Option<Fitted>, Violation> {
    let init = points.mapv(|v| -v);
    reducer
        .fit_aligned(x.view(), init.view(), &())
        .map_err(|error| Violation::new(law::NO_ERROR, format!("fit_aligned: {error}")))
}

impl Run<'_> {
    pub(super) fn aligned(&self) -> Result<(), Violation> {
        let Some(fitted) = fit_mirrored(self.reducer, &self.x, &self.first.points)? else {
            return Ok(());
        };
        self.shapes(&fitted, self.x.nrows())?;
        self.stays_near(&fitted)?;

        let expected = fitted_and_placed(&fitted, self.x.view())?;
        self.fit(self.x.slice(s![..;-1, ..]))?;
        let init = self.first.points.mapv(|v| -v);
        let by_columns = init.t().as_standard_layout().into_owned();
        let again = self.reducer.fit_aligned(self.x.view(), by_columns.t(), &());
        let again = again.map_err(|error| Violation::new(law::NO_ERROR, error))?;
        let Some(again) = again else {
            let detail = "the second one says that it is not supported";
            return Err(Violation::new(law::ALIGNED_SAME_BYTES, detail));
        };
        let found = fitted_and_placed(&again, self.x.view())?;
        let what = "after another fit, with initial points stored column by column";
        same(law::ALIGNED_SAME_BYTES, &found, &expected, what)?;
        self.errors_of_aligned(&init)
    }

    fn stays_near(&self, fitted: &Fitted) -> Result<(), Violation> {
        let init = self.first.points.mapv(|v| -f64::from(v));
        let center = init.mean_axis(Axis(0)).unwrap_or_default();
        let square_sum = |m: Array2<f64>| m.iter().map(|v| v * v).sum::<f64>();
        let moved = square_sum(fitted.points.mapv(f64::from) - &init) / square_sum(&init - &center);
        // NaN compares as false, so that it is a violation.
        let is_near = moved <= DISPLACEMENT;
        if is_near {
            return Ok(());
        }
        let detail = format!(
            "from mirrored points of a fit they move by {moved:.2} times their sum of squares"
        );
        Err(Violation::new(law::ALIGNED_NEAR, detail))
    }

    fn errors_of_aligned(&self, init: &Array2<f32>) -> Result<(), Violation> {
        const LAW: &str = law::ALIGNED_ERRORS;
        let (rows, components) = init.dim();
        let mut infinite = init.clone();
        infinite[(rows - 2, components - 1)] = f32::INFINITY;
        let wider = Array2::zeros((rows, components + 1));
        for (init, what) in [
            (init.slice(s![1.., ..]), "one row too few"),
            (wider.view(), "one column too many"),
            (infinite.view(), "an infinite coordinate"),
        ] {
            match self.reducer.fit_aligned(self.x.view(), init, &()) {
                Err(ReduceError::Parameter { .. }) => {}
                other => return Err(wrong(LAW, what, other)),
            }
        }
        let (x, place) = self.with_bad_value(f32::NAN);
        match self.reducer.fit_aligned(x.view(), init.view(), &()) {
            Err(ReduceError::NonFinite { row, column, .. }) if (row, column) == place => {}
            other => return Err(wrong(LAW, &format!("NaN at {place:?} of the rows"), other)),
        }
        self.cancelled("fit_aligned", &|watch| {
            let fitted = self.reducer.fit_aligned(self.x.view(), init.view(), watch);
            fitted.map(|_| ())
        })
    }
}
