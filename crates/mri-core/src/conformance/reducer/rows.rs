//! The laws of [`Reducer::fit_rows`](crate::Reducer::fit_rows): rows that lie elsewhere.

use std::io;

use ndarray::{Array2, ArrayViewMut2};

use super::compare::{fitted_and_placed, same, wrong};
use super::{Run, law};
use crate::conformance::Violation;
use crate::reducer::{Fitted, ReduceError};
use crate::rows::RowSource;

/// A matrix that can only be read in blocks.
struct Elsewhere<'a> {
    matrix: &'a Array2<f32>,
    /// Rows from this one on cannot be read.
    readable: usize,
}

impl RowSource for Elsewhere<'_> {
    fn size(&self) -> (usize, usize) {
        self.matrix.dim()
    }

    fn read_rows(&self, start: usize, out: ArrayViewMut2<'_, f32>) -> io::Result<()> {
        if start.saturating_add(out.nrows()) > self.readable {
            return Err(io::Error::other("made to fail"));
        }
        self.matrix.read_rows(start, out)
    }
}

impl Run<'_> {
    fn fit_elsewhere(&self, matrix: &Array2<f32>) -> Result<Fitted, ReduceError> {
        let readable = usize::MAX;
        let source = Elsewhere { matrix, readable };
        self.reducer.fit_rows(&source, &())
    }

    pub(super) fn rows_elsewhere(&self) -> Result<(), Violation> {
        let expected = fitted_and_placed(&self.first, self.x.view())?;
        let in_memory = self.reducer.fit_rows(&self.x, &());
        for (fitted, what) in [
            (in_memory, "rows in memory:"),
            (self.fit_elsewhere(&self.x), "rows elsewhere:"),
        ] {
            let fitted = fitted.map_err(|e| Violation::new(law::FIT_ROWS, e))?;
            if fitted.points.dim() != self.first.points.dim() {
                let (found, expected) = (fitted.points.dim(), self.first.points.dim());
                let detail = format!("{what} points of shape {found:?} instead of {expected:?}");
                return Err(Violation::new(law::FIT_ROWS, detail));
            }
            let names = |f: &Fitted| f.components.iter().map(|c| c.name.clone()).collect();
            let (found, wanted): (Vec<String>, Vec<String>) = (names(&fitted), names(&self.first));
            if found != wanted {
                let detail = format!("{what} components {found:?} instead of {wanted:?}");
                return Err(Violation::new(law::FIT_ROWS, detail));
            }
            let found = fitted_and_placed(&fitted, self.x.view())?;
            // As in the law of layouts: what reads blocks may round in another way.
            if self.suite.functional {
                self.close(law::FIT_ROWS, &found, &expected, what)?;
            } else {
                same(law::FIT_ROWS, &found, &expected, what)?;
            }
        }
        Ok(())
    }

    pub(super) fn errors_of_rows(&self) -> Result<(), Violation> {
        const LAW: &str = law::FIT_ROWS_ERRORS;
        for readable in [0, self.x.nrows() - 1] {
            let source = Elsewhere {
                matrix: &self.x,
                readable,
            };
            match self.reducer.fit_rows(&source, &()) {
                Err(ReduceError::Read(_)) => {}
                other => {
                    let what = format!("an error of reading row {readable}");
                    return Err(wrong(LAW, &what, other));
                }
            }
        }
        for shape in self.too_small() {
            match self.fit_elsewhere(&Array2::ones(shape)) {
                Err(ReduceError::TooSmall { .. } | ReduceError::TooManyComponents { .. }) => {}
                other => {
                    return Err(wrong(LAW, &format!("rows of shape {shape:?}"), other));
                }
            }
        }
        let (x, place) = self.with_bad_value(f32::NAN);
        match self.fit_elsewhere(&x) {
            Err(ReduceError::NonFinite { row, column, .. }) if (row, column) == place => {}
            other => return Err(wrong(LAW, &format!("NaN at {place:?}"), other)),
        }
        self.cancelled("fit_rows", &|watch| {
            let source = Elsewhere {
                matrix: &self.x,
                readable: usize::MAX,
            };
            self.reducer.fit_rows(&source, watch).map(|_| ())
        })
    }
}
