use std::any::Any;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::progress::{Cancelled, Watch};
use crate::rows::RowSource;

/// A method of dimensionality reduction.
///
/// A reducer holds parameters and, if anything in it is random, a seed. Fitting does not change it,
/// and fitting it twice to the same rows gives the same bytes, whatever the number of threads.
///
/// Two methods are required. Every implementation should pass `conformance::ReducerSuite` (feature
/// `conformance`), which needs nothing but this crate, and is one line away from the table of the
/// bench `reducers`, which compares time, memory and quality on the same rows;
/// `examples/custom_reducer.rs` shows both.
pub trait Reducer: Send + Sync {
    /// The reducer's name in titles and tables, such as `"PCA"`.
    fn name(&self) -> &str;

    /// Reduces the rows of `x`, of shape (rows, width), and keeps what is needed to place new ones.
    ///
    /// `watch` is told about progress and may cancel; `&()` does neither.
    ///
    /// # Errors
    /// [`ReduceError`]: input that is empty, not finite or too small for the number of components,
    /// a parameter out of range, or cancellation. Never a panic.
    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError>;

    /// [`Reducer::fit`] for rows that may lie in a file.
    ///
    /// The default loads them whole; a reducer that can work on blocks should not.
    ///
    /// # Errors
    /// As [`Reducer::fit`], and [`ReduceError::Read`].
    fn fit_rows(&self, rows: &dyn RowSource, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        match rows.in_memory() {
            Some(view) => self.fit(view, watch),
            None => self.fit(rows.load()?.view(), watch),
        }
    }

    /// [`Reducer::fit`] from initial points, `init` of shape (rows, components): each point starts
    /// at its initial place and is pulled back towards it, so that it moves only as far as its row
    /// requires. Maps of successive layers share one frame when each starts from the one before.
    ///
    /// The default returns `None`: the reducer does not support it, and callers align its points
    /// afterwards by an orthogonal Procrustes rotation.
    ///
    /// # Errors
    /// As [`Reducer::fit`], and [`ReduceError::Parameter`] if `init` has another shape or is not
    /// finite.
    fn fit_aligned(
        &self,
        x: ArrayView2<'_, f32>,
        init: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Option<Fitted>, ReduceError> {
        let _ = (x, init, watch);
        Ok(None)
    }
}

/// The result of fitting a [`Reducer`].
pub struct Fitted {
    /// The reduced rows, of shape (rows, components), in the order of the input.
    pub points: Array2<f32>,
    /// What the columns are, one entry per component.
    pub components: Vec<Component>,
    /// Places new rows among the points.
    pub projection: Box<dyn Projection>,
}

/// Places new rows into the space of a fitted reducer.
pub trait Projection: Send + Sync {
    /// The points of new rows: from shape (rows, width) to (rows, components).
    ///
    /// # Errors
    /// [`ReduceError::WidthMismatch`] if the columns differ from those fitted, or
    /// [`ReduceError::NonFinite`].
    fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError>;

    /// The projection itself, for callers that know how to keep some kinds of it in files.
    ///
    /// The default is `None`: such a projection comes back by fitting its reducer again, which
    /// gives the same bytes.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }
}

/// What one column of the reduced points is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Its name, such as `"PC1"`.
    pub name: String,
    /// The share of the total variance along it, from 0 to 1; `None` for reducers without one.
    pub explained_variance_ratio: Option<f64>,
}

/// Why rows could not be reduced.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReduceError {
    /// The matrix has too few rows or no columns.
    #[error(
        "a matrix of {rows} rows and {columns} columns cannot be reduced; at least {needed_rows} rows and 1 column are needed"
    )]
    TooSmall {
        /// Rows given.
        rows: usize,
        /// Columns given.
        columns: usize,
        /// Rows needed.
        needed_rows: usize,
    },
    /// More components than the matrix can give.
    #[error(
        "{components} components are too many: {rows} rows of {columns} columns give at most {limit}"
    )]
    TooManyComponents {
        /// The components of the reducer.
        components: usize,
        /// Rows given.
        rows: usize,
        /// Columns given.
        columns: usize,
        /// The most that is possible.
        limit: usize,
    },
    /// A value is NaN or infinite.
    #[error("row {row}, column {column} is {value}; all values must be finite")]
    NonFinite {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        column: usize,
        /// The value.
        value: f32,
    },
    /// New rows have another width than the fitted ones.
    #[error("the new rows have {given} columns, but the reducer was fitted to {fitted}")]
    WidthMismatch {
        /// Columns given.
        given: usize,
        /// Columns fitted.
        fitted: usize,
    },
    /// A parameter is out of range.
    #[error("{parameter} = {value} is out of range: {expected}")]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// What was given.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The [`Watch`] asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// An iteration did not converge.
    #[error("{what} did not converge")]
    NoConvergence {
        /// Which computation.
        what: &'static str,
    },
    /// The rows could not be read.
    #[error("cannot read the rows to reduce: {0}")]
    Read(#[from] std::io::Error),
    /// Something else went wrong inside an outside implementation.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl std::fmt::Debug for Fitted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fitted")
            .field("points", &self.points)
            .field("components", &self.components)
            .finish_non_exhaustive()
    }
}
