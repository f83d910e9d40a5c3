use statrs::function::gamma::ln_gamma;

use crate::error::StatsError;

/// The hypergeometric distribution, for exact tests of a difference between two samples.
///
/// Of `population` rows `successes` belong to sample A. If rows are assigned to the samples at
/// random, the number `k` of rows of A among the `draws` rows of a group has
/// `P(k) = C(draws, k) C(population - draws, successes - k) / C(population, successes)`.
///
/// ```
/// use mri_stats::Hypergeometric;
///
/// // 4 rows in a group, all of them among the 6 rows of A out of 12.
/// let group = Hypergeometric::new(12, 6, 4)?;
/// assert!((group.p_value(4) - 2.0 / 33.0).abs() < 1e-12);
/// // No assignment of the rows gives a smaller p.
/// assert_eq!(group.min_p_value(), group.p_value(4));
/// # Ok::<(), mri_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hypergeometric {
    // Below 2³², so that products of two fit 64 bits.
    population: u64,
    successes: u64,
    draws: u64,
}

impl Hypergeometric {
    /// The distribution of the successes among `draws` rows of a population.
    ///
    /// # Errors
    /// [`StatsError::BadHypergeometric`] if there are more successes or draws than rows.
    pub fn new(population: u32, successes: u32, draws: u32) -> Result<Self, StatsError> {
        if successes > population || draws > population {
            return Err(StatsError::BadHypergeometric {
                population,
                successes,
                draws,
            });
        }
        Ok(Self::from_counts(population, successes, draws))
    }

    /// As [`new`](Self::new) for counts that are known to fit.
    pub(crate) fn from_counts(population: u32, successes: u32, draws: u32) -> Self {
        Self {
            population: u64::from(population),
            successes: u64::from(successes),
            draws: u64::from(draws),
        }
    }

    /// The probability, over random assignments, of a number of successes at least as far from
    /// its mean as `k`: the two-sided p-value of the difference of the samples' proportions.
    ///
    /// Unlike Fisher's exact test in scipy, outcomes are ordered by their distance from the mean
    /// and not by their probability, because the distance is the effect that is reported.
    #[must_use]
    pub fn p_value(self, k: u32) -> f64 {
        self.tail(self.deviation(k))
    }

    /// The smallest p-value that any assignment could give: the bound for a group with few rows.
    #[must_use]
    pub fn min_p_value(self) -> f64 {
        // Both ends of the support are at most `draws`, below 2³².
        let ends = [self.lowest(), self.highest()].map(|k| self.deviation(k as u32));
        self.tail(ends[0].max(ends[1]))
    }

    /// `population · |k − mean|`, the test statistic. A whole number, so that equal statistics
    /// compare equal.
    pub(crate) fn deviation(self, k: u32) -> u64 {
        (u64::from(k) * self.population).abs_diff(self.draws * self.successes)
    }

    fn lowest(self) -> u64 {
        (self.draws + self.successes).saturating_sub(self.population)
    }

    fn highest(self) -> u64 {
        self.draws.min(self.successes)
    }

    fn ln_probability(self, k: u64) -> f64 {
        let ln_choose = |n: u64, k: u64| {
            let ln_factorial = |m: u64| ln_gamma(m as f64 + 1.0);
            ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
        };
        ln_choose(self.draws, k) + ln_choose(self.population - self.draws, self.successes - k)
            - ln_choose(self.population, self.successes)
    }

    /// `P(k + 1) / P(k)`.
    fn ratio(self, k: u64) -> f64 {
        let up = (self.draws - k) as f64 * (self.successes - k) as f64;
        let down = (k + 1) as f64 * (self.population + k + 1 - self.draws - self.successes) as f64;
        up / down
    }

    /// The probability of a [`deviation`](Self::deviation) of at least this.
    fn tail(self, deviation: u64) -> f64 {
        if deviation == 0 {
            return 1.0;
        }
        // From the innermost `k` of each tail outwards, terms only shrink.
        let (low, high) = (self.lowest(), self.highest());
        let center = self.draws * self.successes;
        let mut sum = 0.0;
        let above = u128::from(center) + u128::from(deviation);
        let first_above = above.div_ceil(u128::from(self.population));
        let first_above = u64::try_from(first_above).unwrap_or(u64::MAX).max(low);
        if first_above <= high {
            let mut term = self.ln_probability(first_above).exp();
            for k in first_above..=high {
                sum += term;
                if k == high || term < sum * f64::EPSILON {
                    break;
                }
                term *= self.ratio(k);
            }
        }
        if let Some(below) = center.checked_sub(deviation) {
            let first_below = (below / self.population).min(high);
            if first_below >= low {
                let mut term = self.ln_probability(first_below).exp();
                for k in (low..=first_below).rev() {
                    sum += term;
                    if k == low || term < sum * f64::EPSILON {
                        break;
                    }
                    term /= self.ratio(k - 1);
                }
            }
        }
        sum.min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(n: u32, k: u32) -> f64 {
        (0..k).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1))
    }

    #[test]
    fn equals_the_sum_over_all_outcomes() {
        for n in 1..=14_u32 {
            for a in 0..=n {
                for t in 0..=n {
                    let group = Hypergeometric::new(n, a, t).unwrap();
                    let mut least = 1.0_f64;
                    let support = (t + a).saturating_sub(n)..=t.min(a);
                    for k in support.clone() {
                        let wanted: f64 = support
                            .clone()
                            .filter(|&j| (j * n).abs_diff(t * a) >= (k * n).abs_diff(t * a))
                            .map(|j| choose(t, j) * choose(n - t, a - j) / choose(n, a))
                            .sum();
                        let got = group.p_value(k);
                        assert!(
                            (got - wanted).abs() < 1e-12,
                            "{group:?} {k}: {got} {wanted}"
                        );
                        least = least.min(wanted);
                    }
                    assert!((group.min_p_value() - least).abs() < 1e-12, "{group:?}");
                }
            }
        }
    }

    #[test]
    fn large_numbers_stay_finite() {
        let group = Hypergeometric::new(63_000, 8_000, 5_000).unwrap();
        let p = group.p_value(700);
        assert!(p > 0.0 && p < 0.05, "{p}");
        // Exactly the mean.
        assert_eq!(
            Hypergeometric::new(63_000, 6_300, 10).unwrap().p_value(1),
            1.0
        );
        // No product overflows at the largest counts.
        let n = u32::MAX;
        let whole = Hypergeometric::new(n, n, n).unwrap();
        assert_eq!((whole.p_value(n), whole.p_value(0)), (1.0, 0.0));
    }

    #[test]
    fn counts_that_do_not_fit_are_refused() {
        assert!(Hypergeometric::new(5, 6, 1).is_err());
        assert!(Hypergeometric::new(5, 1, 6).is_err());
        assert!(Hypergeometric::new(5, 5, 5).is_ok());
        // With nothing to draw from, the only outcome is certain.
        assert_eq!(Hypergeometric::new(0, 0, 0).unwrap().p_value(0), 1.0);
    }
}
