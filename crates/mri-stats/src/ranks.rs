use rayon::prelude::*;

/// The ranks of a sample from 1 up; equal values share the mean of their ranks.
///
/// 0 and −0 are equal. NaN ranks after every number, each with a rank of its own.
///
/// # Complexity
/// O(n log n), over all threads.
///
/// ```
/// assert_eq!(mri_stats::average_ranks(&[2.0, 1.0, 2.0, 5.0]), [2.5, 1.0, 2.5, 4.0]);
/// ```
#[must_use]
pub fn average_ranks(sample: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..sample.len()).collect();
    order.par_sort_unstable_by(|&i, &j| sample[i].total_cmp(&sample[j]).then(i.cmp(&j)));
    let mut ranks = vec![0.0; sample.len()];
    let mut start = 0;
    for tie in order.chunk_by(|&i, &j| sample[i] == sample[j]) {
        // Positions start .. start + len, counted from 0, are ranks one higher.
        let mean = start as f64 + (tie.len() as f64 + 1.0) / 2.0;
        for &i in tie {
            ranks[i] = mean;
        }
        start += tie.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(average_ranks(&[2.0, 1.0, 2.0, 5.0]), [2.5, 1.0, 2.5, 4.0]);
        assert_eq!(average_ranks(&[7.0; 3]), [2.0; 3]);
        // Zero has one rank, whatever its sign.
        assert_eq!(average_ranks(&[0.0, -0.0]), [1.5, 1.5]);
        assert!(average_ranks(&[]).is_empty());
    }

    #[test]
    fn nan_ranks_last() {
        assert_eq!(
            average_ranks(&[f64::NAN, 3.0, f64::NAN, -1.0]),
            [3.0, 2.0, 4.0, 1.0]
        );
    }
}
