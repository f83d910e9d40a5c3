//! PCA and SVD of rows of any shape.

use mri_core::{Fitted, Projection, ReduceError, Watch};
use ndarray::{Array2, ArrayView1, ArrayView2, s};

use super::covariance::Covariance;
use super::krylov_pca::{fit_krylov, prefer_krylov};
use super::model::{LinearModel, Plan, model};
use super::orthonormal::orthonormal_rows;
use super::projection::LinearProjection;
use crate::check::{check_components, check_finite, check_size};
use crate::krylov::leading_eigen;
use crate::linalg::product_f64;
use crate::row_blocks::RowBlocks;
use crate::scaling::{Scaler, column_means};

/// Fits the directions with the largest sum of squares of the scaled rows, and projects the rows on
/// them. See [`crate::Pca`] for the choice of the algorithm by shape.
pub(crate) fn fit(
    rows: &RowBlocks<'_>,
    plan: Plan,
    watch: &dyn Watch,
) -> Result<Fitted, ReduceError> {
    let (n, width) = rows.size();
    check_size((n, width))?;
    check_components((n, width), plan.components)?;
    let directly = if prefer_krylov((n, width), plan.components) {
        fit_krylov(rows, plan, watch)?
    } else {
        None
    };
    let model = match (directly, rows) {
        (Some(model), _) => model,
        (None, RowBlocks::View(x)) if n < width => fit_gram(*x, plan, watch)?,
        (None, RowBlocks::Source(source)) if n < width => {
            fit_gram(source.load()?.view(), plan, watch)?
        }
        (None, _) => {
            let mut moments = Covariance::new(width);
            rows.for_blocks(watch, "covariance", |block| {
                moments.check(block)?;
                moments.add(block)?;
                Ok(true)
            })?;
            fit_covariance(&moments, plan, watch)?
        }
    };
    project_all(rows, model, watch)
}

/// Projects all rows in one pass.
pub(crate) fn project_all(
    rows: &RowBlocks<'_>,
    model: LinearModel,
    watch: &dyn Watch,
) -> Result<Fitted, ReduceError> {
    let points = match rows {
        // Checked by the fit.
        RowBlocks::View(x) => {
            watch.check("points", 0, 1)?;
            model.projection.project(*x)
        }
        RowBlocks::Source(_) => {
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

/// Fits by the eigenvectors `u` of the Gram matrix `z·zᵀ`: the directions are `zᵀ·u`, normalized.
///
/// In `f64`: in `f32` the rounding errors of one massive column would exceed the others.
fn fit_gram(
    x: ArrayView2<'_, f32>,
    plan: Plan,
    watch: &dyn Watch,
) -> Result<LinearModel, ReduceError> {
    check_finite(x)?;
    watch.check("gram matrix", 0, 1)?;
    let scaler = Scaler::fit(x, plan.scaling);
    let mean = column_means(x);
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
        // Centered first: the difference of two large sums would cancel all digits of a variance
        // that is small compared to the mean.
        z -= &((&mean - &offset) * scaler.factor());
        let along = product_f64(z.view(), components.t());
        let of = |m: ArrayView1<'_, f64>| m.dot(&m);
        let squares = along.columns().into_iter().map(of).collect();
        (squares, z.rows().into_iter().map(of).sum())
    };
    let projection = LinearProjection::new(offset, scaler.factor(), components);
    Ok(model(plan, x.nrows(), &squares, total, projection))
}

/// Fits by the eigenvectors of `zᵀ·z`.
pub(crate) fn fit_covariance(
    moments: &Covariance,
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
