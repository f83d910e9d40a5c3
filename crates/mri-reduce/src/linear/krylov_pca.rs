//! PCA and SVD by a Krylov space, from products of the rows with a few vectors.

use mri_core::{ReduceError, Watch};
use ndarray::ArrayView2;

use super::model::{LinearModel, Plan, model};
use super::orthonormal::orthonormal_rows;
use super::projection::LinearProjection;
use crate::block::{PaddedVec, VectorBlock, gram_product};
use crate::krylov::{FULL, Problem, leading, most_steps};
use crate::row_blocks::{ProgressStage, RowBlocks};

/// Whether one or two dozen passes over the rows are expected to be faster than forming a
/// covariance.
pub(crate) fn prefer_krylov((n, width): (usize, usize), components: usize) -> bool {
    /// At its largest the space holds some ten times as many vectors, as slowly decaying spectra
    /// need.
    const COMPONENTS: usize = 32;
    /// Larger matrices, above a gibibyte, may lie in a file larger than the memory and are read
    /// only twice.
    const NUMBERS: usize = 1 << 28;
    let narrow = n.min(width);
    narrow > FULL && components <= narrow / COMPONENTS && n * width <= NUMBERS
}

/// Fits by a Krylov space; `None` if it does not prove its result within the steps allowed.
pub(crate) fn fit_krylov(
    rows: &RowBlocks<'_>,
    plan: Plan,
    watch: &dyn Watch,
) -> Result<Option<LinearModel>, ReduceError> {
    let (n, width) = rows.size();
    let columns = rows.columns(watch)?;
    let scaler = columns.scaler(plan.scaling);
    let offset = match plan.center {
        true => &columns.mean,
        false => scaler.offset(),
    };
    let factor = scaler.factor();
    let total = (&columns.squares * factor * factor).sum();
    let means = (&columns.mean - offset) * factor;
    let problem = Problem {
        width,
        components: plan.components,
        trace: total + n as f64 * means.dot(&means),
        work: n * width,
        steps: most_steps(n.min(width)),
    };
    let factors = PaddedVec::new(factor.iter().copied());
    let shift = PaddedVec::new(offset.iter().copied());
    let product = |by: &VectorBlock, done| {
        let mut by = by.clone();
        by.scale(&factors);
        let mut image = VectorBlock::zeros(width);
        let stage = ProgressStage {
            name: "directions",
            done,
            total: problem.steps,
        };
        let of = |_, chunk: ArrayView2<'_, f32>| Ok(gram_product(chunk, &shift, &by));
        rows.for_chunks(watch, stage, of, |part| image.add(&part))?;
        image.scale(&factors);
        Ok(image)
    };
    let Some(eigen) = leading(&problem, product)? else {
        return Ok(None);
    };
    let components = orthonormal_rows(eigen.vectors.t().to_owned(), &eigen.values);
    let projection = LinearProjection::new(offset.clone(), factor, components);
    let squares = if means.iter().all(|&mean| mean == 0.0) {
        eigen.values
    } else {
        // About the mean, for the reason given in `fit_gram`: one more pass over the rows.
        let about_mean = LinearProjection::new(
            columns.mean.clone(),
            factor,
            projection.components().to_owned(),
        );
        squares_along(rows, &about_mean, watch)?
    };
    Ok(Some(model(plan, n, &squares, total, projection)))
}

/// The sums of squares of the rows' points, per component.
fn squares_along(
    rows: &RowBlocks<'_>,
    projection: &LinearProjection,
    watch: &dyn Watch,
) -> Result<Vec<f64>, ReduceError> {
    let mut sums = vec![0.0; projection.components().nrows()];
    let stage = ProgressStage {
        name: "variances",
        done: 0,
        total: 1,
    };
    let of = |_, chunk: ArrayView2<'_, f32>| Ok(projection.squares(chunk));
    rows.for_chunks(watch, stage, of, |part| {
        sums.iter_mut().zip(part).for_each(|(s, p)| *s += p);
    })?;
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use mri_core::Projection;
    use ndarray::{Array1, Array2, Axis};
    use proptest::prelude::*;

    use super::*;
    use crate::random::normal;
    use crate::scaling::{Scaler, Scaling};

    /// All eigenvalues, descending, and eigenvectors as columns, by Jacobi's rotations (1846):
    /// slow, and with nothing in common with the code tested.
    fn jacobi(mut a: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
        let n = a.nrows();
        let mut v = Array2::<f64>::eye(n);
        let rotate = |m: &mut [f64], other: &mut [f64], c: f64, s: f64| {
            for (p, q) in m.iter_mut().zip(other) {
                (*p, *q) = (c * *p - s * *q, s * *p + c * *q);
            }
        };
        for _ in 0..30 {
            let off = a.indexed_iter().filter(|((i, j), _)| i != j);
            let off = off.map(|(_, v)| v * v).sum::<f64>();
            if off <= 1e-30 * a.diag().dot(&a.diag()) {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    if a[(p, q)] == 0.0 {
                        continue;
                    }
                    let theta = (a[(q, q)] - a[(p, p)]) / (2.0 * a[(p, q)]);
                    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                    let c = 1.0 / t.hypot(1.0);
                    for i in 0..n {
                        let (x, y) = (a[(i, p)], a[(i, q)]);
                        a[(i, p)] = c * x - t * c * y;
                        a[(i, q)] = t * c * x + c * y;
                    }
                    // Rows of the matrix, and of the eigenvectors kept transposed.
                    for m in [&mut a, &mut v] {
                        let (mut up, mut down) = m.view_mut().split_at(Axis(0), q);
                        let (mut up, mut down) = (up.row_mut(p), down.row_mut(0));
                        if let (Some(up), Some(down)) = (up.as_slice_mut(), down.as_slice_mut()) {
                            rotate(up, down, c, t * c);
                        }
                    }
                }
            }
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| a[(j, j)].total_cmp(&a[(i, i)]));
        let values = order.iter().map(|&i| a[(i, i)]).collect();
        (values, v.select(Axis(0), &order).reversed_axes())
    }

    fn plan(components: usize, scaling: Scaling, center: bool) -> Plan {
        Plan {
            components,
            scaling,
            center,
            prefix: "C",
        }
    }

    /// Compares with all eigenvectors of the whole matrix: variances, and the points along every
    /// direction that is well apart from the next.
    fn check(x: &Array2<f32>, plan: Plan, bound: f64, what: &str) {
        let model = fit_krylov(&RowBlocks::View(x.view()), plan, &())
            .unwrap()
            .expect(what);
        let scaler = Scaler::fit(x.view(), plan.scaling);
        let mut z = x.mapv(f64::from);
        let offset = match plan.center {
            true => z.mean_axis(Axis(0)).unwrap(),
            false => scaler.offset().clone(),
        };
        z -= &offset;
        z *= scaler.factor();
        let (values, vectors) = jacobi(z.t().dot(&z));
        let points = model.projection.transform(x.view()).unwrap();
        for i in 0..plan.components {
            let along = z.dot(&vectors.column(i));
            let variance = along.var(1.0);
            let off = (model.explained_variance[i] - variance).abs() / variance;
            // Eigenvalues are exact to the rounding of the largest.
            let exact = 1e-9 + 1e-15 * values[0] / values[i];
            assert!(off < exact, "{what}: variance {i} is off by {off:e}");
            let apart = |j: usize| (values[i] - values[j]).abs() > 1e-5 * values[i];
            if (i > 0 && !apart(i - 1)) || !apart(i + 1) {
                continue;
            }
            let point = points.column(i).mapv(f64::from);
            let sign = point.dot(&along).signum();
            let largest = along.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            let off = (&point * sign - &along)
                .iter()
                .fold(0.0_f64, |m, v| m.max(v.abs()));
            assert!(
                off < bound * largest,
                "{what}: points {i} are off by {:e}",
                off / largest
            );
        }
    }

    fn noise(rows: usize, width: usize, seed: u64) -> Array2<f64> {
        Array2::from_shape_fn((rows, width), |(i, j)| normal(seed, (i * width + j) as u64))
    }

    /// Independent directions of the given lengths, turned away from the columns, in random rows.
    fn spread(rows: usize, lengths: &[f64], seed: u64) -> Array2<f64> {
        let width = lengths.len();
        let mut x = noise(rows, width, seed) * &Array1::from(lengths.to_vec());
        for reflection in 1..4 {
            let u = Array1::from_shape_fn(width, |i| normal(seed + reflection, i as u64));
            let u = &u / u.dot(&u).sqrt();
            let along = x.dot(&u);
            for (mut row, along) in x.rows_mut().into_iter().zip(&along) {
                row.scaled_add(-2.0 * along, &u);
            }
        }
        x
    }

    fn decaying(width: usize, power: f64) -> Vec<f64> {
        (0..width).map(|j| (1.0 + j as f64).powf(-power)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..Default::default() })]

        #[test]
        fn directions_equal_those_of_all_eigenvectors(
            rows in 130_usize..260,
            width in 130_usize..170,
            power in 0.6_f64..2.0,
            components in 1_usize..5,
            offset in prop::sample::select(vec![0.0_f64, 3.0, 1e5]),
            scaling in prop::sample::select(vec![Scaling::None, Scaling::Center, Scaling::Standardize, Scaling::MinMax]),
            center: bool,
            seed in 0_u64..1000,
        ) {
            // Offsets that are not subtracted are the first direction, beside which f64 leaves
            // little of the others in any matrix of products.
            let offset = if center || scaling == Scaling::Center { offset } else { offset.min(3.0) };
            let x = spread(rows, &decaying(width, power), seed).mapv(|v| (v + offset) as f32);
            let rows = RowBlocks::View(x.view());
            let plan = plan(components, scaling, center);
            // What is too close to the next to be proven is left to the whole matrix.
            if fit_krylov(&rows, plan, &()).unwrap().is_some() {
                check(&x, plan, 1e-6, "a decaying spectrum");
            }
        }
    }

    #[test]
    fn hard_cases_equal_all_eigenvectors() {
        let center = |k| plan(k, Scaling::Center, true);
        let base = spread(300, &decaying(150, 1.0), 7);
        check(
            &base.mapv(|v| v as f32),
            center(4),
            1e-6,
            "a decaying spectrum",
        );
        let mut massive = base.clone();
        for (column, factor) in [(5, 3000.0), (40, 2000.0), (77, 1000.0)] {
            massive
                .column_mut(column)
                .mapv_inplace(|v| v * factor + 2e4);
        }
        check(
            &massive.mapv(|v| v as f32),
            center(4),
            1e-6,
            "massive columns",
        );
        let standardized = plan(2, Scaling::Standardize, true);
        check(
            &massive.mapv(|v| v as f32),
            standardized,
            1e-6,
            "massive columns, standardized",
        );
        let offset = base.mapv(|v| (v + 1e6) as f32);
        check(&offset, center(3), 1e-6, "a huge offset");
        let mut constant = base.clone();
        for j in (0..150).step_by(2) {
            constant.column_mut(j).fill(j as f64);
        }
        check(
            &constant.mapv(|v| v as f32),
            standardized,
            1e-6,
            "every second column constant",
        );
        // Two variances that differ by a part in ten thousand, far above the others.
        let mut lengths = decaying(150, 1.0);
        lengths[..2].copy_from_slice(&[9.0, 9.0]);
        let mut close = spread(400, &lengths, 11);
        let (values, vectors) = jacobi({
            let z = &close - &close.mean_axis(Axis(0)).unwrap();
            z.t().dot(&z)
        });
        let grow = (values[1] / values[0] * (1.0 + 1e-4)).sqrt() - 1.0;
        let first = vectors.column(0).to_owned();
        let along = close.dot(&first);
        for (mut row, along) in close.rows_mut().into_iter().zip(&along) {
            row.scaled_add(grow * along, &first);
        }
        check(
            &close.mapv(|v| v as f32),
            center(2),
            1e-6,
            "close variances",
        );
        let strided = base.mapv(|v| v as f32).reversed_axes();
        check(&strided, center(2), 1e-6, "rows across the memory");
    }

    #[test]
    fn a_matrix_of_low_rank_is_exhausted() {
        let (up, side) = (noise(200, 3, 1), noise(3, 160, 2));
        for rank in 1..=3 {
            let x = up
                .slice(ndarray::s![.., ..rank])
                .dot(&side.slice(ndarray::s![..rank, ..]));
            // Rounding to f32 adds directions, of a variance far below those that count.
            let x = x.mapv(|v| v as f32);
            check(&x, plan(rank, Scaling::None, true), 1e-5, "all of the rank");
            let plan = plan(5, Scaling::Center, true);
            let model = fit_krylov(&RowBlocks::View(x.view()), plan, &()).unwrap();
            if let Some(model) = model {
                let c = model.projection.components();
                let identity = c.dot(&c.t()) - Array2::<f64>::eye(5);
                assert!(identity.iter().all(|d| d.abs() < 1e-12), "orthonormal");
                let rest = &model.explained_variance[rank..];
                assert!(rest.iter().all(|v| *v < 1e-9 * model.explained_variance[0]));
            }
        }
    }
}
