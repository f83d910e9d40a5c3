use mri_reduce::{Distance, Neighbors, Reducer, Umap, approximate_nearest_rows, nearest_rows};
use ndarray::Array2;

use crate::linear::noise;

/// Ten clouds along directions that matter less and less, as those of activations do.
fn clouds(n: usize) -> Array2<f32> {
    let z = noise(n.max(10), 48);
    Array2::from_shape_fn((n, 48), |(i, j)| {
        let decay = 1.0 / (1.0 + j as f64).sqrt();
        (decay * (z[(i, j)] + z[(i % 10, j)])) as f32
    })
}

/// The share of the true neighbors of some rows that were found.
fn recall(found: &Neighbors, truth: &Neighbors, some: &[usize]) -> f64 {
    let hits = some.iter().map(|&i| {
        let truth = truth.ids.row(i).to_vec();
        let found = found.ids.row(i);
        found.iter().filter(|id| truth.contains(id)).count()
    });
    hits.sum::<usize>() as f64 / (some.len() * truth.ids.ncols()) as f64
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap().install(work)
}

#[test]
fn descent_finds_nearly_all_neighbors_the_same_on_any_number_of_threads() {
    let mut x = clouds(3000);
    // A hundred equal rows; which of them are named is as good as chance.
    for i in 1..100 {
        let copy = x.row(0).to_owned();
        x.row_mut(i * 10).assign(&copy);
    }
    let distinct = (0..3000).filter(|i| i % 10 > 0 || *i >= 1000);
    let distinct: Vec<usize> = distinct.collect();
    for (distance, k) in [
        (Distance::Euclidean, 14),
        (Distance::Cosine, 14),
        // Longer lists than are compared whole.
        (Distance::Euclidean, 80),
    ] {
        let near = || approximate_nearest_rows(x.view(), k, distance, 3, &()).unwrap();
        let found = on_threads(1, near);
        let truth = nearest_rows(x.view(), k, distance, &()).unwrap();
        let share = recall(&found, &truth, &distinct);
        assert!(share > 0.97, "{distance}, {k}: {share}");
        for (i, ids) in found.ids.rows().into_iter().enumerate() {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids.dedup();
            let own = ids.contains(&(i as u32));
            assert!(ids.len() == k && !own, "row {i}: {ids:?}");
            for (c, (&j, d)) in found
                .ids
                .row(i)
                .iter()
                .zip(found.distances.row(i))
                .enumerate()
            {
                // Nothing is nearer than the truth, and the distance given is that of the row
                // named.
                assert!(*d >= truth.distances[(i, c)], "row {i}");
                if let Some(at) = truth.ids.row(i).iter().position(|&t| t == j) {
                    assert_eq!(*d, truth.distances[(i, at)], "row {i}");
                }
            }
        }
        for threads in [2, 5] {
            assert_eq!(on_threads(threads, near), found, "{threads} threads");
        }
    }
    for k in [0, 3000] {
        assert!(approximate_nearest_rows(x.view(), k, Distance::Euclidean, 0, &()).is_err());
    }
}

#[test]
fn near_copies_are_told_apart() {
    // Sixty rows that differ by ten thousandths: 1 − cosine is some 1e-8, and squares of straight
    // distances are as small beside those of the rows.
    let mut x = clouds(900);
    let z = noise(60, 48);
    let base = x.row(0).mapv(|v| v + 1.0);
    for i in 0..60 {
        for j in 0..48 {
            x[(i * 15, j)] = (f64::from(base[j]) * (1.0 + 1e-4 * z[(i, j)])) as f32;
        }
    }
    let k = 9;
    for distance in [Distance::Euclidean, Distance::Cosine] {
        let found = nearest_rows(x.view(), k, distance, &()).unwrap();
        for i in (0..900).step_by(15) {
            let a = x.row(i).mapv(f64::from);
            let truth = |j: usize| {
                let b = x.row(j).mapv(f64::from);
                let apart = (&a - &b).mapv(|v| v * v).sum();
                match distance {
                    Distance::Cosine => {
                        // Of unit vectors, for a difference of 1 and a cosine has lost its digits.
                        let unit = |v: &ndarray::Array1<f64>| v / v.dot(v).sqrt();
                        (unit(&a) - unit(&b)).mapv(|v| v * v).sum() / 2.0
                    }
                    _ => f64::sqrt(apart),
                }
            };
            let mut all: Vec<f64> = (0..900).filter(|&j| j != i).map(truth).collect();
            all.sort_by(f64::total_cmp);
            for (c, &j) in found.ids.row(i).iter().enumerate() {
                let (d, given) = (truth(j as usize), f64::from(found.distances[(i, c)]));
                // The unit vectors are rounded to 3e-8, a two-thousandth of their distance.
                assert!(
                    (given / d - 1.0).abs() < 2e-3,
                    "{distance} {i}: {given} for {d}"
                );
                assert!(
                    (d / all[c] - 1.0).abs() < 2e-3,
                    "{distance} {i}: {d}, not {}",
                    all[c]
                );
            }
        }
    }
}

#[test]
fn few_rows_and_equal_rows_are_found_by_descent_too() {
    for n in [2, 3, 60, 97, 200, 500] {
        let x = clouds(n);
        let k = (n - 1).min(20);
        let found = approximate_nearest_rows(x.view(), k, Distance::Euclidean, 0, &()).unwrap();
        let truth = nearest_rows(x.view(), k, Distance::Euclidean, &()).unwrap();
        let all: Vec<usize> = (0..n).collect();
        assert!(recall(&found, &truth, &all) > 0.99, "{n} rows");
    }
    let equal = Array2::from_elem((700, 5), 3.0);
    let found = approximate_nearest_rows(equal.view(), 9, Distance::Euclidean, 0, &()).unwrap();
    assert!(found.distances.iter().all(|&d| d == 0.0));
}

#[test]
fn many_rows_have_the_same_points_on_any_number_of_threads() {
    // More than are all compared with each other.
    let z = noise(15_200, 8);
    let x = Array2::from_shape_fn((15_200, 8), |(i, j)| z[(i, j)] as f32 + (i % 7 * j) as f32);
    let umap = Umap {
        n_epochs: Some(3),
        ..Umap::default()
    };
    let fit = || umap.fit(x.view(), &()).unwrap().points;
    assert_eq!(on_threads(1, fit), on_threads(3, fit));
}
