use mri_core::Progress;
use mri_reduce::{
    Pacmap, QualityOptions, ReduceError, Reducer, ReducerKind, ReducerOptions, ReducerSpec, quality,
};
use ndarray::{Array2, Axis, s};

use crate::umap::{Goldens, keep_as_much_as, rows};

fn quick(seed: u64) -> Pacmap {
    Pacmap {
        n_epochs: 90,
        ..Pacmap::new(2, seed)
    }
}

#[test]
fn neighborhoods_survive_as_in_the_reference_implementation() {
    let goldens: Goldens = serde_json::from_str(include_str!("../golden/pacmap.json")).unwrap();
    keep_as_much_as(&goldens.qualities, |metric, seed| {
        Box::new(Pacmap {
            metric,
            // Angles are about the origin.
            scaling: mri_reduce::Scaling::None,
            ..Pacmap::new(2, seed)
        })
    });
}

#[test]
fn new_rows_do_not_depend_on_those_beside_them() {
    let x = rows(300);
    let fitted = quick(0).fit(x.slice(s![..200, ..]), &()).unwrap();
    let all = fitted.projection.transform(x.view()).unwrap();
    for i in [0, 17, 250, 299] {
        let alone = fitted.projection.transform(x.slice(s![i..=i, ..])).unwrap();
        assert_eq!(alone, all.slice(s![i..=i, ..]));
    }
}

#[test]
fn clusters_far_apart_stay_apart_and_equal_rows_together() {
    let z = rows(90);
    let mut x = Array2::from_shape_fn((90, 20), |(i, j)| z[(i, j)] + ((i % 3) * 500) as f32);
    for i in 0..3 {
        let copy = x.row(i).to_owned();
        x.row_mut(i + 30).assign(&copy);
    }
    let points = Pacmap::default().fit(x.view(), &()).unwrap().points;
    let center = |g: usize| points.slice(s![g..;3, ..]).mean_axis(Axis(0)).unwrap();
    for (i, point) in points.rows().into_iter().enumerate() {
        let distance = |g: usize| (&point - &center(g)).mapv(|v| v * v).sum();
        for other in [1, 2] {
            assert!(distance(i % 3) < distance((i + other) % 3), "row {i}");
        }
    }
    assert_eq!(points.row(0), points.row(30));
}

#[test]
fn mid_near_pairs_keep_the_large_structure() {
    // A line of clusters: without mid-near pairs nothing but the initial points keeps their order.
    let z = rows(400);
    let x = Array2::from_shape_fn((400, 20), |(i, j)| z[(i, j)] + ((i % 8 * (j + 1)) as f32));
    let triplets = |mn_ratio| {
        let pacmap = Pacmap {
            mn_ratio,
            ..Pacmap::default()
        };
        let points = pacmap.fit(x.view(), &()).unwrap().points;
        let options = QualityOptions::exact();
        let (q, _) = quality(x.view(), points.view(), None, &options, &()).unwrap();
        q.triplet_accuracy
    };
    let (with, without) = (triplets(0.5), triplets(0.0));
    assert!(with > without, "{with} with, {without} without");
}

#[test]
fn few_rows_and_many_equal_ones_stay_finite() {
    for n in [2, 3, 4, 10, 65] {
        let equal = rows(1).broadcast((n, 20)).unwrap().to_owned();
        for x in [rows(n), equal] {
            let fitted = quick(0).fit(x.view(), &()).unwrap();
            assert!(fitted.points.iter().all(|v| v.is_finite()), "{n} rows");
            let placed = fitted.projection.transform(rows(40).view()).unwrap();
            assert!(placed.iter().all(|v| v.is_finite()), "{n} rows");
        }
    }
}

#[test]
fn huge_and_tiny_rows_give_the_points_of_plain_ones() {
    let x = rows(80);
    let points = quick(0).fit(x.view(), &()).unwrap().points;
    for factor in [2.0_f32.powi(120), 2.0_f32.powi(-60)] {
        let scaled = quick(0).fit(x.mapv(|v| v * factor).view(), &()).unwrap();
        assert_eq!(points, scaled.points, "times {factor}");
    }
}

#[test]
fn what_cannot_be_done_is_an_error() {
    let x = rows(40);
    let plain = Pacmap::default();
    for (pacmap, parameter) in [
        (
            Pacmap {
                n_neighbors: Some(0),
                ..plain
            },
            "n_neighbors",
        ),
        (
            Pacmap {
                mn_ratio: -0.5,
                ..plain
            },
            "mn_ratio",
        ),
        (
            Pacmap {
                fp_ratio: f64::NAN,
                ..plain
            },
            "fp_ratio",
        ),
        (
            Pacmap {
                learning_rate: 0.0,
                ..plain
            },
            "learning_rate",
        ),
        (Pacmap::new(0, 0), "n_components"),
        (Pacmap::new(17, 0), "n_components"),
    ] {
        let e = pacmap.fit(x.view(), &()).unwrap_err();
        assert!(e.to_string().starts_with(parameter), "{pacmap:?}: {e}");
    }
    // In whatever stage the watch stops the fit.
    let mut stages = Vec::new();
    for stop in 0..200 {
        let asked = std::sync::Mutex::new((0, String::new()));
        let watch = |p: Progress<'_>| {
            let mut asked = asked.lock().unwrap();
            asked.0 += 1;
            asked.1 = p.stage.to_owned();
            asked.0 <= stop
        };
        match quick(0).fit(x.view(), &watch) {
            Err(ReduceError::Cancelled(_)) => stages.push(asked.into_inner().unwrap().1),
            Ok(_) => break,
            Err(other) => panic!("{other}"),
        }
    }
    stages.dedup();
    assert_eq!(stages.first().map(String::as_str), Some("neighbors"));
    assert_eq!(stages.last().map(String::as_str), Some("epochs"));
}

#[test]
fn seeds_names_and_options_reach_the_reducer() {
    let x = rows(60);
    let spec = ReducerSpec {
        kind: "pacmap".parse().unwrap(),
        seed: 5,
        options: ReducerOptions {
            n_epochs: Some(60),
            n_neighbors: Some(7),
            mn_ratio: Some(1.0),
            fp_ratio: Some(3.0),
            learning_rate: Some(0.5),
            ..ReducerOptions::default()
        },
        ..ReducerSpec::default()
    };
    let fit = |spec: &ReducerSpec| spec.build().unwrap().fit(x.view(), &()).unwrap().points;
    let plain = Pacmap {
        n_neighbors: Some(7),
        mn_ratio: 1.0,
        fp_ratio: 3.0,
        n_epochs: 60,
        learning_rate: 0.5,
        ..Pacmap::new(2, 5)
    };
    assert_eq!(fit(&spec), plain.fit(x.view(), &()).unwrap().points);
    let other = ReducerSpec {
        seed: 6,
        ..spec.clone()
    };
    assert_ne!(fit(&spec), fit(&other));
    for kind in [ReducerKind::Umap, ReducerKind::Tsne, ReducerKind::Pca] {
        let e = ReducerSpec {
            kind,
            ..spec.clone()
        }
        .build()
        .err()
        .unwrap();
        assert!(e.to_string().contains("only "), "{e}");
    }
}
