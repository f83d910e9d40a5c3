use std::sync::atomic::{AtomicU32, Ordering};

use mri_core::conformance::{Invariance, ReducerSuite, Violation};
use mri_core::{Component, Fitted, Projection, ReduceError, Reducer, RowSource, Watch};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

/// Keeps two columns, less their means: about the simplest right reducer there is. `fault` puts in
/// one mistake.
struct Columns {
    fault: Fault,
    calls: AtomicU32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    RefusesGoodInput,
    KeepsState,
    SortsRows,
    CentersOnTheFirstRow,
    SpreadsEqualRows,
    AcceptsNan,
    AcceptsOneRow,
    NamesWrongPlace,
    IgnoresLayout,
    IgnoresTheWatch,
    DropsARow,
    OneComponentTooMany,
    DividesByZero,
    DividesByConstantColumns,
    FailsUntypedOnFewRows,
    TransformForgetsTheMean,
    TransformCentersTheBatch,
    TransformAcceptsAnyWidth,
    TransformDropsARow,
    RowsForgetTheLast,
    RowsSwallowErrors,
    AlignedIgnoresInit,
    AlignedSortsInit,
    AlignedKeepsState,
    AlignedAcceptsAnyInit,
    AlignedIgnoresTheWatch,
}

struct Keep {
    center: Array1<f32>,
    scale: Array1<f32>,
    width: usize,
    fault: Fault,
}

fn finite(x: ArrayView2<'_, f32>, shift: usize) -> Result<(), ReduceError> {
    match x.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some(((row, column), &value)) => Err(ReduceError::NonFinite {
            row: row + shift,
            column,
            value,
        }),
        None => Ok(()),
    }
}

impl Columns {
    fn new(fault: Fault) -> Self {
        let calls = AtomicU32::new(0);
        Self { fault, calls }
    }

    fn check(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<(), ReduceError> {
        let (rows, columns) = x.dim();
        if columns < 2 || rows < 2 && self.fault != Fault::AcceptsOneRow || rows == 0 {
            return Err(ReduceError::TooSmall {
                rows,
                columns,
                needed_rows: 2,
            });
        }
        if rows < 4 && self.fault == Fault::FailsUntypedOnFewRows {
            return Err(ReduceError::Other("too few".into()));
        }
        if self.fault == Fault::RefusesGoodInput {
            return Err(ReduceError::NoConvergence { what: "columns" });
        }
        if self.fault != Fault::AcceptsNan {
            finite(x, usize::from(self.fault == Fault::NamesWrongPlace))?;
        }
        let stopped = watch.check("columns", 0, 1);
        if self.fault != Fault::IgnoresTheWatch {
            stopped?;
        }
        Ok(())
    }

    /// What the columns are divided by, which is 1 in a right reducer.
    fn scale(&self, points: &Array2<f32>) -> Result<Array1<f32>, ReduceError> {
        let highest = points.fold_axis(Axis(0), f32::NEG_INFINITY, |m, v| m.max(*v));
        let lowest = points.fold_axis(Axis(0), f32::INFINITY, |m, v| m.min(*v));
        let spread = highest - lowest;
        match self.fault {
            Fault::DividesByZero => Ok(spread),
            Fault::DividesByConstantColumns if spread.sum() == 0.0 => {
                Err(ReduceError::NoConvergence { what: "spread" })
            }
            Fault::DividesByConstantColumns => Ok(spread),
            _ => Ok(Array1::ones(2)),
        }
    }
}

impl Reducer for Columns {
    fn name(&self) -> &str {
        "columns"
    }

    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        self.check(x, watch)?;
        let (rows, width) = x.dim();
        let mut kept = x.slice(s![.., ..2]).to_owned();
        if self.fault == Fault::IgnoresLayout && !x.is_standard_layout() {
            kept *= 3.0;
        }
        if self.fault == Fault::KeepsState {
            kept *= 1.0 + self.calls.fetch_add(1, Ordering::Relaxed) as f32;
        }
        let center = match self.fault {
            Fault::CentersOnTheFirstRow => kept.row(0).to_owned(),
            _ => kept.as_standard_layout().mean_axis(Axis(0)).unwrap(),
        };
        let mut points = kept - &center;
        let scale = self.scale(&points)?;
        points /= &scale;
        match self.fault {
            Fault::SortsRows => {
                let mut order: Vec<usize> = (0..rows).collect();
                order.sort_by(|&a, &b| points[(a, 0)].total_cmp(&points[(b, 0)]));
                points = points.select(Axis(0), &order);
            }
            Fault::SpreadsEqualRows => {
                for i in 0..rows {
                    let again = (0..i).any(|j| x.row(j) == x.row(i));
                    points[(i, 0)] += if again { 0.1 } else { 0.0 };
                }
            }
            Fault::DropsARow => points = points.slice(s![1.., ..]).to_owned(),
            _ => {}
        }
        let components = (0..2 + usize::from(self.fault == Fault::OneComponentTooMany))
            .map(|i| Component {
                name: format!("column {i}"),
                explained_variance_ratio: None,
            })
            .collect();
        let projection = Keep {
            center,
            scale,
            width,
            fault: self.fault,
        };
        Ok(Fitted {
            points,
            components,
            projection: Box::new(projection),
        })
    }

    fn fit_rows(&self, rows: &dyn RowSource, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        let loaded = match rows.load() {
            Err(_) if self.fault == Fault::RowsSwallowErrors => Array2::zeros(rows.size()),
            loaded => loaded?,
        };
        let last = usize::from(self.fault == Fault::RowsForgetTheLast && loaded.nrows() > 2);
        self.fit(loaded.slice(s![..loaded.nrows() - last, ..]), watch)
    }

    fn fit_aligned(
        &self,
        x: ArrayView2<'_, f32>,
        init: ArrayView2<'_, f32>,
        watch: &dyn Watch,
    ) -> Result<Option<Fitted>, ReduceError> {
        let ignores_watch = self.fault == Fault::AlignedIgnoresTheWatch;
        if ignores_watch {
            let _ = watch.check("columns", 0, 1);
        }
        let mut fitted = self.fit(x, if ignores_watch { &() } else { watch })?;
        let fits = init.dim() == fitted.points.dim() && init.iter().all(|v| v.is_finite());
        if !fits && self.fault != Fault::AlignedAcceptsAnyInit {
            return Err(ReduceError::Parameter {
                parameter: "init",
                value: format!("{:?}", init.dim()),
                expected: "finite and of the points' shape",
            });
        }
        if !fits || self.fault == Fault::AlignedIgnoresInit {
            return Ok(Some(fitted));
        }
        let mut init = init.to_owned();
        if self.fault == Fault::AlignedSortsInit {
            init.invert_axis(Axis(0));
        }
        fitted.points = &fitted.points * 0.1 + &init * 0.9;
        if self.fault == Fault::AlignedKeepsState {
            fitted.points += 0.01 * self.calls.fetch_add(1, Ordering::Relaxed) as f32;
        }
        Ok(Some(fitted))
    }
}

impl Projection for Keep {
    fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError> {
        let (given, fitted) = (x.ncols(), self.width);
        if given != fitted && self.fault != Fault::TransformAcceptsAnyWidth {
            return Err(ReduceError::WidthMismatch { given, fitted });
        }
        if self.fault != Fault::AcceptsNan {
            finite(x, 0)?;
        }
        let kept = x.slice(s![.., ..2]);
        let points = match self.fault {
            Fault::TransformForgetsTheMean => kept.to_owned(),
            Fault::TransformCentersTheBatch if x.nrows() > 0 => {
                &kept - &kept.mean_axis(Axis(0)).unwrap()
            }
            _ => &kept - &self.center,
        };
        let dropped = usize::from(self.fault == Fault::TransformDropsARow && x.nrows() > 0);
        Ok((points / &self.scale).slice(s![dropped.., ..]).to_owned())
    }
}

/// Everything on a pool of one thread, whatever the number asked for.
fn check_threads(reducer: &dyn Reducer) -> Result<(), Violation> {
    ReducerSuite::linear().check_threads(reducer, &|_, work| work())
}

#[test]
fn a_right_reducer_passes() {
    let right = Columns::new(Fault::None);
    let claims = [Invariance::Shift, Invariance::ScaleWithPoints];
    let suite = ReducerSuite::linear().with_invariances(claims);
    assert_eq!(suite.check(&right), Ok(()));
    assert_eq!(ReducerSuite::neighbors().check(&right), Ok(()));
    assert_eq!(check_threads(&right), Ok(()));
}

const SHAPES: &str = "points have one row per row and one column per component, all finite";
const FIT_ERRORS: &str = "input that cannot be reduced gives the right error";
const CANCELLED: &str = "a watch that stops the work gives Cancelled";
const THREADS: &str = "the number of threads changes no bit";
const INVARIANCES: &str = "the claimed invariances hold";
const NEAR: &str = "aligned points stay near their initial points";

/// Per law the faults that break it, and no law before it.
fn faults() -> Vec<(Fault, &'static str)> {
    use Fault::*;
    vec![
        (RefusesGoodInput, "good input gives no error"),
        (DropsARow, SHAPES),
        (OneComponentTooMany, SHAPES),
        (
            TransformDropsARow,
            "transform gives one finite point per row",
        ),
        (KeepsState, "fitting again gives the same bytes"),
        (
            IgnoresLayout,
            "how the matrix lies in memory does not matter",
        ),
        (SortsRows, "a point belongs to its row"),
        (
            TransformForgetsTheMean,
            "transform puts the training rows on their points",
        ),
        (
            TransformCentersTheBatch,
            "a row's point does not depend on the rows transformed with it",
        ),
        (CentersOnTheFirstRow, "permuted rows give permuted points"),
        (
            DividesByZero,
            "equal rows give finite points or a typed error",
        ),
        (SpreadsEqualRows, "equal rows have equal points"),
        (
            DividesByConstantColumns,
            "constant columns give finite points",
        ),
        (
            FailsUntypedOnFewRows,
            "few rows give finite points or a typed error",
        ),
        (AcceptsNan, FIT_ERRORS),
        (AcceptsOneRow, FIT_ERRORS),
        (NamesWrongPlace, FIT_ERRORS),
        (
            TransformAcceptsAnyWidth,
            "rows that cannot be placed give the right error",
        ),
        (IgnoresTheWatch, CANCELLED),
        (RowsForgetTheLast, "fit_rows gives what fit gives"),
        (
            RowsSwallowErrors,
            "rows that cannot be read give the right error",
        ),
        (AlignedIgnoresInit, NEAR),
        (AlignedSortsInit, NEAR),
        (
            AlignedKeepsState,
            "an aligned fit gives the same bytes again",
        ),
        (
            AlignedAcceptsAnyInit,
            "initial points that do not fit the rows give the right error",
        ),
        (AlignedIgnoresTheWatch, CANCELLED),
    ]
}

#[test]
fn every_law_has_a_fault_that_it_names() {
    let check = |fault| ReducerSuite::linear().check(&Columns::new(fault));
    let mut seen = Vec::new();
    for (fault, law) in faults() {
        let violation = check(fault).unwrap_err();
        assert_eq!(violation.law, law, "{fault:?}: {violation}");
        seen.push(law);
    }
    for claim in [Invariance::Scale, Invariance::ColumnScale] {
        let suite = ReducerSuite::linear().with_invariances([claim]);
        let violation = suite.check(&Columns::new(Fault::None)).unwrap_err();
        assert_eq!(violation.law, INVARIANCES, "{violation}");
    }
    for fault in [Fault::KeepsState, Fault::AlignedKeepsState] {
        let violation = check_threads(&Columns::new(fault)).unwrap_err();
        assert_eq!(violation.law, THREADS, "{violation}");
    }
    seen.extend([INVARIANCES, THREADS]);
    for law in ReducerSuite::LAWS {
        assert!(seen.contains(&law), "{law}");
    }
}
