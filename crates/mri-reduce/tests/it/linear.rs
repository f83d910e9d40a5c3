use mri_reduce::{ReduceError, ReducerSpec, Scaling};
use ndarray::{Array2, array};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    case: String,
    rows: usize,
    columns: usize,
    reducer: String,
    scaling: String,
    ratios: Vec<f64>,
    points: Vec<Vec<f64>>,
}

/// The uniform numbers of `golden/generate.py`.
pub(crate) fn noise(rows: usize, columns: usize) -> Array2<f64> {
    let mut state = 12345_u64;
    Array2::from_shape_simple_fn((rows, columns), || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5
    })
}

/// The inputs of `golden/generate.py`, made again.
pub(crate) fn case(name: &str, rows: usize, columns: usize) -> Array2<f32> {
    let noise = noise(rows, columns);
    let mut x = Array2::from_shape_fn((rows, columns), |(i, j)| {
        noise[(i, j)] * (1.0 / (1.0 + j as f64 / 4.0)) + (i as f64).sin() * 0.3
    });
    let half = columns / 2;
    for mut row in x.rows_mut() {
        match name {
            "rank-deficient" => (half..columns).for_each(|j| row[j] = row[j - half]),
            "badly-scaled" => (0..3).for_each(|j| row[j] = row[j] * 1000.0 + 5000.0),
            "massive" => {
                for (j, factor) in [(5, 3000.0), (40, 2000.0), (77, 1000.0)] {
                    row[j] = row[j] * factor + 2e4;
                }
            }
            "constant-column" => row[1] = 7.0,
            _ => {}
        }
    }
    x.mapv(|v| v as f32)
}

fn spec(reducer: &str, scaling: &str, components: usize) -> ReducerSpec {
    ReducerSpec {
        kind: reducer.parse().unwrap(),
        components,
        scaling: Some(scaling.parse().unwrap()),
        ..ReducerSpec::default()
    }
}

#[test]
fn points_and_variances_equal_scikit_learns() {
    let text = include_str!("../golden/linear.json");
    let goldens: Vec<Golden> = serde_json::from_str(text).unwrap();
    assert_eq!(goldens.len(), 24);
    for g in goldens {
        let what = format!("{} {} {}", g.case, g.reducer, g.scaling);
        let x = case(&g.case, g.rows, g.columns);
        let fitted = spec(&g.reducer, &g.scaling, 3)
            .build()
            .unwrap()
            .fit(x.view(), &())
            .unwrap();
        // 1e-4 of the largest coordinate: data are f32, and the reference ran in f64.
        let largest = fitted.points.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        let bound = 1e-4 * f64::from(largest);
        for (i, row) in g.points.iter().enumerate() {
            for (j, &expected) in row.iter().enumerate() {
                let got = f64::from(fitted.points[(i, j)].abs());
                assert!(
                    (got - expected).abs() <= bound,
                    "{what}: {got} for {expected}"
                );
            }
        }
        for (axis, &expected) in fitted.components.iter().zip(&g.ratios) {
            let got = axis.explained_variance_ratio.unwrap();
            assert!(
                (got - expected).abs() <= 1e-4 * expected.max(1e-3),
                "{what}: {got} {expected}"
            );
        }
    }
}

#[test]
fn the_training_rows_land_on_their_points() {
    for reducer in ["pca", "svd"] {
        for scaling in ["none", "center", "standardize", "min-max"] {
            let x = case("wide", 20, 60);
            let fitted = spec(reducer, scaling, 4)
                .build()
                .unwrap()
                .fit(x.view(), &())
                .unwrap();
            let again = fitted.projection.transform(x.view()).unwrap();
            for (a, b) in again.iter().zip(&fitted.points) {
                assert!(
                    (a - b).abs() <= 1e-5 * b.abs().max(1.0),
                    "{reducer} {scaling}"
                );
            }
        }
    }
}

#[test]
fn components_of_pca_are_uncorrelated_and_ordered() {
    let x = case("tall", 90, 12);
    let fitted = spec("pca", "standardize", 12)
        .build()
        .unwrap()
        .fit(x.view(), &())
        .unwrap();
    let p = fitted.points.mapv(f64::from);
    let covariance = p.t().dot(&p) / 89.0;
    for i in 0..12 {
        for j in 0..12 {
            if i != j {
                assert!(covariance[(i, j)].abs() < 1e-5);
            }
        }
    }
    let ratios: Vec<f64> = fitted
        .components
        .iter()
        .map(|a| a.explained_variance_ratio.unwrap())
        .collect();
    assert!(ratios.windows(2).all(|w| w[0] >= w[1]));
    assert!(
        (ratios.iter().sum::<f64>() - 1.0).abs() < 1e-6,
        "all components, all variance"
    );
}

#[test]
fn the_loading_of_largest_absolute_value_is_positive() {
    // The direction is (−1, −1, …)/√n or its negative; the rule picks the positive one.
    let x = array![[3.0_f32, 1.0], [2.0, 0.7], [1.0, 0.4], [0.0, 0.0]];
    let fitted = spec("pca", "center", 1)
        .build()
        .unwrap()
        .fit(x.view(), &())
        .unwrap();
    assert!(fitted.points[(0, 0)] > 0.0 && fitted.points[(3, 0)] < 0.0);
}

#[test]
fn a_rank_deficient_matrix_gives_finite_points() {
    let x = Array2::from_shape_fn((6, 9), |(i, j)| ((i % 2) * (j + 1)) as f32);
    let fitted = spec("pca", "center", 4)
        .build()
        .unwrap()
        .fit(x.view(), &())
        .unwrap();
    assert!(fitted.points.iter().all(|v| v.is_finite()));
    assert!(
        fitted.points.column(2).iter().all(|v| v.abs() < 1e-4),
        "nothing along the third"
    );
}

#[test]
fn wrong_input_is_an_error_that_says_what() {
    let pca = |k| spec("pca", "standardize", k).build().unwrap();
    let fit = |x: &Array2<f32>, k| pca(k).fit(x.view(), &()).unwrap_err();
    let x = case("tall", 5, 3);
    assert!(matches!(
        fit(&x, 4),
        ReduceError::TooManyComponents { limit: 3, .. }
    ));
    assert!(matches!(fit(&x, 0), ReduceError::Parameter { .. }));
    let mut bad = x.clone();
    bad[(2, 1)] = f32::NAN;
    assert!(matches!(
        fit(&bad, 2),
        ReduceError::NonFinite {
            row: 2,
            column: 1,
            ..
        }
    ));
    bad[(2, 1)] = f32::INFINITY;
    assert!(matches!(
        fit(&bad, 2),
        ReduceError::NonFinite {
            row: 2,
            column: 1,
            ..
        }
    ));
    assert!(matches!(
        fit(&Array2::zeros((1, 3)), 1),
        ReduceError::TooSmall { rows: 1, .. }
    ));
    assert!(matches!(
        fit(&Array2::zeros((0, 0)), 1),
        ReduceError::TooSmall { .. }
    ));
    let fitted = pca(2).fit(x.view(), &()).unwrap();
    let wide = Array2::zeros((2, 4));
    let err = fitted.projection.transform(wide.view()).unwrap_err();
    assert!(matches!(
        err,
        ReduceError::WidthMismatch {
            given: 4,
            fitted: 3
        }
    ));
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    // By covariance, and by products with the rows, which are cut into several chunks.
    for x in [case("tall", 1500, 40), case("tall", 5000, 200)] {
        let fit = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let spec = spec("pca", "standardize", 3);
            pool.install(|| spec.build().unwrap().fit(x.view(), &()).unwrap().points)
        };
        let one = fit(1);
        for threads in [2, 5] {
            assert_eq!(fit(threads), one);
        }
    }
}

#[test]
fn a_watch_can_stop_the_work() {
    let x = case("tall", 90, 12);
    let stop = |_: mri_core::Progress<'_>| false;
    let err = spec("pca", "standardize", 2)
        .build()
        .unwrap()
        .fit(x.view(), &stop)
        .unwrap_err();
    assert!(matches!(err, ReduceError::Cancelled(_)));
}

#[test]
fn scaling_names_are_read() {
    assert_eq!("min-max".parse::<Scaling>().unwrap(), Scaling::MinMax);
    assert!("zscore".parse::<Scaling>().is_err());
}
