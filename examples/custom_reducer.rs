//! A reducer of your own, with `mri-core` as the only dependency.
//!
//! ```text
//! cargo run -p examples --example custom_reducer
//! ```
//!
//! It keeps the two columns that vary most. That is hardly a good map, but it is a complete
//! reducer: it passes the conformance suite, so every stage of llm-mri can work with it.
//!
//! To see a reducer of your own beside the others, with its time, memory and quality on the same
//! rows: add its crate to the dependencies of the package `benches`, one line to `registered()` in
//! `benches/benches/reducers/main.rs`, and run `cargo bench -p benches --bench reducers`.

#![allow(clippy::print_stdout, reason = "an example is a program")]

use mri_core::conformance::{Invariance, ReducerSuite};
use mri_core::{Component, Fitted, Projection, ReduceError, Reducer, Watch};
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// Keeps the columns with the largest variance, less their means.
struct WidestColumns {
    n_components: usize,
}

/// What is needed to place new rows.
struct Columns {
    width: usize,
    picked: Vec<usize>,
    means: Array1<f32>,
}

impl Reducer for WidestColumns {
    fn name(&self) -> &str {
        "Widest columns"
    }

    fn fit(&self, x: ArrayView2<'_, f32>, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
        let (rows, columns) = x.dim();
        // Check everything before any work; never panic on input.
        if rows < 2 || columns == 0 {
            return Err(ReduceError::TooSmall {
                rows,
                columns,
                needed_rows: 2,
            });
        }
        let components = self.n_components;
        if components == 0 || components > columns {
            return Err(ReduceError::TooManyComponents {
                components,
                rows,
                columns,
                limit: columns,
            });
        }
        check_finite(x)?;
        watch.check("columns", 0, 1)?;

        // Sums in f64: activations may lie far from 0.
        let wide = x.mapv(f64::from);
        let variance = wide.var_axis(Axis(0), 1.0);
        let total = variance.sum().max(f64::MIN_POSITIVE);
        let mut picked: Vec<usize> = (0..columns).collect();
        // A stable sort: of equal columns the first comes first, in every run.
        picked.sort_by(|&a, &b| variance[b].total_cmp(&variance[a]));
        picked.truncate(components);

        let components = picked
            .iter()
            .map(|&column| Component {
                name: format!("column {column}"),
                explained_variance_ratio: Some(variance[column] / total),
            })
            .collect();
        let sums = wide.select(Axis(1), &picked).sum_axis(Axis(0));
        let projection = Columns {
            width: columns,
            means: (sums / rows as f64).mapv(|v| v as f32),
            picked,
        };
        Ok(Fitted {
            points: projection.transform(x)?,
            components,
            projection: Box::new(projection),
        })
    }
}

impl Projection for Columns {
    fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, ReduceError> {
        let (given, fitted) = (x.ncols(), self.width);
        if given != fitted {
            return Err(ReduceError::WidthMismatch { given, fitted });
        }
        check_finite(x)?;
        Ok(x.select(Axis(1), &self.picked) - &self.means)
    }
}

fn check_finite(x: ArrayView2<'_, f32>) -> Result<(), ReduceError> {
    match x.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), &value)) => Err(ReduceError::NonFinite { row, column, value }),
        None => Ok(()),
    }
}

fn main() -> anyhow::Result<()> {
    let reducer = WidestColumns { n_components: 2 };
    // The points are a function of the row, and the suite is told how they follow the rows.
    ReducerSuite::linear()
        .with_invariances([Invariance::Shift, Invariance::ScaleWithPoints])
        .check(&reducer)?;
    println!("{} passes the conformance suite", reducer.name());

    let x = Array2::from_shape_fn((6, 4), |(i, j)| (i * (j + 1) % 5) as f32);
    let fitted = reducer.fit(x.view(), &())?;
    for (component, column) in fitted.components.iter().zip(fitted.points.columns()) {
        println!("{}: {column:.2}", component.name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_conforms() {
        ReducerSuite::linear()
            .check(&WidestColumns { n_components: 2 })
            .unwrap();
    }
}
