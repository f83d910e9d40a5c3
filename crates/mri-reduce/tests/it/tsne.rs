use mri_core::Progress;
use mri_reduce::{ReduceError, Reducer, ReducerKind, ReducerOptions, ReducerSpec, Scaling, Tsne};
use ndarray::{Axis, s};

use crate::umap::{Goldens, keep_as_much_as, rows};

fn quick(seed: u64) -> Tsne {
    Tsne {
        n_epochs: 60,
        ..Tsne::new(2, seed)
    }
}

#[test]
fn neighborhoods_survive_as_in_open_tsne() {
    let goldens: Goldens = serde_json::from_str(include_str!("../golden/tsne.json")).unwrap();
    keep_as_much_as(&goldens.qualities, |metric, seed| {
        Box::new(Tsne {
            metric,
            // Angles are about the origin.
            scaling: Scaling::None,
            ..Tsne::new(2, seed)
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
fn groups_far_apart_stay_apart_and_equal_rows_together() {
    let z = rows(90);
    let mut x =
        ndarray::Array2::from_shape_fn((90, 20), |(i, j)| z[(i, j)] + ((i % 3) * 500) as f32);
    for i in 0..3 {
        let copy = x.row(i).to_owned();
        x.row_mut(i + 30).assign(&copy);
    }
    // Neighborhoods of 15 do not reach from one group of 30 to another.
    let tsne = Tsne {
        perplexity: 5.0,
        ..Tsne::default()
    };
    let points = tsne.fit(x.view(), &()).unwrap().points;
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
fn few_rows_and_many_equal_ones_stay_finite() {
    for n in [2, 3, 4, 10, 65] {
        for x in [
            rows(n),
            rows(1).broadcast((n, 20)).map_or(rows(n), |x| x.to_owned()),
        ] {
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
    for (perplexity, n_components, parameter) in [
        (0.5, 2, "perplexity"),
        (f64::NAN, 2, "perplexity"),
        (f64::INFINITY, 2, "perplexity"),
        (30.0, 0, "n_components"),
        (30.0, 17, "n_components"),
    ] {
        let tsne = Tsne {
            perplexity,
            ..Tsne::new(n_components, 0)
        };
        let e = tsne.fit(x.view(), &()).unwrap_err();
        assert!(e.to_string().starts_with(parameter), "{tsne:?}: {e}");
    }
    // Whatever the stage in which the watch says no.
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
        kind: "tsne".parse().unwrap(),
        seed: 5,
        options: ReducerOptions {
            n_epochs: Some(60),
            perplexity: Some(7.0),
            ..ReducerOptions::default()
        },
        ..ReducerSpec::default()
    };
    let fit = |spec: &ReducerSpec| spec.build().unwrap().fit(x.view(), &()).unwrap().points;
    let plain = Tsne {
        perplexity: 7.0,
        ..quick(5)
    };
    assert_eq!(fit(&spec), plain.fit(x.view(), &()).unwrap().points);
    let other = ReducerSpec {
        seed: 6,
        ..spec.clone()
    };
    assert_ne!(fit(&spec), fit(&other));
    for kind in [ReducerKind::Umap, ReducerKind::Pca] {
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
