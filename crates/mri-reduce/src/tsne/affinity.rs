//! Input probabilities of t-SNE (van der Maaten & Hinton 2008, section 2).

use rayon::prelude::*;

use crate::knn::{Graph, Neighbors};

/// Iterations of the search for a precision. Newton's method takes about six; the bound is for rows
/// whose neighbors are all at the same distance, where no precision gives the wanted entropy.
const STEPS: usize = 64;

/// The probability with which each row picks each of its neighbors, in the shape of the distances,
/// row by row: a Gaussian kernel whose entropy is the logarithm of `perplexity`. Each row
/// sums to 1.
pub(super) fn conditional_probabilities(found: &Neighbors, perplexity: f64) -> Vec<f32> {
    let k = found.distances.ncols().max(1);
    let distances = found.distances.as_slice().unwrap_or(&[]);
    let mut out = vec![0.0; distances.len()];
    out.par_chunks_mut(k)
        .zip(distances.par_chunks(k))
        .for_each(|(out, distances)| of_row(distances, perplexity, out));
    out
}

fn of_row(distances: &[f32], perplexity: f64, out: &mut [f32]) {
    // Squared distances relative to the nearest, so that its kernel is 1 and no sum is 0, and to
    // the range, so that the search does not depend on the unit.
    let nearest = f64::from(distances.iter().copied().fold(f32::INFINITY, f32::min)).powi(2);
    let farthest = f64::from(distances.iter().copied().fold(0.0, f32::max)).powi(2);
    let unit = farthest - nearest;
    let beyond: Vec<f64> = distances
        .iter()
        .map(|&d| f64::from(d).powi(2) - nearest)
        .map(|square| if unit > 0.0 { square / unit } else { 0.0 })
        .collect();
    let target = perplexity.ln();
    let (mut low, mut high, mut precision) = (0.0, f64::INFINITY, 1.0);
    let mut weights = vec![0.0; beyond.len()];
    let mut sum = 0.0;
    for _ in 0..STEPS {
        let (mut first, mut second) = (0.0, 0.0);
        sum = 0.0;
        for (weight, square) in weights.iter_mut().zip(&beyond) {
            *weight = (-square * precision).exp();
            sum += *weight;
            first += square * *weight;
            second += square * square * *weight;
        }
        let (mean, variance) = (first / sum, second / sum - (first / sum).powi(2));
        // The entropy less the wanted one; its derivative by the precision is −precision ·
        // variance.
        let excess = sum.ln() + precision * mean - target;
        if excess.abs() < 1e-6 {
            break;
        }
        if excess > 0.0 {
            low = precision;
        } else {
            high = precision;
        }
        let newton = precision + excess / (precision * variance);
        precision = if newton > low && newton < high {
            newton
        } else if high.is_finite() {
            (low + high) / 2.0
        } else {
            precision * 2.0
        };
    }
    for (out, weight) in out.iter_mut().zip(weights) {
        *out = (weight / sum) as f32;
    }
}

/// The joint probability of each pair of neighbors: the mean of both conditional probabilities over
/// the number of rows, so that all (each pair counted at both ends) sum to 1.
pub(super) fn joint_probabilities(found: &Neighbors, conditional: &[f32]) -> Graph {
    let total = 2.0 * found.ids.nrows() as f32;
    Graph::union(found, conditional, |a, b| (a + b) / total)
}

#[cfg(test)]
mod tests {
    use mri_core::ReduceError;

    use super::*;
    use crate::knn::golden::{Goldens, rows};
    use crate::knn::{Table, of_table};

    #[test]
    fn chances_equal_open_tsnes() -> Result<(), ReduceError> {
        let goldens: Goldens =
            serde_json::from_str(include_str!("../../tests/golden/tsne.json")).unwrap();
        for golden in goldens.graphs {
            let table = Table::new(rows().view(), golden.distance);
            let found = of_table(&table, 21, 0, &())?;
            let graph = joint_probabilities(&found, &conditional_probabilities(&found, 7.0));
            golden.check(&graph, 1e-5);
        }
        Ok(())
    }

    #[test]
    fn neighbors_at_equal_distances_have_equal_probabilities() {
        let mut out = [0.0; 6];
        of_row(&[2.0; 6], 3.0, &mut out);
        assert!(out.iter().all(|v| (v - 1.0 / 6.0).abs() < 1e-6), "{out:?}");
        of_row(&[0.0; 6], 3.0, &mut out);
        assert!(out.iter().all(|v| (v - 1.0 / 6.0).abs() < 1e-6), "{out:?}");
    }
}
