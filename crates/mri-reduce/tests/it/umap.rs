use mri_core::Progress;
use mri_reduce::{
    Distance, QualityOptions, ReduceError, Reducer, ReducerKind, ReducerOptions, ReducerSpec, Umap,
    nearest_rows, quality,
};
use ndarray::{Array2, ArrayView2, Axis, s};
use serde::Deserialize;

use crate::linear::noise;

#[derive(Deserialize)]
pub(crate) struct Goldens {
    pub(crate) qualities: Vec<Golden>,
}

#[derive(Deserialize)]
pub(crate) struct Golden {
    distance: Distance,
    trustworthiness: f64,
    continuity: f64,
    recall: f64,
    triplets: f64,
    placed: f64,
}

/// The input of `golden/generate_umap.py`.
pub(crate) fn rows(n: usize) -> Array2<f32> {
    let z = noise(n, 20);
    Array2::from_shape_fn((n, 20), |(i, j)| {
        let phase = z[(i, 0)] * 6.0 + (j * (1 + i % 8)) as f64 * 0.7;
        (z[(i, j)] + phase.sin() + 2.0 * z[(i % 8, j)]) as f32
    })
}

/// The share of the 15 nearest of `rows` to each of `new` that are among the 15 nearest points,
/// too.
fn placed_well(
    distance: Distance,
    rows: ArrayView2<'_, f32>,
    new: ArrayView2<'_, f32>,
    points: ArrayView2<'_, f32>,
    placed: ArrayView2<'_, f32>,
) -> f64 {
    let near = |from: ArrayView2<'_, f32>, to: ArrayView2<'_, f32>, distance, i: usize| {
        // By brute force.
        let a = from.row(i).mapv(f64::from);
        let mut all: Vec<(f64, usize)> = to
            .rows()
            .into_iter()
            .map(|b| b.mapv(f64::from))
            .map(|b| match distance {
                Distance::Cosine => 1.0 - a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt(),
                _ => (&a - &b).mapv(|v| v * v).sum(),
            })
            .zip(0..)
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all.into_iter().take(15).map(|(_, j)| j).collect::<Vec<_>>()
    };
    let shares = (0..new.nrows()).map(|i| {
        let truth = near(new, rows, distance, i);
        let found = near(placed, points, Distance::Euclidean, i);
        found.iter().filter(|j| truth.contains(j)).count() as f64 / 15.0
    });
    shares.sum::<f64>() / new.nrows() as f64
}

/// Compares the means over five seeds with those of a reference implementation.
pub(crate) fn keep_as_much_as(
    goldens: &[Golden],
    reducer: impl Fn(Distance, u64) -> Box<dyn Reducer>,
) {
    let x = rows(600);
    let (x, held) = x.view().split_at(Axis(0), 500);
    for g in goldens {
        let options = QualityOptions {
            distance: g.distance,
            ..QualityOptions::exact()
        };
        let mut means = [0.0; 5];
        for seed in 0..5 {
            let fitted = reducer(g.distance, seed).fit(x, &()).unwrap();
            let (q, _) = quality(x, fitted.points.view(), None, &options, &()).unwrap();
            let placed = fitted.projection.transform(held).unwrap();
            let placed = placed_well(g.distance, x, held, fitted.points.view(), placed.view());
            let all = [
                q.trustworthiness,
                q.continuity,
                q.recall,
                q.triplet_accuracy,
                placed,
            ];
            means.iter_mut().zip(all).for_each(|(m, v)| *m += v / 5.0);
        }
        let theirs = [
            g.trustworthiness,
            g.continuity,
            g.recall,
            g.triplets,
            g.placed,
        ];
        for (ours, theirs) in means.iter().zip(theirs) {
            // A hundredth is about what differs between seeds.
            assert!(
                *ours > theirs - 0.01,
                "{:?}: {means:?} for {theirs:?}",
                g.distance
            );
        }
    }
}

#[test]
fn neighborhoods_survive_as_in_umap_learn() {
    let goldens: Goldens = serde_json::from_str(include_str!("../golden/umap.json")).unwrap();
    keep_as_much_as(&goldens.qualities, |metric, seed| {
        Box::new(Umap {
            metric,
            // Angles are about the origin.
            scaling: mri_reduce::Scaling::None,
            ..Umap::new(2, seed)
        })
    });
}

#[test]
fn neighbors_are_those_of_brute_force() {
    let mut x = rows(700);
    // With equal rows, one row without direction, and a massive one.
    for i in 0..20 {
        let copy = x.row(i).to_owned();
        x.row_mut(300 + i).assign(&copy);
    }
    x.row_mut(77).fill(0.0);
    x.row_mut(500).mapv_inplace(|v| v * 30.0);
    for (distance, offset) in [(Distance::Euclidean, 1000.0), (Distance::Cosine, 0.0)] {
        // Straight distances must not suffer far from the origin.
        let x = &x + offset;
        let found = nearest_rows(x.view(), 9, distance, &()).unwrap();
        for i in 0..700 {
            let a = x.row(i).mapv(f64::from);
            let truth = |j: usize| {
                let b = x.row(j).mapv(f64::from);
                match distance {
                    Distance::Cosine if i == 77 || j == 77 => 1.0,
                    Distance::Cosine => 1.0 - a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt(),
                    _ => (&a - &b).mapv(|v| v * v).sum().sqrt(),
                }
            };
            let mut all: Vec<f64> = (0..700).filter(|&j| j != i).map(truth).collect();
            all.sort_by(f64::total_cmp);
            for (c, &j) in found.ids.row(i).iter().enumerate() {
                let d = truth(j as usize);
                let given = f64::from(found.distances[(i, c)]);
                let bound = 1e-6 + (d + f64::from(offset)) * 1e-6;
                assert!(
                    j as usize != i && (d - given).abs() < bound,
                    "{distance:?} {i}: {d} {given}"
                );
                assert!(
                    (d - all[c]).abs() < bound,
                    "{distance:?} {i}: {d} for {}",
                    all[c]
                );
            }
        }
    }
    assert!(nearest_rows(x.view(), 0, Distance::Euclidean, &()).is_err());
    assert!(nearest_rows(x.view(), 700, Distance::Euclidean, &()).is_err());
}

#[test]
fn new_rows_do_not_depend_on_those_beside_them() {
    let x = rows(300);
    let fitted = Umap::default().fit(x.slice(s![..200, ..]), &()).unwrap();
    let all = fitted.projection.transform(x.view()).unwrap();
    for i in [0, 17, 250, 299] {
        let alone = fitted.projection.transform(x.slice(s![i..=i, ..])).unwrap();
        assert_eq!(alone, all.slice(s![i..=i, ..]));
    }
}

#[test]
fn groups_without_an_edge_between_them_stay_finite_and_apart() {
    // Three groups so far apart that no neighborhood reaches from one to another; two rows in
    // every group are equal.
    let z = rows(90);
    let mut x = Array2::from_shape_fn((90, 20), |(i, j)| z[(i, j)] + ((i % 3) * 500) as f32);
    for i in 0..3 {
        let copy = x.row(i).to_owned();
        x.row_mut(i + 30).assign(&copy);
    }
    let points = Umap::default().fit(x.view(), &()).unwrap().points;
    let center = |g: usize| points.slice(s![g..;3, ..]).mean_axis(Axis(0)).unwrap();
    for (i, point) in points.rows().into_iter().enumerate() {
        let distance = |g: usize| (&point - &center(g)).mapv(|v| v * v).sum();
        for other in [1, 2] {
            assert!(
                distance(i % 3) < distance((i + other) % 3),
                "row {i}: {points}"
            );
        }
    }
    assert_eq!(points.row(0), points.row(30), "equal rows have one point");
}

#[test]
fn few_rows_are_all_neighbors() {
    for n in [2, 3, 10, 15, 16] {
        let x = rows(n);
        let fitted = Umap::default().fit(x.view(), &()).unwrap();
        assert!(fitted.points.iter().all(|v| v.is_finite()), "{n} rows");
        let placed = fitted.projection.transform(rows(40).view()).unwrap();
        assert!(placed.iter().all(|v| v.is_finite()), "{n} rows");
    }
}

#[test]
fn huge_and_tiny_rows_give_the_points_of_plain_ones() {
    let x = rows(80);
    let umap = Umap {
        n_epochs: Some(50),
        ..Umap::default()
    };
    let points = umap.fit(x.view(), &()).unwrap().points;
    for factor in [2.0_f32.powi(120), 2.0_f32.powi(-60)] {
        let scaled = umap.fit(x.mapv(|v| v * factor).view(), &()).unwrap().points;
        assert_eq!(points, scaled, "times {factor}");
    }
}

#[test]
fn what_cannot_be_done_is_an_error() {
    let x = rows(40);
    let plain = Umap::default();
    for (umap, parameter) in [
        (
            Umap {
                n_neighbors: 1,
                ..plain
            },
            "n_neighbors",
        ),
        (
            Umap {
                min_dist: -0.1,
                ..plain
            },
            "min_dist",
        ),
        (
            Umap {
                min_dist: 1.1,
                ..plain
            },
            "min_dist",
        ),
        (
            Umap {
                min_dist: f64::NAN,
                ..plain
            },
            "min_dist",
        ),
        (
            Umap {
                spread: 0.0,
                ..plain
            },
            "spread",
        ),
        (
            Umap {
                spread: f64::INFINITY,
                ..plain
            },
            "spread",
        ),
        (
            Umap {
                n_components: 0,
                ..plain
            },
            "n_components",
        ),
    ] {
        let e = umap.fit(x.view(), &()).unwrap_err();
        assert!(e.to_string().starts_with(parameter), "{umap:?}: {e}");
    }
    let e = Umap::new(21, 0).fit(x.view(), &()).unwrap_err();
    assert!(
        matches!(e, ReduceError::TooManyComponents { limit: 20, .. }),
        "{e}"
    );
}

#[test]
fn a_watch_cancels_in_every_stage() {
    let x = rows(40);
    let mut stages = Vec::new();
    for stop in 0..200 {
        let asked = std::sync::Mutex::new((0, String::new()));
        let watch = |p: Progress<'_>| {
            let mut asked = asked.lock().unwrap();
            asked.0 += 1;
            asked.1 = p.stage.to_owned();
            asked.0 <= stop
        };
        let umap = Umap {
            n_epochs: Some(10),
            ..Umap::default()
        };
        match umap.fit(x.view(), &watch) {
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
fn seeds_and_names_reach_the_reducer() {
    let x = rows(60);
    let spec = ReducerSpec {
        kind: ReducerKind::Umap,
        seed: 5,
        ..ReducerSpec::default()
    };
    let fit = |spec: &ReducerSpec| spec.build().unwrap().fit(x.view(), &()).unwrap().points;
    assert_eq!(
        fit(&spec),
        Umap::new(2, 5).fit(x.view(), &()).unwrap().points
    );
    assert_ne!(
        fit(&spec),
        fit(&ReducerSpec {
            seed: 6,
            ..spec.clone()
        })
    );
    assert_eq!("umap".parse::<ReducerKind>().unwrap(), ReducerKind::Umap);
    // Options survive a file, and one that nobody gave leaves no trace in it.
    let spec = ReducerSpec {
        options: ReducerOptions {
            min_dist: Some(0.3),
            metric: Some(Distance::Cosine),
            ..ReducerOptions::default()
        },
        ..spec
    };
    let text = serde_json::to_string(&spec).unwrap();
    assert!(
        text.ends_with(r#""options":{"min_dist":0.3,"metric":"cosine"}}"#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<ReducerSpec>(&text).unwrap(), spec);
    for kind in ReducerKind::ALL {
        let built = ReducerSpec {
            kind,
            ..spec.clone()
        }
        .build();
        assert_eq!(built.is_ok(), kind == ReducerKind::Umap, "{kind}");
    }
}
