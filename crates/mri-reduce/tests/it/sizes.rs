use std::io;

use mri_core::RowSource;
use mri_reduce::{
    IncrementalPca, Pca, Projection, ReduceError, Reducer, ReducerSpec, Scaling, Svd,
};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use serde::Deserialize;

use crate::linear::case;

#[derive(Deserialize)]
struct Golden {
    case: String,
    rows: usize,
    columns: usize,
    reducer: String,
    scaling: String,
    ratios: Vec<f64>,
    points: Vec<Vec<f64>>,
    largest: Vec<f64>,
}

fn pca(n_components: usize, scaling: Scaling) -> Pca {
    Pca {
        n_components,
        scaling,
    }
}

/// The largest difference between points, each column up to its sign and as a share of its largest
/// coordinate.
fn difference(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> f32 {
    assert_eq!(a.dim(), b.dim());
    let columns = a.columns().into_iter().zip(b.columns());
    columns.fold(0.0_f32, |worst, (a, b)| {
        let largest = b.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        let sign = a.dot(&b).signum();
        let off = a
            .iter()
            .zip(b)
            .fold(0.0_f32, |m, (x, y)| m.max((sign * x - y).abs()));
        worst.max(off / largest)
    })
}

#[test]
fn every_size_and_conditioning_equals_scikit_learns_full_solver() {
    let text = include_str!("../golden/sizes.json");
    let goldens: Vec<Golden> = serde_json::from_str(text).unwrap();
    assert_eq!(goldens.len(), 36);
    for g in goldens {
        let what = format!(
            "{} {}x{} {} {}",
            g.case, g.rows, g.columns, g.reducer, g.scaling
        );
        let x = case(&g.case, g.rows, g.columns);
        let k = g.ratios.len();
        let spec = ReducerSpec {
            kind: g.reducer.parse().unwrap(),
            components: k,
            scaling: Some(g.scaling.parse().unwrap()),
            ..ReducerSpec::default()
        };
        let fitted = spec.build().unwrap().fit(x.view(), &()).unwrap();
        // 1e-7 of a component's largest coordinate is what f32 points can show: massive columns and
        // close variances cost nothing.
        let bound = 2e-7;
        for (i, row) in g.points.iter().enumerate() {
            for (j, &expected) in row.iter().enumerate() {
                let got = f64::from(fitted.points[(i, j)].abs());
                let off = (got - expected).abs() / g.largest[j];
                assert!(off <= bound, "{what}, component {j}: off by {off:e}");
            }
        }
        for (axis, &expected) in fitted.components.iter().zip(&g.ratios) {
            let got = axis.explained_variance_ratio.unwrap();
            // Beside a component with nearly all of the variance, the rounding of that one shows.
            let bound = 1e-9 * expected + 8.0 * f64::EPSILON;
            assert!((got - expected).abs() <= bound, "{what}: {got}");
        }
    }
}

/// Rows that are not in memory as far as anyone can tell.
struct Elsewhere(Array2<f32>);

impl RowSource for Elsewhere {
    fn size(&self) -> (usize, usize) {
        self.0.dim()
    }

    fn read_rows(&self, start: usize, out: ArrayViewMut2<'_, f32>) -> io::Result<()> {
        self.0.read_rows(start, out)
    }
}

#[test]
fn rows_from_elsewhere_give_the_same_bytes() {
    // By covariance, by Gram matrix, and by products with the rows, tall and wide.
    for (rows, columns) in [(2500, 30), (40, 90), (5000, 200), (150, 400)] {
        let x = case("tall", rows, columns);
        let source = Elsewhere(x.clone());
        let reducers: [Box<dyn Reducer>; 2] = [Box::new(Pca::new(3)), Box::new(Svd::new(3))];
        for reducer in reducers {
            let streamed = reducer.fit_rows(&source, &()).unwrap();
            let whole = reducer.fit(x.view(), &()).unwrap();
            assert_eq!(streamed.points, whole.points);
            assert_eq!(streamed.components, whole.components);
        }
    }
    let mut bad = case("tall", 2500, 30);
    bad[(2100, 7)] = f32::NAN;
    let error = Pca::new(2).fit_rows(&Elsewhere(bad), &()).unwrap_err();
    assert!(
        matches!(
            error,
            ReduceError::NonFinite {
                row: 2100,
                column: 7,
                ..
            }
        ),
        "{error}"
    );
}

/// Seven shards of unequal size, one of them a single row, merged in the order given.
fn merged(x: &Array2<f32>, order: [usize; 7]) -> IncrementalPca {
    let n = x.nrows();
    let ends = [0, 1, n / 9, n / 5, n / 2, n / 2 + 3, n - 40, n];
    let mut all = IncrementalPca::new(x.ncols());
    for i in order {
        let mut shard = IncrementalPca::new(x.ncols());
        let rows = x.slice(s![ends[i]..ends[i + 1], ..]);
        // In two pieces, as rows arrive.
        let (head, tail) = rows.split_at(Axis(0), rows.nrows() / 3);
        shard.update(head).unwrap();
        shard.update(tail).unwrap();
        all.merge(&shard).unwrap();
    }
    all
}

#[test]
fn shards_merged_in_any_order_equal_the_whole() {
    for name in ["tall", "massive", "badly-scaled"] {
        let x = case(name, 3000, 96);
        for scaling in [Scaling::None, Scaling::Standardize, Scaling::MinMax] {
            let whole = pca(2, scaling).fit(x.view(), &()).unwrap();
            let svd = Svd {
                n_components: 1,
                scaling,
            };
            let whole_svd = svd.fit(x.view(), &()).unwrap();
            for order in [
                [0, 1, 2, 3, 4, 5, 6],
                [6, 5, 4, 3, 2, 1, 0],
                [3, 0, 6, 2, 5, 1, 4],
            ] {
                let sketch = merged(&x, order);
                assert_eq!(sketch.rows(), 3000);
                let model = sketch.finish(&pca(2, scaling)).unwrap();
                let points = model.projection.transform(x.view()).unwrap();
                let off = difference(points.view(), whole.points.view());
                assert!(off < 2e-7, "{name} {scaling:?} {order:?}: off by {off:e}");
                let model = sketch.finish_svd(&svd).unwrap();
                let points = model.projection.transform(x.view()).unwrap();
                let off = difference(points.view(), whole_svd.points.view());
                assert!(
                    off < 2e-7,
                    "SVD, {name} {scaling:?} {order:?}: off by {off:e}"
                );
            }
        }
    }
}

#[test]
fn a_sketch_is_the_same_on_any_number_of_threads() {
    let x = case("tall", 3000, 96);
    let sketch = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| {
            merged(&x, [0, 1, 2, 3, 4, 5, 6])
                .finish(&Pca::new(3))
                .unwrap()
        })
    };
    let one = sketch(1);
    assert_eq!(one, sketch(2));
    assert_eq!(one, sketch(5));
}

#[test]
fn a_sketch_refuses_what_a_matrix_would_be_refused_for() {
    let mut sketch = IncrementalPca::new(4);
    let few = |sketch: &IncrementalPca| sketch.finish(&Pca::new(1)).unwrap_err();
    assert!(matches!(
        few(&sketch),
        ReduceError::TooSmall { rows: 0, .. }
    ));
    sketch.update(Array2::ones((1, 4)).view()).unwrap();
    assert!(matches!(
        few(&sketch),
        ReduceError::TooSmall { rows: 1, .. }
    ));
    let mut bad = Array2::ones((3, 4));
    bad[(1, 2)] = f32::INFINITY;
    let error = sketch.update(bad.view()).unwrap_err();
    assert!(
        matches!(
            error,
            ReduceError::NonFinite {
                row: 2,
                column: 2,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(sketch.rows(), 1, "nothing of a bad piece stays");
    let error = sketch.update(Array2::ones((3, 5)).view()).unwrap_err();
    assert!(matches!(
        error,
        ReduceError::WidthMismatch {
            given: 5,
            fitted: 4
        }
    ));
    assert!(sketch.merge(&IncrementalPca::new(3)).is_err());
}

#[test]
fn explained_variance_is_the_variance_of_the_points() {
    let x = case("tall", 700, 20);
    for scaling in [Scaling::None, Scaling::Standardize, Scaling::MinMax] {
        let mut sketch = IncrementalPca::new(20);
        sketch.update(x.view()).unwrap();
        let svd = Svd {
            n_components: 4,
            scaling,
        };
        for model in [
            sketch.finish(&pca(4, scaling)).unwrap(),
            sketch.finish_svd(&svd).unwrap(),
        ] {
            let points = model.projection.transform(x.view()).unwrap();
            let variances = points.mapv(f64::from).var_axis(Axis(0), 1.0);
            for (got, expected) in model.explained_variance.iter().zip(&variances) {
                assert!((got - expected).abs() < 1e-5 * expected, "{got} {expected}");
            }
            let c = model.projection.components();
            let identity = c.dot(&c.t()) - Array2::<f64>::eye(4);
            assert!(identity.iter().all(|d| d.abs() < 1e-12), "orthonormal");
        }
    }
}

#[test]
fn all_singular_vectors_rebuild_the_matrix() {
    for (rows, columns) in [(60, 12), (12, 60)] {
        let x = case("tall", rows, columns);
        let svd = Svd {
            n_components: 12,
            scaling: Scaling::None,
        };
        let points = svd.fit(x.view(), &()).unwrap();
        // U·S are the points; V comes back from placing the unit vectors.
        let units = Array2::<f32>::eye(columns);
        let v = points.projection.transform(units.view()).unwrap();
        let rebuilt = points.points.dot(&v.t());
        let off = (&rebuilt - &x).iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        assert!(off < 1e-5, "{rows}x{columns}: {off:e}");
    }
}
