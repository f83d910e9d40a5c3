use statrs::function::beta::checked_beta_reg;

use crate::moments::pearson;

/// The ranks of a sample from 1 up; equal values share the mean of their ranks.
///
/// Values must not be NaN.
#[must_use]
pub fn average_ranks(sample: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..sample.len()).collect();
    order.sort_by(|&i, &j| sample[i].total_cmp(&sample[j]));
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

/// Spearman's ρ of two samples of one length, with its two-sided p.
///
/// ρ is Pearson's correlation of the [`average_ranks`], from −1 to 1. For p, `t = ρ sqrt((n - 2) / (1
/// - ρ^2))` is referred to Student's distribution with `n − 2` degrees of freedom.
///
/// `None` where ρ is not defined: fewer than 3 pairs, or a sample without any spread.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn spearman(x: &[f64], y: &[f64]) -> Option<(f64, f64)> {
    assert_eq!(x.len(), y.len(), "correlated samples have one length");
    spearman_of_ranks(&average_ranks(x), &average_ranks(y))
}

/// [`spearman`] of samples whose [`average_ranks`] are known.
#[must_use]
pub fn spearman_of_ranks(x: &[f64], y: &[f64]) -> Option<(f64, f64)> {
    if x.len() < 3 {
        return None;
    }
    let rho = pearson(x.iter().copied().zip(y.iter().copied()))?;
    Some((rho, two_sided_p(rho, x.len())))
}

/// The two-sided p of a correlation ρ of `n` pairs, see [`spearman`].
///
/// With `t` as there, `P(|T| >= |t|)` is the regularised incomplete beta function at
/// `(n - 2) / (n - 2 + t^2)`, which is `1 - ρ^2`.
#[must_use]
pub fn two_sided_p(rho: f64, n: usize) -> f64 {
    let freedom = n as f64 - 2.0;
    let at = ((1.0 - rho) * (1.0 + rho)).clamp(0.0, 1.0);
    // Cannot fail: both parameters are positive and the argument lies in 0 ... 1.
    checked_beta_reg(freedom / 2.0, 0.5, at).unwrap_or(1.0)
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
    }

    #[test]
    fn what_has_no_spread_has_no_correlation() {
        assert_eq!(spearman(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(spearman(&[1.0, 2.0], &[1.0, 2.0]), None);
    }
}
