/// The similarity of two points at distance d: `1 / (1 + a·d^(2b))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Curve {
    pub(super) a: f64,
    pub(super) b: f64,
}

/// Samples for the fit, from distance 0 to three times the spread.
const SAMPLES: usize = 300;

impl Curve {
    /// The least-squares fit to 1 up to `min_dist` and `exp(−(d − min_dist)/spread)` beyond, by the
    /// Levenberg–Marquardt method from a = b = 1.
    pub(super) fn fit(min_dist: f64, spread: f64) -> Self {
        let wanted: Vec<(f64, f64)> = (0..SAMPLES)
            .map(|i| {
                let d = 3.0 * spread * i as f64 / (SAMPLES - 1) as f64;
                (d, (-(d - min_dist).max(0.0) / spread).exp())
            })
            .collect();
        let mut best = Self { a: 1.0, b: 1.0 };
        let mut error = best.error(&wanted);
        let mut damping = 1e-3;
        // About ten steps suffice; the bound is for fits that stall.
        for _ in 0..200 {
            let step = best.step(&wanted, damping);
            let tried = Self {
                a: best.a + step.0,
                b: best.b + step.1,
            };
            let after = if tried.a > 0.0 && tried.b > 0.0 {
                tried.error(&wanted)
            } else {
                f64::INFINITY
            };
            if after < error {
                let done = error - after < 1e-15 * error;
                (best, error, damping) = (tried, after, damping / 10.0);
                if done {
                    break;
                }
            } else {
                damping *= 10.0;
                if damping > 1e12 {
                    break;
                }
            }
        }
        best
    }

    fn at(self, d: f64) -> f64 {
        1.0 / (1.0 + self.a * d.powf(2.0 * self.b))
    }

    fn error(self, wanted: &[(f64, f64)]) -> f64 {
        wanted.iter().map(|&(d, y)| (self.at(d) - y).powi(2)).sum()
    }

    /// The solution of the damped normal equations.
    fn step(self, wanted: &[(f64, f64)], damping: f64) -> (f64, f64) {
        let (mut aa, mut ab, mut bb, mut ra, mut rb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        // At distance 0 the curve is 1, whatever a and b.
        for &(d, y) in wanted.iter().filter(|(d, _)| *d > 0.0) {
            let p = d.powf(2.0 * self.b);
            let value = self.at(d);
            let by_a = -p * value * value;
            let by_b = by_a * self.a * 2.0 * d.ln();
            let rest = y - value;
            aa += by_a * by_a;
            ab += by_a * by_b;
            bb += by_b * by_b;
            ra += by_a * rest;
            rb += by_b * rest;
        }
        let (aa, bb) = (aa * (1.0 + damping), bb * (1.0 + damping));
        let determinant = aa * bb - ab * ab;
        if determinant == 0.0 {
            return (0.0, 0.0);
        }
        (
            (ra * bb - rb * ab) / determinant,
            (rb * aa - ra * ab) / determinant,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_equal_umap_learns() {
        // `umap.umap_.find_ab_params(spread, min_dist)` of umap-learn 0.5.12.
        for (min_dist, spread, a, b) in [
            (0.1, 1.0, 1.576_943_460, 0.895_060_878),
            (0.0, 1.0, 1.932_808_397, 0.790_494_973),
            (0.5, 1.0, 0.583_030_020, 1.334_166_992),
            (0.99, 1.0, 0.119_305_300, 1.916_390_417),
            (0.25, 2.0, 0.416_273_497, 0.921_855_132),
            (0.1, 0.5, 5.069_309_329, 1.003_005_423),
        ] {
            let curve = Curve::fit(min_dist, spread);
            assert!(
                (curve.a / a - 1.0).abs() < 1e-4,
                "{min_dist} {spread}: {curve:?}"
            );
            assert!(
                (curve.b / b - 1.0).abs() < 1e-4,
                "{min_dist} {spread}: {curve:?}"
            );
        }
    }
}
