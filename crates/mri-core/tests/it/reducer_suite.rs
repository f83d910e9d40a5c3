use std::sync::atomic::{AtomicU32, Ordering};

use mri_core::conformance::{Invariance, ReducerSuite};
use mri_core::{Component, Fitted, Projection, ReduceError, Reducer, Watch};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

/// Keeps two columns, less their means: about the simplest right reducer there is. `fault` puts in
/// one mistake.
struct Columns {
    fault: Fault,
    calls: AtomicU32,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    KeepsState,
    SortsRows,
    AcceptsNan,
    AcceptsOneRow,
    NamesWrongPlace,
    IgnoresLayout,
    IgnoresTheWatch,
    TransformForgetsTheMean,
    TransformCentresTheBatch,
    TransformAcceptsAnyWidth,
    DropsARow,
    OneComponentTooMany,
    DividesByZero,
}

struct Keep {
    mean: Array1<f32>,
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

impl Reducer for Columns {
    fn name(&self) -> &str {
        "columns"
    }

    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        let (rows, columns) = x.dim();
        if columns < 2 || rows < 2 && self.fault != Fault::AcceptsOneRow || rows == 0 {
            return Err(ReduceError::TooSmall {
                rows,
                columns,
                needed_rows: 2,
            });
        }
        if self.fault != Fault::AcceptsNan {
            finite(x, usize::from(self.fault == Fault::NamesWrongPlace))?;
        }
        let stopped = watch.check("columns", 0, 1);
        if self.fault != Fault::IgnoresTheWatch {
            stopped?;
        }
        let mut kept = x.slice(s![.., ..2]).to_owned();
        if self.fault == Fault::IgnoresLayout && !x.is_standard_layout() {
            kept *= 3.0;
        }
        if self.fault == Fault::KeepsState {
            kept *= 1.0 + self.calls.fetch_add(1, Ordering::Relaxed) as f32;
        }
        let mean = kept.as_standard_layout().mean_axis(Axis(0)).unwrap();
        let mut points = kept - &mean;
        match self.fault {
            Fault::SortsRows => {
                let mut order: Vec<usize> = (0..rows).collect();
                order.sort_by(|&a, &b| points[(a, 0)].total_cmp(&points[(b, 0)]));
                points = points.select(Axis(0), &order);
            }
            Fault::DropsARow => points = points.slice(s![1.., ..]).to_owned(),
            Fault::DividesByZero => {
                let squares = points.mapv(|v| v * v).sum_axis(Axis(0));
                points = &points / &squares.mapv(f32::sqrt);
            }
            _ => {}
        }
        let components = (0..2 + usize::from(self.fault == Fault::OneComponentTooMany))
            .map(|i| Component {
                name: format!("column {i}"),
                explained_variance_ratio: None,
            })
            .collect();
        let fault = self.fault;
        Ok(Fitted {
            points,
            components,
            projection: Box::new(Keep {
                mean,
                width: columns,
                fault,
            }),
        })
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
        Ok(match self.fault {
            Fault::TransformForgetsTheMean => kept.to_owned(),
            Fault::TransformCentresTheBatch if x.nrows() > 0 => {
                &kept - &kept.mean_axis(Axis(0)).unwrap()
            }
            _ => &kept - &self.mean,
        })
    }
}

fn columns(fault: Fault) -> Columns {
    let calls = AtomicU32::new(0);
    Columns { fault, calls }
}

#[test]
fn a_right_reducer_passes() {
    let suite =
        ReducerSuite::linear().with_invariances([Invariance::Shift, Invariance::ScaleWithPoints]);
    suite.check(&columns(Fault::None)).unwrap();
    ReducerSuite::neighbours()
        .check(&columns(Fault::None))
        .unwrap();
    suite
        .check_threads(&columns(Fault::None), &|_, work| work())
        .unwrap();
}

#[test]
fn every_mistake_is_noticed_and_named() {
    for (fault, law) in [
        (Fault::KeepsState, "fitting again"),
        (Fault::SortsRows, "a point belongs to its row"),
        (Fault::AcceptsNan, "input that cannot be reduced"),
        (Fault::AcceptsOneRow, "input that cannot be reduced"),
        (Fault::NamesWrongPlace, "input that cannot be reduced"),
        (Fault::IgnoresLayout, "how the matrix lies"),
        (Fault::IgnoresTheWatch, "a watch that stops"),
        (
            Fault::TransformForgetsTheMean,
            "transform puts the training rows",
        ),
        (
            Fault::TransformCentresTheBatch,
            "a row's place does not depend",
        ),
        (
            Fault::TransformAcceptsAnyWidth,
            "rows that cannot be placed",
        ),
        (Fault::DropsARow, "points have one row per row"),
        (Fault::OneComponentTooMany, "points have one row per row"),
        (Fault::DividesByZero, "transform puts"),
    ] {
        let violation = ReducerSuite::linear().check(&columns(fault)).unwrap_err();
        assert!(violation.law.starts_with(law), "{violation}");
    }
    // Without the claim of a linear reducer, a division by zero still shows.
    let violation = ReducerSuite::neighbours()
        .check(&columns(Fault::DividesByZero))
        .unwrap_err();
    assert!(violation.law.contains("finite"), "{violation}");
}

#[test]
fn false_claims_are_noticed() {
    for claim in [Invariance::Scale, Invariance::ColumnScale] {
        let suite = ReducerSuite::linear().with_invariances([claim]);
        let violation = suite.check(&columns(Fault::None)).unwrap_err();
        assert!(violation.law.contains("invariances"), "{violation}");
    }
    let violation = ReducerSuite::linear()
        .check_threads(&columns(Fault::KeepsState), &|_, work| work())
        .unwrap_err();
    assert!(violation.law.contains("threads"), "{violation}");
}
