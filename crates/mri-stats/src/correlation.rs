use statrs::function::beta::checked_beta_reg;

use crate::ranks::average_ranks;

/// A rank correlation and the number of pairs it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankCorrelation {
    /// Spearman's ρ, from −1 to 1.
    pub rho: f64,
    /// Number of pairs.
    pub n: usize,
}

impl RankCorrelation {
    /// The two-sided p-value under independence, from 0 to 1; 1 for fewer than 3 pairs.
    ///
    /// `t = ρ sqrt((n - 2) / (1 - ρ^2))` is referred to Student's distribution with `n − 2` degrees
    /// of freedom, as in `scipy.stats.spearmanr`. `P(|T| >= |t|)` is the regularized incomplete
    /// beta function `I(x; (n - 2) / 2, 1 / 2)` at `x = (n - 2) / (n - 2 + t^2) = 1 - ρ^2`.
    #[must_use]
    pub fn p_value(&self) -> f64 {
        let freedom = self.n as f64 - 2.0;
        let x = ((1.0 - self.rho) * (1.0 + self.rho)).clamp(0.0, 1.0);
        // Fails for a parameter that is not positive only, which is fewer than 3 pairs.
        checked_beta_reg(freedom / 2.0, 0.5, x).unwrap_or(1.0)
    }
}

/// Spearman's rank correlation of two samples: Pearson's correlation of the [`average_ranks`].
///
/// `None` where ρ is not defined (scipy gives NaN there): fewer than 3 pairs, a constant sample, or
/// a NaN in either sample.
///
/// # Panics
/// If the lengths differ.
///
/// ```
/// use mri_stats::spearman;
///
/// let found = spearman(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 9.0]).unwrap();
/// assert!((found.rho - 0.8).abs() < 1e-12 && (found.p_value() - 0.2).abs() < 1e-12);
/// assert_eq!(spearman(&[5.0, 5.0, 5.0], &[1.0, 2.0, 3.0]), None);
/// ```
#[must_use]
pub fn spearman(x: &[f64], y: &[f64]) -> Option<RankCorrelation> {
    assert_eq!(x.len(), y.len(), "correlated samples have one length");
    if x.iter().chain(y).any(|value| value.is_nan()) {
        return None;
    }
    spearman_of_ranks(&average_ranks(x), &average_ranks(y))
}

/// [`spearman`] of samples whose [`average_ranks`] are known, for columns that are compared with
/// several others. Ranks beyond the shorter of the two are ignored.
#[must_use]
pub fn spearman_of_ranks(x: &[f64], y: &[f64]) -> Option<RankCorrelation> {
    let n = x.len().min(y.len());
    if n < 3 {
        return None;
    }
    let rho = pearson(x.iter().copied().zip(y.iter().copied()))?;
    Some(RankCorrelation { rho, n })
}

/// Pearson's correlation of pairs, from −1 to 1. `None` without pairs, or where one side is
/// constant up to the rounding of its mean.
///
/// ```
/// let line = mri_stats::pearson([(1.0, 4.0), (2.0, 2.0), (3.0, 0.0)]);
/// assert_eq!(line, Some(-1.0));
/// ```
#[must_use]
pub fn pearson<I>(pairs: I) -> Option<f64>
where
    I: IntoIterator<Item = (f64, f64)>,
    I::IntoIter: Clone,
{
    let pairs = pairs.into_iter();
    let (mut n, mut sx, mut sy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs.clone() {
        n += 1.0;
        sx += x;
        sy += y;
    }
    if n == 0.0 {
        return None;
    }
    let (mx, my) = (sx / n, sy / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        let (dx, dy) = (x - mx, y - my);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    let constant = |squares: f64, mean: f64| squares <= (f64::EPSILON * n * mean).powi(2);
    if constant(xx, mx) || constant(yy, my) {
        return None;
    }
    Some((xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_constant_has_no_correlation() {
        assert_eq!(spearman(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[4.0, 4.0, 4.0]), None);
        assert_eq!(spearman(&[1.0, 2.0], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[1.0, 2.0, f64::NAN], &[1.0, 2.0, 3.0]), None);
        // The mean of equal values is off by a rounding error.
        assert_eq!(pearson((0..10).map(|i| (0.1, f64::from(i)))), None);
        assert_eq!(pearson((0..10).map(|i| (f64::from(i), 0.1))), None);
        assert_eq!(pearson((0..100).map(|i| (0.1, f64::from(i)))), None);
        assert_eq!(pearson((0..10).map(|i| (0.0, f64::from(i)))), None);
        assert_eq!(pearson([]), None);
    }

    #[test]
    fn too_few_pairs_say_nothing() {
        let p = |n| RankCorrelation { rho: 0.9, n }.p_value();
        assert_eq!((p(0), p(1), p(2)), (1.0, 1.0, 1.0));
        assert!(p(3) < 1.0);
    }
}
