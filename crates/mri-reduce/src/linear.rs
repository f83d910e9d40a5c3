//! What PCA and SVD share: the directions of a matrix's second moments, and the projection on them.

use mri_core::{Component, Fitted, Projection, ReduceError, Watch};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, s};

use crate::check::{check_components, check_finite, check_size};
use crate::directions::{by_rows, pays};
use crate::krylov::{NEGLIGIBLE, leading_eigen};
use crate::linalg::product_f64;
use crate::moments::Moments;
use crate::projection::LinearProjection;
use crate::rows::Rows;
use crate::{Scaler, Scaling};

/// A fitted [`Pca`](crate::Pca) or [`Svd`](crate::Svd) without the points.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearModel {
    /// The components with their shares of the variance.
    pub components: Vec<Component>,
    /// The variance of the scaled rows along each component (denominator n−1).
    pub explained_variance: Vec<f64>,
    /// Rows to points.
    pub projection: LinearProjection,
}

/// What is asked of a linear reducer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) components: usize,
    pub(crate) scaling: Scaling,
    /// Whether the mean is subtracted, whatever the scaling leaves of it.
    pub(crate) center: bool,
    /// Axes are called by this and a number from 1.
    pub(crate) prefix: &'static str,
}

/// Finds the directions with the largest sum of squares of the scaled rows, and projects the rows on
/// them. See [`crate::Pca`] for how, by shape.
pub(crate) fn fit(rows: &Rows<'_>, plan: Plan, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
    let (n, width) = rows.size();
    check_size((n, width))?;
    check_components((n, width), plan.components)?;
    let directly = if pays((n, width), plan.components) {
        by_rows(rows, plan, watch)?
    } else {
        None
    };
    let model = match (directly, rows) {
        (Some(model), _) => model,
        (None, Rows::View(x)) if n < width => by_gram(*x, plan, watch)?,
        (None, Rows::Source(source)) if n < width => by_gram(source.load()?.view(), plan, watch)?,
        (None, _) => {
            let mut moments = Moments::new(width);
            rows.for_blocks(watch, "covariance", |block| {
                moments.check(block)?;
                moments.add(block)?;
                Ok(true)
            })?;
            by_covariance(&moments, plan, watch)?
        }
    };
    project_all(rows, model, watch)
}

/// A pass over the rows for their points.
pub(crate) fn project_all(
    rows: &Rows<'_>,
    model: LinearModel,
    watch: &dyn Watch,
) -> Result<Fitted, ReduceError> {
    let points = match rows {
        // Checked when they were fitted to.
        Rows::View(x) => {
            watch.check("points", 0, 1)?;
            model.projection.project(*x)
        }
        Rows::Source(_) => {
            let mut points = Array2::zeros((rows.size().0, model.components.len()));
            let mut done = 0;
            rows.for_blocks(watch, "points", |block| {
                // The rows of a source may have changed since they were checked.
                let block = model.projection.transform(block)?;
                points
                    .slice_mut(s![done..done + block.nrows(), ..])
                    .assign(&block);
                done += block.nrows();
                Ok(true)
            })?;
            points
        }
    };
    Ok(Fitted {
        points,
        components: model.components,
        projection: Box::new(model.projection),
    })
}

/// From the eigenvectors `u` of `z·zᵀ`: the directions are `zᵀ·u`, made unit vectors.
///
/// All in `f64`: in `f32` one massive column would drown the others in its rounding.
fn by_gram(
    x: ArrayView2<'_, f32>,
    plan: Plan,
    watch: &dyn Watch,
) -> Result<LinearModel, ReduceError> {
    check_finite(x)?;
    watch.check("gram matrix", 0, 1)?;
    let scaler = Scaler::fit(x, plan.scaling);
    let mean = crate::scaling::column_means(x);
    let offset = if plan.center {
        mean.clone()
    } else {
        scaler.offset().clone()
    };
    let mut z = x.mapv(f64::from);
    z -= &offset;
    z *= scaler.factor();
    let gram = product_f64(z.view(), z.t());
    watch.check("eigenvectors", 0, 1)?;
    let eigen = leading_eigen(&gram, plan.components)?;
    watch.check("eigenvectors", 1, 1)?;
    let vectors = eigen.vectors.slice(s![.., ..plan.components]);
    let directions = product_f64(vectors.t(), z.view());
    let components = orthonormal_rows(directions, &eigen.values);
    let (squares, total) = if plan.center {
        (eigen.values, gram.diag().sum())
    } else {
        // Less their mean: the difference of two large sums would leave no digit of a variance that
        // is small beside the mean.
        z -= &((&mean - &offset) * scaler.factor());
        let along = product_f64(z.view(), components.t());
        let of = |m: ArrayView1<'_, f64>| m.dot(&m);
        let squares = along.columns().into_iter().map(of).collect();
        (squares, z.rows().into_iter().map(of).sum())
    };
    let projection = LinearProjection::new(offset, scaler.factor(), components);
    Ok(model(plan, x.nrows(), &squares, total, projection))
}

/// From the eigenvectors of `zᵀ·z`.
pub(crate) fn by_covariance(
    moments: &Moments,
    plan: Plan,
    watch: &dyn Watch,
) -> Result<LinearModel, ReduceError> {
    let scaler = moments.columns.scaler(plan.scaling);
    let covariance = moments.scaled(&scaler, plan.center);
    watch.check("eigenvectors", 0, 1)?;
    let eigen = leading_eigen(&covariance, plan.components)?;
    watch.check("eigenvectors", 1, 1)?;
    let vectors = eigen.vectors.slice(s![.., ..plan.components]);
    let components = orthonormal_rows(vectors.t().to_owned(), &eigen.values);
    let (squares, offset) = if plan.center {
        (eigen.values, moments.columns.mean.clone())
    } else {
        // About the mean, for the reason given above.
        let about_mean = moments.scaled(&scaler, true);
        let square = |c: ArrayView1<'_, f64>| c.dot(&about_mean.dot(&c));
        let squares = components.rows().into_iter().map(square).collect();
        (squares, scaler.offset().clone())
    };
    let factor = scaler.factor();
    let total = (&moments.columns.squares * factor * factor).sum();
    let projection = LinearProjection::new(offset, factor, components);
    Ok(model(
        plan,
        moments.columns.rows,
        &squares,
        total,
        projection,
    ))
}

/// `squares` are the sums of squares of the scaled rows about their mean along each component,
/// `total` is that over all columns.
pub(crate) fn model(
    plan: Plan,
    rows: usize,
    squares: &[f64],
    total: f64,
    projection: LinearProjection,
) -> LinearModel {
    let total = if total > 0.0 { total } else { 1.0 };
    // An eigenvalue of 0 may come out a rounding below it.
    let squares = squares[..plan.components].iter().map(|s| s.max(0.0));
    let axes = squares.clone().enumerate().map(|(i, square)| Component {
        name: format!("{}{}", plan.prefix, i + 1),
        explained_variance_ratio: Some((square / total).min(1.0)),
    });
    LinearModel {
        components: axes.collect(),
        explained_variance: squares.map(|s| s / (rows as f64 - 1.0)).collect(),
        projection,
    }
}

/// Makes the rows unit vectors, replaces those of negligible eigenvalue by unit vectors orthogonal
/// to the rows before them, and fixes every sign: the entry of largest absolute value (the first of
/// equals) is positive.
pub(crate) fn orthonormal_rows(mut rows: Array2<f64>, values: &[f64]) -> Array2<f64> {
    let largest = values.first().copied().unwrap_or(0.0);
    let width = rows.ncols();
    // The next unit vector to try for a direction that the data leave open.
    let mut candidates = 0..width;
    for i in 0..rows.nrows() {
        if values[i] > NEGLIGIBLE * largest {
            orthogonalise(&mut rows, i);
        } else {
            for candidate in candidates.by_ref() {
                rows.row_mut(i).fill(0.0);
                rows[(i, candidate)] = 1.0;
                // A unit vector that mostly lies in the span already would leave only rounding.
                if orthogonalise(&mut rows, i) > 0.1 {
                    break;
                }
            }
        }
        fix_sign(rows.row_mut(i));
    }
    rows
}

/// Takes from row `i` what lies along the rows before it and makes it a unit vector; returns the
/// share of its length that was left.
fn orthogonalise(rows: &mut Array2<f64>, i: usize) -> f64 {
    let norm = |row: ArrayView1<'_, f64>| row.dot(&row).sqrt();
    let before = norm(rows.row(i));
    // Twice is enough (Kahan and Parlett): the second pass removes what rounding left.
    for _ in 0..2 {
        for j in 0..i {
            let along = rows.row(i).dot(&rows.row(j));
            let other = rows.row(j).to_owned();
            rows.row_mut(i).scaled_add(-along, &other);
        }
    }
    let length = norm(rows.row(i));
    if length > 0.0 {
        rows.row_mut(i).mapv_inplace(|v| v / length);
    }
    if before > 0.0 { length / before } else { 0.0 }
}

fn fix_sign(mut row: ArrayViewMut1<'_, f64>) {
    let mut largest = 0.0_f64;
    for &v in &row {
        // A component and its rounding twin must not trade places: the first of equals decides.
        if v.abs() > largest.abs() * (1.0 + 1e-9) {
            largest = v;
        }
    }
    if largest < 0.0 {
        row.mapv_inplace(|v| -v);
    }
}
