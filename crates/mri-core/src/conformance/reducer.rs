use ndarray::{Array2, ArrayView1, ArrayView2, Axis, concatenate, s};

use super::Violation;
use crate::{Fitted, Progress, ReduceError, Reducer, SplitMix64};

/// The laws of [`Reducer`], checked on made-up rows.
///
/// ```
/// # use mri_core::conformance::{ReducerSuite, Violation};
/// # fn check(reducer: &dyn mri_core::Reducer) -> Result<(), Violation> {
/// // A reducer whose points are a linear function of the rows:
/// ReducerSuite::linear().check(reducer)?;
/// // One that places points by their neighbours, by iteration or by chance:
/// ReducerSuite::neighbours().check(reducer)
/// # }
/// ```
///
/// Every reducer has to obey these:
///
/// - points have one row per row and one column per component, all finite; components have names of their own;
/// - fitting again gives the same bytes, whatever was fitted or watched before;
/// - how the matrix lies in memory does not matter: points are equal within the tolerance, or to the
///   bit where they are not a function of the row, because such reducers enlarge the last bit (sums
///   of ndarray depend on the layout; `x.as_standard_layout()` comes first, then);
/// - a point belongs to its row: where the rows form two clouds far apart, in any order, each
///   point's nearest is of its own cloud, and `transform` puts each row into its own cloud, too;
/// - equal rows, constant columns and hardly more rows than components give finite points or a
///   typed error;
/// - too few rows, no columns, NaN and infinity give the right [`ReduceError`], from `fit` and from
///   `transform`; no new rows give no points;
/// - a watch that stops the work gives [`ReduceError::Cancelled`], if it is asked at all.
///
/// The fields say what else a reducer claims. With [`ReducerSuite::check_threads`] the suite also
/// checks that the number of threads changes no bit.
#[derive(Debug, Clone, PartialEq)]
pub struct ReducerSuite {
    /// Chooses the rows.
    pub seed: u64,
    /// Rows of the made-up matrices, at least 20. Reducers that need more (a number of neighbours,
    /// say) get more.
    pub rows: usize,
    /// Columns of the made-up matrices.
    pub columns: usize,
    /// How far points that should be equal may differ, as a share of the largest coordinate.
    pub tolerance: f32,
    /// A point is a function of its row alone, once the reducer is fitted: `transform` puts the
    /// training rows on their points, equal rows have equal points, and a row's place does not
    /// depend on the rows that are transformed with it.
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
    /// For reducers whose points are a linear function of the rows, fitted without chance.
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

    /// For reducers that place points by their neighbours, by iteration or by chance.
    #[must_use]
    pub fn neighbours() -> Self {
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
        let x = plain(&mut random, self.rows.max(20), self.columns.max(2));
        let run = Run {
            suite: self,
            reducer,
            first: fit(reducer, x.view())?,
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
        run.invariances()
    }

    /// Checks that 1, 2 and 5 threads give the same bytes. `on_threads(n, work)` must run `work` on
    /// a pool of `n` threads; with rayon:
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
        const LAW: &str = "the number of threads changes no bit";
        // Enough rows that work is really shared out.
        let x = plain(
            &mut SplitMix64::new(self.seed),
            self.rows.max(700),
            self.columns,
        );
        let mut expected: Option<Array2<f32>> = None;
        for threads in [1, 2, 5] {
            let mut result = None;
            on_threads(threads, &mut || result = Some(fit(reducer, x.view())));
            let Some(fitted) = result else {
                return Err(Violation::new(LAW, "on_threads did not run the work"));
            };
            let fitted = fitted?;
            let placed = transform(&fitted, x.view())?;
            let both = stacked(&fitted.points, &placed);
            match &expected {
                Some(one) => same(LAW, &both, one, &format!("1 and {threads} threads"))?,
                None => expected = Some(both),
            }
        }
        Ok(())
    }
}

/// Rows without structure but with columns of different spread and offset.
fn plain(random: &mut SplitMix64, rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(_, j)| {
        let spread = 1.0 / (1.0 + j as f32);
        (unit(random) + unit(random)) * spread + j as f32 * 0.25
    })
}

/// A number from −0.5 to 0.5.
fn unit(random: &mut SplitMix64) -> f32 {
    random.next_f32() - 0.5
}

/// The numbers below `n` in a random order.
fn shuffled(random: &mut SplitMix64, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    random.shuffle(&mut order);
    order
}

struct Run<'a> {
    suite: &'a ReducerSuite,
    reducer: &'a dyn Reducer,
    x: Array2<f32>,
    first: Fitted,
}

impl Run<'_> {
    fn fit(&self, x: ArrayView2<'_, f32>) -> Result<Fitted, Violation> {
        let fitted = fit(self.reducer, x)?;
        self.shapes(&fitted, x.nrows())?;
        Ok(fitted)
    }

    fn shapes(&self, fitted: &Fitted, rows: usize) -> Result<(), Violation> {
        const LAW: &str = "points have one row per row and one column per component, all finite";
        let (points, components) = (&fitted.points, &fitted.components);
        if self.reducer.name().trim().is_empty() {
            return Err(Violation::new(LAW, "the reducer has no name"));
        }
        if points.dim() != (rows, components.len()) || components.is_empty() {
            let detail = format!(
                "points of shape {:?} for {rows} rows and {} components",
                points.dim(),
                components.len()
            );
            return Err(Violation::new(LAW, detail));
        }
        finite(LAW, points)?;
        for (i, component) in components.iter().enumerate() {
            if component.name.trim().is_empty()
                || components[..i].iter().any(|c| c.name == component.name)
            {
                let detail = format!("component {i} is called {:?}", component.name);
                return Err(Violation::new(LAW, detail));
            }
        }
        let shares = components.iter().filter_map(|c| c.explained_variance_ratio);
        let sum: f64 = shares.clone().sum();
        if !shares.clone().all(|s| (0.0..=1.0 + 1e-6).contains(&s)) || sum > 1.0 + 1e-4 {
            let detail = format!("shares of the variance {:?}", shares.collect::<Vec<_>>());
            return Err(Violation::new(LAW, detail));
        }
        Ok(())
    }

    fn same_bytes(&self) -> Result<(), Violation> {
        const LAW: &str = "fitting again gives the same bytes";
        let expected = stacked(&self.first.points, &transform(&self.first, self.x.view())?);
        let again = |x: ArrayView2<'_, f32>, what: &str| {
            let fitted = self.fit(x)?;
            let placed = transform(&fitted, x)?;
            same(LAW, &stacked(&fitted.points, &placed), &expected, what)
        };
        // Something else in between would show in a reducer that keeps state.
        self.fit(self.x.slice(s![..;-1, ..]))?;
        again(self.x.view(), "after another fit")?;
        let listening = |_: Progress<'_>| true;
        let watched = self.reducer.fit(self.x.view(), &listening);
        let watched = watched.map_err(|e| Violation::new(LAW, e))?;
        same(LAW, &watched.points, &self.first.points, "when watched")
    }

    fn layout(&self) -> Result<(), Violation> {
        const LAW: &str = "how the matrix lies in memory does not matter";
        let by_columns = self.x.t().as_standard_layout().into_owned();
        let (rows, columns) = self.x.dim();
        let mut wider = Array2::from_elem((2 * rows, columns + 3), 9.0);
        wider.slice_mut(s![..;2, 1..=columns]).assign(&self.x);
        for (x, what) in [
            (by_columns.t(), "stored column by column:"),
            (
                wider.slice(s![..;2, 1..=columns]),
                "cut out of a larger matrix:",
            ),
        ] {
            let points = self.fit(x)?.points;
            if self.suite.functional {
                self.close(LAW, &points, &self.first.points, what)?;
            } else {
                same(LAW, &points, &self.first.points, what)?;
            }
        }
        Ok(())
    }

    fn points_belong_to_rows(&self, random: &mut SplitMix64) -> Result<(), Violation> {
        const LAW: &str = "a point belongs to its row";
        let (rows, columns) = self.x.dim();
        // Neither sorted nor alternating: a reducer that loses the order must not be lucky.
        let cloud: Vec<bool> = (0..rows)
            .map(|_| random.next_u64().is_multiple_of(3))
            .collect();
        let x = Array2::from_shape_fn((rows, columns), |(i, j)| {
            // Far apart in every column with opposite signs: no scaling, centring or angle joins them.
            let sign = if cloud[i] == (j % 2 == 0) { 1.0 } else { -1.0 };
            sign * 8.0 + unit(random)
        });
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
                        "two clouds far apart, {what}: nearest to row {i} is row {nearest} of the other cloud"
                    );
                    return Err(Violation::new(LAW, detail));
                }
            }
        }
        Ok(())
    }

    fn training_rows(&self) -> Result<(), Violation> {
        if !self.suite.functional {
            return Ok(());
        }
        let placed = transform(&self.first, self.x.view())?;
        let law = "transform puts the training rows on their points";
        self.close(law, &placed, &self.first.points, "")?;
        let law = "a row's place does not depend on the rows transformed with it";
        for i in [0, self.x.nrows() / 2, self.x.nrows() - 1] {
            let alone = transform(&self.first, self.x.slice(s![i..=i, ..]))?;
            let expected = placed.slice(s![i..=i, ..]).to_owned();
            self.close(law, &alone, &expected, &format!("row {i} alone"))?;
        }
        Ok(())
    }

    fn order(&self, random: &mut SplitMix64) -> Result<(), Violation> {
        if !self.suite.order_free {
            return Ok(());
        }
        let order = shuffled(random, self.x.nrows());
        let fitted = self.fit(self.x.select(Axis(0), &order).view())?;
        let expected = self.first.points.select(Axis(0), &order);
        let law = "permuted rows give permuted points";
        self.close(law, &fitted.points, &expected, "")
    }

    fn equal_rows(&self) -> Result<(), Violation> {
        const LAW: &str = "equal rows give finite points";
        let rows = self.x.nrows();
        // Each row three times in all, far from each other, so that many neighbours are at distance 0.
        let third: Vec<usize> = (0..rows).map(|i| i % rows.div_ceil(3)).collect();
        let x = self.x.select(Axis(0), &third);
        let fitted = self.fit(x.view())?;
        finite(LAW, &transform(&fitted, x.view())?)?;
        if self.suite.functional {
            let expected = fitted.points.select(Axis(0), &third);
            self.close(
                "equal rows have equal points",
                &fitted.points,
                &expected,
                "",
            )?;
        }
        let all = Array2::from_shape_fn(self.x.dim(), |(_, j)| self.x[(0, j)]);
        match self.reducer.fit(all.view(), &()) {
            Ok(fitted) => self.shapes(&fitted, rows),
            Err(ReduceError::Other(error)) => {
                let detail = format!("all rows equal: only an untyped error: {error}");
                Err(Violation::new(LAW, detail))
            }
            Err(_) => Ok(()),
        }
    }

    fn constant_columns(&self) -> Result<(), Violation> {
        const LAW: &str = "constant columns give finite points";
        let mut x = self.x.clone();
        let last = x.ncols() - 1;
        x.column_mut(0).fill(7.0);
        x.column_mut(last).fill(0.0);
        // As many columns may be left as a reducer has components, but no fewer in a fair test.
        let fitted = self.fit(x.view())?;
        finite(LAW, &transform(&fitted, x.view())?)
    }

    fn few_rows(&self) -> Result<(), Violation> {
        const LAW: &str = "few rows give finite points or a typed error";
        let components = self.first.points.ncols();
        for rows in 2..=components + 2 {
            match self.reducer.fit(self.x.slice(s![..rows, ..]), &()) {
                Ok(fitted) => self.shapes(&fitted, rows)?,
                Err(
                    ReduceError::TooSmall { .. }
                    | ReduceError::TooManyComponents { .. }
                    | ReduceError::Parameter { .. },
                ) => {}
                Err(other) => {
                    let detail = format!("{rows} rows, {components} components: {other}");
                    return Err(Violation::new(LAW, detail));
                }
            }
        }
        Ok(())
    }

    fn errors_of_fit(&self) -> Result<(), Violation> {
        const LAW: &str = "input that cannot be reduced gives the right error";
        let columns = self.x.ncols();
        for shape in [(0, columns), (1, columns), (self.x.nrows(), 0), (0, 0)] {
            match self.reducer.fit(Array2::ones(shape).view(), &()) {
                Err(ReduceError::TooSmall { .. } | ReduceError::TooManyComponents { .. }) => {}
                other => return Err(wrong(LAW, &format!("a matrix of shape {shape:?}"), other)),
            }
        }
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut x = self.x.clone();
            let place = (x.nrows() - 2, 1);
            x[place] = value;
            match self.reducer.fit(x.view(), &()) {
                Err(ReduceError::NonFinite { row, column, .. }) if (row, column) == place => {}
                other => return Err(wrong(LAW, &format!("{value} at {place:?}"), other)),
            }
        }
        Ok(())
    }

    fn errors_of_transform(&self) -> Result<(), Violation> {
        const LAW: &str = "rows that cannot be placed give the right error";
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

    fn cancellation(&self) -> Result<(), Violation> {
        const LAW: &str = "a watch that stops the work gives Cancelled";
        let asked = std::sync::atomic::AtomicBool::new(false);
        let stop = |_: Progress<'_>| {
            asked.store(true, std::sync::atomic::Ordering::Relaxed);
            false
        };
        let result = self.reducer.fit(self.x.view(), &stop);
        match (result, asked.into_inner()) {
            (Err(ReduceError::Cancelled(_)), true) | (Ok(_), false) => Ok(()),
            (other, _) => Err(wrong(LAW, "a watch that says no", other.map(|f| f.points))),
        }
    }

    fn invariances(&self) -> Result<(), Violation> {
        const LAW: &str = "the claimed invariances hold";
        // Powers of two are exact in floating point, so that even a reducer that is sensitive to
        // the last bit can keep the laws of scale.
        let power = |j: usize| [4.0_f32, 0.25, 16.0, 1.0, 0.5][j % 5];
        for &invariance in &self.suite.invariances {
            let mut factor = 1.0;
            let x = Array2::from_shape_fn(self.x.dim(), |(i, j)| {
                let v = self.x[(i, j)];
                match invariance {
                    Invariance::Shift => v + [3.0, -1.5, 0.0, 8.0][j % 4],
                    Invariance::Scale | Invariance::ScaleWithPoints => v * 8.0,
                    Invariance::ColumnScale => v * power(j),
                }
            });
            if invariance == Invariance::ScaleWithPoints {
                factor = 8.0;
            }
            let fitted = self.fit(x.view())?;
            let expected = self.first.points.mapv(|v| v * factor);
            self.close(LAW, &fitted.points, &expected, &format!("{invariance:?}"))?;
        }
        Ok(())
    }

    fn close(
        &self,
        law: &'static str,
        found: &Array2<f32>,
        expected: &Array2<f32>,
        what: &str,
    ) -> Result<(), Violation> {
        if found.dim() != expected.dim() {
            let detail = format!(
                "{what} shape {:?} instead of {:?}",
                found.dim(),
                expected.dim()
            );
            return Err(Violation::new(law, detail));
        }
        let largest = expected.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        for ((row, column), &value) in found.indexed_iter() {
            let target = expected[(row, column)];
            let error = (value - target).abs();
            // Written so that NaN is a violation.
            if !matches!(
                error.partial_cmp(&(self.suite.tolerance * largest)),
                Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal)
            ) {
                let detail = format!(
                    "{what} row {row}, column {column}: {value} instead of {target}, where coordinates go up to {largest}"
                );
                return Err(Violation::new(law, detail));
            }
        }
        Ok(())
    }
}

fn fit(reducer: &dyn Reducer, x: ArrayView2<'_, f32>) -> Result<Fitted, Violation> {
    reducer
        .fit(x, &())
        .map_err(|error| Violation::new("good input gives no error", error))
}

fn transform(fitted: &Fitted, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, Violation> {
    const LAW: &str = "transform gives one point per row";
    let points = fitted
        .projection
        .transform(x)
        .map_err(|error| Violation::new(LAW, error))?;
    if points.dim() != (x.nrows(), fitted.points.ncols()) {
        let detail = format!("shape {:?} for {} rows", points.dim(), x.nrows());
        return Err(Violation::new(LAW, detail));
    }
    finite(LAW, &points)?;
    Ok(points)
}

fn finite(law: &'static str, points: &Array2<f32>) -> Result<(), Violation> {
    match points.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some(((row, column), v)) => {
            let detail = format!("coordinate {column} of point {row} is {v}");
            Err(Violation::new(law, detail))
        }
        None => Ok(()),
    }
}

/// The row of `among` nearest to `point`, the first of equals, leaving out `skip`.
fn nearest(point: ArrayView1<'_, f32>, among: &Array2<f32>, skip: Option<usize>) -> usize {
    let mut best = (f32::INFINITY, usize::MAX);
    for (i, other) in among.rows().into_iter().enumerate() {
        let distance: f32 = point.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
        if Some(i) != skip && (distance < best.0 || best.1 == usize::MAX) {
            best = (distance, i);
        }
    }
    best.1
}

fn stacked(points: &Array2<f32>, placed: &Array2<f32>) -> Array2<f32> {
    // The shapes were checked, so this cannot fail; points alone would still be a fair comparison.
    concatenate(Axis(0), &[points.view(), placed.view()]).unwrap_or_else(|_| points.clone())
}

fn same(
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

fn wrong<T>(law: &'static str, what: &str, found: Result<T, ReduceError>) -> Violation {
    match found {
        Ok(_) => Violation::new(law, format!("{what} gives no error")),
        Err(error) => Violation::new(law, format!("{what} gives another error: {error}")),
    }
}
