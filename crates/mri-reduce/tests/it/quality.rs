use mri_core::Labels;
use mri_reduce::{
    Distance, Procrustes, QualityOptions, ReduceError, Reducer, instability, placement, quality,
};
use ndarray::{Array2, ArrayView2, s};
use serde::Deserialize;

use crate::linear::noise;

#[derive(Deserialize)]
struct Goldens {
    disparity: f64,
    cases: Vec<Golden>,
}

#[derive(Deserialize)]
struct Golden {
    distance: Distance,
    k: usize,
    trustworthiness: f64,
    continuity: Option<f64>,
    recall: f64,
    hit: f64,
    correlation: f64,
    triplets: f64,
}

/// The input of `golden/generate_quality.py`.
fn input() -> (Array2<f32>, Array2<f32>, Labels) {
    let z = noise(120, 10);
    let factor = [3.0, 2.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5];
    let x = Array2::from_shape_fn((120, 8), |(i, j)| (z[(i, j)] * factor[j] + 5.0) as f32);
    let y = Array2::from_shape_fn((120, 2), |(i, j)| {
        (z[(i, j)] * factor[j] + z[(i, j + 8)]) as f32
    });
    let labels = Labels::from_names((0..120).map(|i| ["a", "b", "c"][i % 3])).unwrap();
    (x, y, labels)
}

fn goldens() -> Goldens {
    serde_json::from_str(include_str!("../golden/quality.json")).unwrap()
}

#[test]
fn measures_equal_scikit_learns_and_scipys() {
    let (x, y, labels) = input();
    for g in goldens().cases {
        let options = QualityOptions {
            neighbors: g.k,
            distance: g.distance,
            ..QualityOptions::exact()
        };
        let (q, _) = quality(x.view(), y.view(), Some(&labels), &options, &()).unwrap();
        let what = format!("{:?}, k = {}", g.distance, g.k);
        let close = |got: f64, expected: f64, name: &str| {
            assert!(
                (got - expected).abs() < 1e-12,
                "{what}, {name}: {got} for {expected}"
            );
        };
        close(q.trustworthiness, g.trustworthiness, "trustworthiness");
        if let Some(continuity) = g.continuity {
            close(q.continuity, continuity, "continuity");
        }
        close(q.recall, g.recall, "recall");
        close(q.neighborhood_hit.unwrap(), g.hit, "neighborhood hit");
        close(q.distance_correlation, g.correlation, "correlation");
        close(q.triplet_accuracy, g.triplets, "triplets");
    }
}

#[test]
fn samples_come_near_the_exact_values_without_bias() {
    let (x, y, labels) = input();
    let exact = QualityOptions::exact();
    let (exact, by_point) = quality(x.view(), y.view(), Some(&labels), &exact, &()).unwrap();
    let mut means = [0.0; 6];
    let runs = 40;
    for seed in 0..runs {
        let options = QualityOptions {
            anchors: 40,
            triplets: Some(20),
            pairs: 800,
            seed,
            ..QualityOptions::default()
        };
        let (q, sampled) = quality(x.view(), y.view(), Some(&labels), &options, &()).unwrap();
        assert_eq!(sampled.rows.len(), 40);
        for (&row, &value) in sampled.rows.iter().zip(&sampled.continuity) {
            assert_eq!(value, by_point.continuity[row], "judged against all rows");
        }
        let values = [
            q.trustworthiness,
            q.continuity,
            q.recall,
            q.neighborhood_hit.unwrap(),
            q.triplet_accuracy,
            q.distance_correlation,
        ];
        for (mean, value) in means.iter_mut().zip(values) {
            *mean += value / runs as f64;
        }
    }
    let expected = [
        exact.trustworthiness,
        exact.continuity,
        exact.recall,
        exact.neighborhood_hit.unwrap(),
        exact.triplet_accuracy,
        exact.distance_correlation,
    ];
    // Four standard errors of the worst of them over 40 runs.
    for (mean, expected) in means.iter().zip(expected) {
        assert!((mean - expected).abs() < 0.01, "{mean} for {expected}");
    }
}

#[test]
fn every_point_equals_its_own_brute_force() {
    let (x, y, labels) = input();
    let k = 7;
    let options = QualityOptions {
        neighbors: k,
        ..QualityOptions::exact()
    };
    let (_, points) = quality(x.view(), y.view(), Some(&labels), &options, &()).unwrap();
    let ranked = |m: &Array2<f32>, i: usize| {
        let distance = |j: usize| {
            let pairs = m.row(i).into_iter().zip(m.row(j));
            pairs
                .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
                .sum::<f64>()
        };
        let mut others: Vec<usize> = (0..120).filter(|&j| j != i).collect();
        others.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)));
        others
    };
    for i in 0..120 {
        let (high, low) = (ranked(&x, i), ranked(&y, i));
        let excess = |near: &[usize], far: &[usize]| {
            let rank = |j: &usize| far.iter().position(|other| other == j).unwrap() + 1;
            near[..k]
                .iter()
                .map(|j| rank(j).saturating_sub(k))
                .sum::<usize>() as f64
        };
        let worst = (k * (240 - 3 * k - 1)) as f64 / 2.0;
        let trust = 1.0 - excess(&low, &high) / worst;
        assert!((points.trustworthiness[i] - trust).abs() < 1e-12);
        let continuity = 1.0 - excess(&high, &low) / worst;
        assert!((points.continuity[i] - continuity).abs() < 1e-12);
        let recall = low[..k].iter().filter(|j| high[..k].contains(j)).count() as f64 / k as f64;
        assert_eq!(points.recall[i], recall);
    }
}

#[test]
fn a_copy_is_perfect_whatever_the_offset() {
    let (x, ..) = input();
    let far = x.mapv(|v| (v * 64.0).round() / 64.0);
    let moved = far.mapv(|v| v + 16384.0);
    let options = QualityOptions::exact();
    let (q, _) = quality(moved.view(), far.view(), None, &options, &()).unwrap();
    for value in [
        q.trustworthiness,
        q.continuity,
        q.recall,
        q.triplet_accuracy,
        q.distance_correlation,
    ] {
        assert!((value - 1.0).abs() < 1e-4, "{q:?}");
    }
    assert_eq!(q.neighborhood_hit, None);
}

#[test]
fn equal_points_and_any_number_of_threads_give_one_result() {
    let (x, ..) = input();
    let y = Array2::<f32>::zeros((120, 2));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build()
            .unwrap()
            .install(|| quality(x.view(), y.view(), None, &QualityOptions::exact(), &()))
            .unwrap()
    };
    let one = run(1);
    assert_eq!(one, run(3));
    assert_eq!(one.0.distance_correlation, 0.0);
    assert!(one.0.trustworthiness < 0.7, "nothing is kept: {:?}", one.0);
}

fn measure(
    x: ArrayView2<'_, f32>,
    y: ArrayView2<'_, f32>,
    labels: Option<&Labels>,
    options: &QualityOptions,
) -> ReduceError {
    quality(x, y, labels, options, &()).unwrap_err()
}

#[test]
fn what_cannot_be_measured_is_an_error() {
    let (x, y, labels) = input();
    let options = QualityOptions::default();
    let e = measure(x.view(), y.slice(s![1.., ..]), None, &options);
    assert!(e.to_string().contains("119 for 120 rows"), "{e}");
    let few = Labels::from_names(["a", "b"]).unwrap();
    let e = measure(x.view(), y.view(), Some(&few), &options);
    assert!(
        matches!(
            e,
            ReduceError::Parameter {
                parameter: "labels",
                ..
            }
        ),
        "{e}"
    );
    for neighbors in [0, 60] {
        let options = QualityOptions {
            neighbors,
            ..options
        };
        let e = measure(x.view(), y.view(), Some(&labels), &options);
        assert!(matches!(
            e,
            ReduceError::Parameter {
                parameter: "neighbors",
                ..
            }
        ));
    }
    let stop = |_: mri_core::Progress<'_>| false;
    let e = quality(x.view(), y.view(), None, &options, &stop).unwrap_err();
    assert!(matches!(e, ReduceError::Cancelled(_)));
}

#[test]
fn procrustes_equals_scipys_and_undoes_a_rotation() {
    let (x, y, _) = input();
    let fit = Procrustes::fit(x.slice(s![.., ..2]), y.view(), true).unwrap();
    assert!((fit.disparity - goldens().disparity).abs() < 1e-12);
    let identity = fit.rotation.dot(&fit.rotation.t()) - Array2::<f64>::eye(2);
    assert!(identity.iter().all(|v| v.abs() < 1e-12), "orthogonal");
    // A turn, a mirror, a shift and a scale.
    let (sin, cos) = 0.7_f32.sin_cos();
    let turned = y.dot(&ndarray::array![[cos, sin], [sin, -cos]]) * 3.0 + 2.0;
    let fit = Procrustes::fit(turned.view(), y.view(), true).unwrap();
    assert!(fit.disparity < 1e-10 && (fit.scale - 1.0 / 3.0).abs() < 1e-6);
    let back = fit.apply(turned.view()).unwrap();
    assert!((&back - &y).iter().all(|v| v.abs() < 1e-5));
    // Points on a line leave one direction open.
    let line = Array2::from_shape_fn((9, 2), |(i, _)| i as f32);
    let flat = Array2::from_shape_fn((9, 2), |(i, j)| if j == 0 { i as f32 } else { 0.0 });
    let fit = Procrustes::fit(line.view(), flat.view(), true).unwrap();
    assert!(fit.disparity < 1e-12 && fit.rotation.iter().all(|v| v.is_finite()));
}

#[test]
fn instability_is_none_for_pca_and_some_for_noise() {
    let (x, y, _) = input();
    let pca = mri_reduce::Pca::new(2);
    let runs = [0, 1].map(|_| pca.fit(x.view(), &()).unwrap().points);
    let same = instability(&[runs[0].view(), runs[1].view()]).unwrap();
    assert!(same < 1e-12, "{same}");
    let other = x.slice(s![.., 4..6]);
    assert!(instability(&[y.view(), other]).unwrap() > 0.5);
    assert!(instability(&[y.view()]).is_err());
}

#[test]
fn new_rows_are_judged_against_the_fitted_ones_alone() {
    let (x, y, _) = input();
    let (n, k) = (90, 6);
    let fitted = (x.slice(s![..n, ..]), y.slice(s![..n, ..]));
    let placed = (x.slice(s![n.., ..]), y.slice(s![n.., ..]));
    let near = |m: &Array2<f32>, i: usize, cosine: bool| {
        let dot = |i: usize, j: usize| {
            let pairs = m.row(i).into_iter().zip(m.row(j));
            pairs
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum::<f64>()
        };
        let distance = |j: usize| match cosine {
            true => 1.0 - dot(i, j) / (dot(i, i) * dot(j, j)).sqrt(),
            false => dot(i, i) + dot(j, j) - 2.0 * dot(i, j),
        };
        let mut others: Vec<usize> = (0..n).collect();
        others.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)));
        others.truncate(k);
        others
    };
    for distance in [Distance::Euclidean, Distance::Cosine] {
        let shares = placement(fitted, placed, k, distance).unwrap();
        assert_eq!(shares.len(), 30);
        for (share, i) in shares.iter().zip(n..) {
            let (rows, points) = (
                near(&x, i, distance == Distance::Cosine),
                near(&y, i, false),
            );
            let both = rows.iter().filter(|j| points.contains(j)).count();
            assert_eq!(*share, both as f64 / k as f64, "{distance:?}, row {i}");
        }
    }
    // Points that are the rows are placed without a fault.
    let (old, new) = (fitted.0, placed.0);
    let perfect = placement((old, old), (new, new), k, Distance::Euclidean).unwrap();
    assert!(perfect.iter().all(|&share| share == 1.0));
    let e = placement(fitted, (placed.0, fitted.1), k, Distance::Euclidean).unwrap_err();
    assert!(e.to_string().contains("90 for 30 rows"), "{e}");
    let e = placement(fitted, (placed.1, placed.1), k, Distance::Euclidean).unwrap_err();
    assert!(
        matches!(
            e,
            ReduceError::WidthMismatch {
                given: 2,
                fitted: 8
            }
        ),
        "{e}"
    );
    for k in [0, 91] {
        assert!(placement(fitted, placed, k, Distance::Euclidean).is_err());
    }
}
