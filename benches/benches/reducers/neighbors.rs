//! The two ways to nearest neighbors.

use std::time::Instant;

use anyhow::Result;
use mri_reduce::{Distance, Neighbors, ReduceError, approximate_nearest_rows, nearest_rows};
use ndarray::ArrayView2;

/// Those that UMAP looks for with its defaults.
const K: usize = 14;

/// Prints the seconds of both, the fastest of the rounds, in which they take turns, and the share
/// of the neighbors that descent finds, the mean over the rounds' seeds.
pub(crate) fn compare(rows: ArrayView2<'_, f32>, rounds: usize) -> Result<()> {
    let (mut comparing, mut descending, mut recall) = (f64::INFINITY, f64::INFINITY, 0.0);
    for round in 0..rounds {
        let (seconds, truth) = timed(|| nearest_rows(rows, K, Distance::Euclidean, &()))?;
        comparing = comparing.min(seconds);
        let seed = round as u64;
        let (seconds, found) =
            timed(|| approximate_nearest_rows(rows, K, Distance::Euclidean, seed, &()))?;
        descending = descending.min(seconds);
        recall += share(&found, &truth) / rounds as f64;
    }
    println!(
        "  comparing all {comparing:.2} s, descent {descending:.2} s ({:.2} times as fast), recall {recall:.4}",
        comparing / descending
    );
    Ok(())
}

fn timed(search: impl FnOnce() -> Result<Neighbors, ReduceError>) -> Result<(f64, Neighbors)> {
    let start = Instant::now();
    let found = search()?;
    Ok((start.elapsed().as_secs_f64(), found))
}

fn share(found: &Neighbors, truth: &Neighbors) -> f64 {
    let pairs = found.ids.rows().into_iter().zip(truth.ids.rows());
    let hits = pairs.map(|(found, truth)| {
        let hit = |id: &&u32| truth.iter().any(|t| t == *id);
        found.iter().filter(hit).count()
    });
    hits.sum::<usize>() as f64 / truth.ids.len() as f64
}
