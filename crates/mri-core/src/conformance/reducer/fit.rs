//! The laws of [`Reducer::fit`](crate::Reducer::fit) and of the points it gives.

use ndarray::{Array2, ArrayView2, Axis, s};

use super::compare::{close, finite, fitted_and_placed, nearest, same, transform};
use super::input::{clouds, shuffled};
use super::{Invariance, Run, law};
use crate::conformance::Violation;
use crate::progress::Progress;
use crate::random::SplitMix64;
use crate::reducer::{Fitted, ReduceError};

impl Run<'_> {
    pub(super) fn shapes(&self, fitted: &Fitted, rows: usize) -> Result<(), Violation> {
        let violation = |detail: String| Err(Violation::new(law::SHAPES, detail));
        let (points, components) = (&fitted.points, &fitted.components);
        if self.reducer.name().trim().is_empty() {
            return violation("the reducer has no name".to_owned());
        }
        if points.dim() != (rows, components.len()) || components.is_empty() {
            return violation(format!(
                "points of shape {:?} for {rows} rows and {} components",
                points.dim(),
                components.len()
            ));
        }
        finite(law::SHAPES, points)?;
        for (i, component) in components.iter().enumerate() {
            let name = &component.name;
            if name.trim().is_empty() || components[..i].iter().any(|c| c.name == *name) {
                return violation(format!("component {i} is called {name:?}"));
            }
        }
        let shares = components.iter().filter_map(|c| c.explained_variance_ratio);
        let sum: f64 = shares.clone().sum();
        if !shares.clone().all(|s| (0.0..=1.0 + 1e-6).contains(&s)) || sum > 1.0 + 1e-4 {
            let shares: Vec<f64> = shares.collect();
            return violation(format!("shares of the variance {shares:?}"));
        }
        Ok(())
    }

    pub(super) fn same_bytes(&self) -> Result<(), Violation> {
        let expected = fitted_and_placed(&self.first, self.x.view())?;
        // Something else in between would show in a reducer that keeps state.
        self.fit(self.x.slice(s![..;-1, ..]))?;
        let again = self.fit(self.x.view())?;
        let again = fitted_and_placed(&again, self.x.view())?;
        same(law::SAME_BYTES, &again, &expected, "after another fit")?;
        let listening = |_: Progress<'_>| true;
        let watched = self.reducer.fit(self.x.view(), &listening);
        let watched = watched.map_err(|e| Violation::new(law::NO_ERROR, e))?;
        let (found, expected) = (&watched.points, &self.first.points);
        same(law::SAME_BYTES, found, expected, "when watched")
    }

    pub(super) fn layout(&self) -> Result<(), Violation> {
        let by_columns = self.x.t().as_standard_layout().into_owned();
        let (rows, columns) = self.x.dim();
        let mut wider = Array2::from_elem((2 * rows, columns + 3), 9.0);
        wider.slice_mut(s![..;2, 1..=columns]).assign(&self.x);
        let views = [
            (by_columns.t(), "stored column by column:"),
            (
                wider.slice(s![..;2, 1..=columns]),
                "cut out of a larger matrix:",
            ),
        ];
        for (x, what) in views {
            self.as_first(law::LAYOUT, &self.fit(x)?.points, what)?;
        }
        Ok(())
    }

    /// Whether points are those of the first fit: within the tolerance, or to the bit where they
    /// are not a function of the row, because such reducers amplify a difference in the last bit.
    pub(super) fn as_first(
        &self,
        law: &'static str,
        points: &Array2<f32>,
        what: &str,
    ) -> Result<(), Violation> {
        if self.suite.functional {
            self.close(law, points, &self.first.points, what)
        } else {
            same(law, points, &self.first.points, what)
        }
    }

    pub(super) fn points_belong_to_rows(&self, random: &mut SplitMix64) -> Result<(), Violation> {
        let (rows, columns) = self.x.dim();
        let (x, cloud) = clouds(random, rows, columns);
        let fitted = self.fit(x.view())?;
        let placed = transform(&fitted, x.view())?;
        for (what, points, skip_own) in [
            ("the fitted points", &fitted.points, true),
            ("the transformed rows", &placed, false),
        ] {
            for (i, point) in points.rows().into_iter().enumerate() {
                let skip = skip_own.then_some(i);
                let nearest = nearest(point, &fitted.points, skip);
                if cloud[nearest] != cloud[i] {
                    let detail = format!(
                        "two clouds far apart, {what}: nearest to row {i} is row {nearest} of the \
                         other cloud"
                    );
                    return Err(Violation::new(law::POINT_OF_ROW, detail));
                }
            }
        }
        Ok(())
    }

    pub(super) fn training_rows(&self) -> Result<(), Violation> {
        if !self.suite.functional {
            return Ok(());
        }
        let placed = transform(&self.first, self.x.view())?;
        self.close(law::TRAINING_ROWS, &placed, &self.first.points, "")?;
        for i in [0, self.x.nrows() / 2, self.x.nrows() - 1] {
            let alone = transform(&self.first, self.x.slice(s![i..=i, ..]))?;
            let expected = placed.slice(s![i..=i, ..]).to_owned();
            self.close(law::ROW_ALONE, &alone, &expected, &format!("row {i} alone"))?;
        }
        Ok(())
    }

    pub(super) fn order(&self, random: &mut SplitMix64) -> Result<(), Violation> {
        if !self.suite.order_free {
            return Ok(());
        }
        let order = shuffled(random, self.x.nrows());
        let fitted = self.fit(self.x.select(Axis(0), &order).view())?;
        let expected = self.first.points.select(Axis(0), &order);
        self.close(law::ORDER, &fitted.points, &expected, "")
    }

    pub(super) fn equal_rows(&self) -> Result<(), Violation> {
        let rows = self.x.nrows();
        // Each row three times in all, far from each other, so that many neighbors are at
        // distance 0.
        let third: Vec<usize> = (0..rows).map(|i| i % rows.div_ceil(3)).collect();
        let x = self.x.select(Axis(0), &third);
        let fitted = self.reducer.fit(x.view(), &());
        let fitted = fitted.map_err(|error| Violation::new(law::EQUAL_ROWS, error))?;
        finite(law::EQUAL_ROWS, &fitted.points)?;
        self.shapes(&fitted, rows)?;
        transform(&fitted, x.view())?;
        self.equal_points(&fitted, &third, "each row three times")?;
        // Fewer different rows than any neighborhood has, as a layer of few different tokens has.
        let two: Vec<usize> = (0..rows).map(|i| usize::from(i % 3 == 0)).collect();
        let fitted = self.reducer.fit(self.x.select(Axis(0), &two).view(), &());
        let fitted = fitted.map_err(|error| Violation::new(law::EQUAL_ROWS, error))?;
        self.shapes(&fitted, rows)?;
        let first: Vec<usize> = two.iter().map(|&kind| 1 - kind).collect();
        self.equal_points(&fitted, &first, "two different rows")?;
        let all = Array2::from_shape_fn(self.x.dim(), |(_, j)| self.x[(0, j)]);
        match self.reducer.fit(all.view(), &()) {
            Ok(fitted) => {
                finite(law::EQUAL_ROWS, &fitted.points)?;
                self.shapes(&fitted, rows)
            }
            Err(ReduceError::Other(error)) => {
                let detail = format!("all rows equal: only an untyped error: {error}");
                Err(Violation::new(law::EQUAL_ROWS, detail))
            }
            Err(_) => Ok(()),
        }
    }

    /// Whether every row has the point of the row `first`, which is equal to it: within the
    /// tolerance, or to the bit where points are not a function of the row.
    fn equal_points(&self, fitted: &Fitted, first: &[usize], what: &str) -> Result<(), Violation> {
        let expected = fitted.points.select(Axis(0), first);
        if self.suite.functional {
            self.close(law::EQUAL_POINTS, &fitted.points, &expected, what)
        } else {
            same(law::EQUAL_POINTS, &fitted.points, &expected, what)
        }
    }

    pub(super) fn constant_columns(&self) -> Result<(), Violation> {
        let mut x = self.x.clone();
        let last = x.ncols() - 1;
        x.column_mut(0).fill(7.0);
        x.column_mut(last).fill(0.0);
        // As many columns may be left as a reducer has components, but no fewer in a fair test.
        let fitted = self.reducer.fit(x.view(), &());
        let fitted = fitted.map_err(|error| Violation::new(law::CONSTANT_COLUMNS, error))?;
        finite(law::CONSTANT_COLUMNS, &fitted.points)?;
        transform(&fitted, x.view()).map(|_| ())
    }

    pub(super) fn few_rows(&self) -> Result<(), Violation> {
        let components = self.first.points.ncols();
        for rows in 2..=components + 2 {
            match self.reducer.fit(self.x.slice(s![..rows, ..]), &()) {
                Ok(fitted) => {
                    finite(law::FEW_ROWS, &fitted.points)?;
                    self.shapes(&fitted, rows)?;
                }
                Err(
                    ReduceError::TooSmall { .. }
                    | ReduceError::TooManyComponents { .. }
                    | ReduceError::Parameter { .. },
                ) => {}
                Err(other) => {
                    let detail = format!("{rows} rows, {components} components: {other}");
                    return Err(Violation::new(law::FEW_ROWS, detail));
                }
            }
        }
        Ok(())
    }

    pub(super) fn invariances(&self) -> Result<(), Violation> {
        // Powers of two are exact in floating point, so that even a reducer that is sensitive to
        // the last bit can keep the laws of scale.
        let power = |j: usize| [4.0_f32, 0.25, 16.0, 1.0, 0.5][j % 5];
        for &invariance in &self.suite.invariances {
            let x = Array2::from_shape_fn(self.x.dim(), |(i, j)| {
                let v = self.x[(i, j)];
                match invariance {
                    Invariance::Shift => v + [3.0, -1.5, 0.0, 8.0][j % 4],
                    Invariance::Scale | Invariance::ScaleWithPoints => v * 8.0,
                    Invariance::ColumnScale => v * power(j),
                }
            });
            let factor = if invariance == Invariance::ScaleWithPoints {
                8.0
            } else {
                1.0
            };
            let points = self.fit(x.view())?.points;
            let expected = self.first.points.mapv(|v| v * factor);
            let what = format!("{invariance:?}");
            self.close(law::INVARIANCES, &points, &expected, &what)?;
        }
        Ok(())
    }

    pub(super) fn fit(&self, x: ArrayView2<'_, f32>) -> Result<Fitted, Violation> {
        let fitted = super::compare::fit(self.reducer, x)?;
        self.shapes(&fitted, x.nrows())?;
        Ok(fitted)
    }

    pub(super) fn close(
        &self,
        law: &'static str,
        found: &Array2<f32>,
        expected: &Array2<f32>,
        what: &str,
    ) -> Result<(), Violation> {
        close(law, found, expected, self.suite.tolerance, what)
    }
}
