//! [`ReducerSuite`]: what it takes, and in which order its laws are checked.

mod aligned;
mod compare;
mod errors;
mod fit;
mod input;
mod law;
mod rows;

use ndarray::{Array2, concatenate};

use super::Violation;
use crate::random::SplitMix64;
use crate::reducer::{Fitted, Reducer};

/// The laws of [`Reducer`], checked on made-up rows.
///
/// ```
/// # use mri_core::conformance::{ReducerSuite, Violation};
/// # fn check(reducer: &dyn mri_core::Reducer) -> Result<(), Violation> {
/// // A reducer whose points are a linear function of the rows:
/// ReducerSuite::linear().check(reducer)?;
/// // One that places points by their neighbors, iteratively or with random numbers:
/// ReducerSuite::neighbors().check(reducer)
/// # }
/// ```
///
/// Every reducer has to obey these:
///
/// - points have one row per row and one column per component, all finite; components have names
///   that differ;
/// - fitting again gives the same bytes, whatever was fitted or watched before;
/// - how the matrix lies in memory does not matter: points are equal within the tolerance, or to
///   the bit where they are not a function of the row, because such reducers amplify a difference
///   in the last bit (sums of ndarray depend on the layout; call `x.as_standard_layout()` first,
///   then);
/// - a point belongs to its row: where the rows form two clouds far apart, in any order, each
///   point's nearest is of its own cloud, and `transform` puts each row into its own cloud, too;
/// - equal rows have equal points;
/// - equal rows, constant columns and hardly more rows than components give finite points or a
///   typed error;
/// - too few rows, no columns, NaN and infinity give the right [`ReduceError`](crate::ReduceError),
///   from `fit` and from `transform`; no new rows give no points;
/// - `fit_rows` gives what `fit` gives, and its errors, of reading too;
/// - `fit_aligned`, where it is supported, stays near the initial points, gives the same bytes
///   again, and refuses initial points that do not fit the rows;
/// - a watch that stops the work gives `ReduceError::Cancelled`, if it is asked at all.
///
/// The fields say what else a reducer claims. With [`ReducerSuite::check_threads`] the suite also
/// checks that the number of threads changes no bit.
#[derive(Debug, Clone, PartialEq)]
pub struct ReducerSuite {
    /// The seed of the made-up rows.
    pub seed: u64,
    /// Rows of the made-up matrices, at least 20. Reducers that need more (a number of neighbors,
    /// say) get more.
    pub rows: usize,
    /// Columns of the made-up matrices, at least 2.
    pub columns: usize,
    /// How far points that should be equal may differ, as a share of the largest coordinate.
    pub tolerance: f32,
    /// A point is a function of its row alone, once the reducer is fitted: `transform` puts the
    /// training rows on their points, and a row's point does not depend on the rows that are
    /// transformed with it.
    pub functional: bool,
    /// Fitting to permuted rows permutes the points.
    pub order_free: bool,
    /// Changes of the rows that the points do not follow.
    pub invariances: Vec<Invariance>,
}

/// A change of the rows under which a reducer claims to give the same points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Invariance {
    /// A constant of its own is added to every column.
    Shift,
    /// All values are multiplied by the same positive number.
    Scale,
    /// All values are multiplied by the same positive number, and so are the points.
    ScaleWithPoints,
    /// Every column is multiplied by a positive number of its own.
    ColumnScale,
}

/// Runs work on a pool of the given number of threads; see [`ReducerSuite::check_threads`].
pub type OnThreads<'a> = &'a dyn Fn(usize, &mut (dyn FnMut() + Send));

impl ReducerSuite {
    /// Every law, as [`Violation::law`] names it.
    pub const LAWS: [&'static str; 23] = [
        law::NO_ERROR,
        law::SHAPES,
        law::TRANSFORM_SHAPE,
        law::SAME_BYTES,
        law::LAYOUT,
        law::POINT_OF_ROW,
        law::TRAINING_ROWS,
        law::ROW_ALONE,
        law::ORDER,
        law::EQUAL_ROWS,
        law::EQUAL_POINTS,
        law::CONSTANT_COLUMNS,
        law::FEW_ROWS,
        law::FIT_ERRORS,
        law::TRANSFORM_ERRORS,
        law::CANCELLATION,
        law::INVARIANCES,
        law::FIT_ROWS,
        law::FIT_ROWS_ERRORS,
        law::ALIGNED_NEAR,
        law::ALIGNED_SAME_BYTES,
        law::ALIGNED_ERRORS,
        law::THREADS,
    ];

    /// For reducers whose points are a linear function of the rows, fitted without random numbers.
    #[must_use]
    pub fn linear() -> Self {
        Self {
            seed: 0,
            rows: 60,
            columns: 12,
            tolerance: 1e-4,
            functional: true,
            order_free: true,
            invariances: Vec::new(),
        }
    }

    /// For reducers that place points by their neighbors, iteratively or with random numbers.
    #[must_use]
    pub fn neighbors() -> Self {
        Self {
            functional: false,
            order_free: false,
            rows: 120,
            ..Self::linear()
        }
    }

    /// The same suite with claims of invariance.
    #[must_use]
    pub fn with_invariances(mut self, invariances: impl IntoIterator<Item = Invariance>) -> Self {
        self.invariances.extend(invariances);
        self
    }

    /// Runs the whole suite but for the threads.
    ///
    /// # Errors
    /// The first [`Violation`] found.
    pub fn check(&self, reducer: &dyn Reducer) -> Result<(), Violation> {
        let mut random = SplitMix64::new(self.seed);
        let x = input::plain(&mut random, self.rows.max(20), self.columns.max(2));
        let run = Run {
            suite: self,
            reducer,
            first: compare::fit(reducer, x.view())?,
            x,
        };
        run.shapes(&run.first, run.x.nrows())?;
        run.same_bytes()?;
        run.layout()?;
        run.points_belong_to_rows(&mut random)?;
        run.training_rows()?;
        run.order(&mut random)?;
        run.equal_rows()?;
        run.constant_columns()?;
        run.few_rows()?;
        run.errors_of_fit()?;
        run.errors_of_transform()?;
        run.cancellation()?;
        run.invariances()?;
        run.rows_elsewhere()?;
        run.errors_of_rows()?;
        run.aligned()
    }

    /// Checks that 1, 2 and 5 threads give the same bytes, aligned fits included.
    /// `on_threads(n, work)` must run `work` on a pool of `n` threads; with rayon:
    ///
    /// ```text
    /// suite.check_threads(&reducer, &|n, work| {
    ///     rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(work);
    /// })?;
    /// ```
    ///
    /// A reducer with no threads of its own needs no such check.
    ///
    /// # Errors
    /// A [`Violation`] that names the number of threads.
    pub fn check_threads(
        &self,
        reducer: &dyn Reducer,
        on_threads: OnThreads<'_>,
    ) -> Result<(), Violation> {
        // Enough rows that the work is shared out.
        let rows = self.rows.max(700);
        let x = input::plain(&mut SplitMix64::new(self.seed), rows, self.columns.max(2));
        let mut expected: Option<Array2<f32>> = None;
        for threads in [1, 2, 5] {
            let mut result = None;
            on_threads(threads, &mut || result = Some(all_points(reducer, &x)));
            let Some(points) = result else {
                return Err(Violation::new(
                    law::THREADS,
                    "on_threads did not run the work",
                ));
            };
            let points = points?;
            match &expected {
                Some(one) => {
                    let what = format!("1 and {threads} threads");
                    compare::same(law::THREADS, &points, one, &what)?;
                }
                None => expected = Some(points),
            }
        }
        Ok(())
    }
}

/// The points of a fit, of its projection and, where it is supported, of an aligned fit, one below
/// the other.
fn all_points(reducer: &dyn Reducer, x: &Array2<f32>) -> Result<Array2<f32>, Violation> {
    let fitted = compare::fit(reducer, x.view())?;
    let points = compare::fitted_and_placed(&fitted, x.view())?;
    let Some(aligned) = aligned::fit_mirrored(reducer, x, &fitted.points)? else {
        return Ok(points);
    };
    let aligned = compare::fitted_and_placed(&aligned, x.view())?;
    concatenate(ndarray::Axis(0), &[points.view(), aligned.view()])
        .map_err(|error| Violation::new(law::SHAPES, error))
}

/// A suite at work on one reducer.
struct Run<'a> {
    suite: &'a ReducerSuite,
    reducer: &'a dyn Reducer,
    x: Array2<f32>,
    /// The fit to `x` that others are compared with.
    first: Fitted,
}
