//! What PCA and SVD share: the directions of a matrix's second moments, and the projection on them.

use mri_core::{Axis, Fitted, Projection, ReduceError, RowSource, Watch};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, s};

use crate::check::{check_components, check_finite, check_size};
use crate::krylov::leading_eigen;
use crate::linalg::product_f64;
use crate::moments::{BLOCK, Moments};
use crate::projection::LinearProjection;
use crate::{Scaler, Scaling};

/// An eigenvalue below this share of the largest is rounding: its direction is not determined by
/// the data, and is filled in so that the components stay orthonormal.
const NEGLIGIBLE: f64 = 1e-12;

/// A fitted [`Pca`](crate::Pca) or [`Svd`](crate::Svd) without the points.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearModel {
    /// The components with their shares of the variance.
    pub axes: Vec<Axis>,
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

/// Rows in memory or elsewhere.
pub(crate) enum Rows<'a> {
    View(ArrayView2<'a, f32>),
    Source(&'a dyn RowSource),
}

impl<'a> Rows<'a> {
    pub(crate) fn of(source: &'a dyn RowSource) -> Self {
        source.in_memory().map_or(Self::Source(source), Self::View)
    }

    pub(crate) fn size(&self) -> (usize, usize) {
        match self {
            Self::View(x) => x.dim(),
            Self::Source(source) => source.size(),
        }
    }

    /// Calls `f` with blocks of at most [`BLOCK`] rows, in order, as long as it returns `true`.
    pub(crate) fn for_blocks(
        &self,
        watch: &dyn Watch,
        stage: &str,
        mut f: impl FnMut(ArrayView2<'_, f32>) -> Result<bool, ReduceError>,
    ) -> Result<(), ReduceError> {
        let (rows, width) = self.size();
        let blocks = rows.div_ceil(BLOCK) as u64;
        let mut buffer = match self {
            Self::View(_) => Array2::zeros((0, 0)),
            Self::Source(_) => Array2::zeros((BLOCK.min(rows), width)),
        };
        for (i, start) in (0..rows).step_by(BLOCK).enumerate() {
            watch.check(stage, i as u64, blocks)?;
            let n = BLOCK.min(rows - start);
            let go_on = match self {
                Self::View(x) => f(x.slice(s![start..start + n, ..]))?,
                Self::Source(source) => {
                    source.read_rows(start, buffer.slice_mut(s![..n, ..]))?;
                    f(buffer.slice(s![..n, ..]))?
                }
            };
            if !go_on {
                break;
            }
        }
        Ok(())
    }
}

/// Finds the directions with the largest sum of squares of the scaled rows, and projects the rows on
/// them. See [`crate::Pca`] for how, by shape.
pub(crate) fn fit(rows: &Rows<'_>, plan: Plan, watch: &dyn Watch) -> Result<Fitted, ReduceError> {
    let (n, width) = rows.size();
    check_size((n, width))?;
    check_components((n, width), plan.components)?;
    let model = if n < width {
        match rows {
            Rows::View(x) => by_gram(*x, plan, watch)?,
            Rows::Source(source) => by_gram(source.load()?.view(), plan, watch)?,
        }
    } else {
        let mut moments = Moments::new(width);
        rows.for_blocks(watch, "covariance", |block| {
            moments.check(block)?;
            moments.add(block);
            Ok(true)
        })?;
        by_covariance(&moments, plan, watch)?
    };
    project_all(rows, model, watch)
}

/// A pass over the rows for their points.
pub(crate) fn project_all(
    rows: &Rows<'_>,
    model: LinearModel,
    watch: &dyn Watch,
) -> Result<Fitted, ReduceError> {
    let mut points = Array2::zeros((rows.size().0, model.axes.len()));
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
    Ok(Fitted {
        points,
        axes: model.axes,
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
    let scaler = moments.scaler(plan.scaling);
    let covariance = moments.scaled(&scaler, plan.center);
    watch.check("eigenvectors", 0, 1)?;
    let eigen = leading_eigen(&covariance, plan.components)?;
    watch.check("eigenvectors", 1, 1)?;
    let vectors = eigen.vectors.slice(s![.., ..plan.components]);
    let components = orthonormal_rows(vectors.t().to_owned(), &eigen.values);
    let (squares, offset) = if plan.center {
        (eigen.values, moments.mean.clone())
    } else {
        // About the mean, for the reason given above.
        let about_mean = moments.scaled(&scaler, true);
        let square = |c: ArrayView1<'_, f64>| c.dot(&about_mean.dot(&c));
        let squares = components.rows().into_iter().map(square).collect();
        (squares, scaler.offset().clone())
    };
    let factor = scaler.factor();
    let total = (&moments.squares * factor * factor).sum();
    let projection = LinearProjection::new(offset, factor, components);
    Ok(model(plan, moments.rows, &squares, total, projection))
}

/// `squares` are the sums of squares of the scaled rows about their mean along each component,
/// `total` is that over all columns.
fn model(
    plan: Plan,
    rows: usize,
    squares: &[f64],
    total: f64,
    projection: LinearProjection,
) -> LinearModel {
    let total = if total > 0.0 { total } else { 1.0 };
    // An eigenvalue of 0 may come out a rounding below it.
    let squares = squares[..plan.components].iter().map(|s| s.max(0.0));
    let axes = squares.clone().enumerate().map(|(i, square)| Axis {
        name: format!("{}{}", plan.prefix, i + 1),
        explained_variance_ratio: Some((square / total).min(1.0)),
    });
    LinearModel {
        axes: axes.collect(),
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
