use statrs::function::gamma::ln_gamma;

/// How `t` texts of a cell fall on two sides when labels are dealt at random: hypergeometric.
///
/// Of `n` texts `a` are on side A. Under random labels the number `k` of a cell's `t` texts that are
/// on side A has `P(k) = C(t, k) C(n - t, a - k) / C(n, a)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deal {
    /// All texts.
    pub(crate) n: u64,
    /// Those of side A.
    pub(crate) a: u64,
    /// Those of the cell.
    pub(crate) t: u64,
}

impl Deal {
    /// The statistic of the test: the difference of the two sides' proportions times `a (n - a)`,
    /// which is a whole number, so that equal statistics compare equal.
    pub(crate) fn statistic(self, k: u64) -> u64 {
        (k * self.n).abs_diff(self.t * self.a)
    }

    fn lowest(self) -> u64 {
        (self.t + self.a).saturating_sub(self.n)
    }

    fn highest(self) -> u64 {
        self.t.min(self.a)
    }

    fn ln_probability(self, k: u64) -> f64 {
        let ln_choose = |n: u64, k: u64| {
            let ln_factorial = |m: u64| ln_gamma(m as f64 + 1.0);
            ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
        };
        ln_choose(self.t, k) + ln_choose(self.n - self.t, self.a - k) - ln_choose(self.n, self.a)
    }

    /// `P(k + 1) / P(k)`.
    fn ratio(self, k: u64) -> f64 {
        let up = (self.t - k) as f64 * (self.a - k) as f64;
        let down = (k + 1) as f64 * (self.n + k + 1 - self.t - self.a) as f64;
        up / down
    }

    /// The chance that random labels give a statistic of at least `statistic`.
    pub(crate) fn p(self, statistic: u64) -> f64 {
        if statistic == 0 {
            return 1.0;
        }
        // Outwards from the innermost `k` on either side, terms only shrink.
        let (low, high) = (self.lowest(), self.highest());
        let centre = self.t * self.a;
        let mut sum = 0.0;
        let first_above = (centre + statistic).div_ceil(self.n).max(low);
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
        if let Some(below) = centre.checked_sub(statistic) {
            let first_below = (below / self.n).min(high);
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

    /// The least `p` that any labels could give: what a cell with few texts can never get below.
    pub(crate) fn least_p(self) -> f64 {
        let ends = [self.lowest(), self.highest()];
        self.p(ends
            .map(|k| self.statistic(k))
            .into_iter()
            .max()
            .unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(n: u64, k: u64) -> f64 {
        (0..k).fold(1.0, |c, i| c * (n - i) as f64 / (i + 1) as f64)
    }

    #[test]
    fn equals_the_sum_over_all_outcomes() {
        for n in 1..=14_u64 {
            for a in 0..=n {
                for t in 0..=n {
                    let deal = Deal { n, a, t };
                    let mut least = 1.0_f64;
                    for k in deal.lowest()..=deal.highest() {
                        let wanted: f64 = (deal.lowest()..=deal.highest())
                            .filter(|&j| deal.statistic(j) >= deal.statistic(k))
                            .map(|j| choose(t, j) * choose(n - t, a - j) / choose(n, a))
                            .sum();
                        let got = deal.p(deal.statistic(k));
                        assert!((got - wanted).abs() < 1e-12, "{deal:?} {k}: {got} {wanted}");
                        least = least.min(wanted);
                    }
                    assert!((deal.least_p() - least).abs() < 1e-12, "{deal:?}");
                }
            }
        }
    }

    #[test]
    fn large_numbers_stay_finite() {
        let deal = Deal {
            n: 63_000,
            a: 8_000,
            t: 5_000,
        };
        let p = deal.p(deal.statistic(700));
        assert!(p > 0.0 && p < 0.05, "{p}");
        assert_eq!(deal.p(0), 1.0);
    }
}
