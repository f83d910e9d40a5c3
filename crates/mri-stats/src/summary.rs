/// Mean, variance, skewness and excess kurtosis of a sample, each bias-corrected: the estimators of
/// pandas' `mean`, `var`, `skew` and `kurt`.
///
/// With `d = x - mean` and sums over the `n` values:
///
/// - `var = sum(d^2) / (n - 1)`, for `n >= 2`;
/// - `skew = n sqrt(n - 1) / (n - 2) * sum(d^3) / sum(d^2)^1.5`, for `n >= 3`;
/// - `kurt = n (n + 1) (n - 1) / m * sum(d^4) / sum(d^2)^2 - 3 (n - 1)^2 / m` with
///   `m = (n - 2) (n - 3)`, for `n >= 4` (0 for the normal distribution).
///
/// A constant sample has skewness and kurtosis 0, as in pandas before version 3, which gives NaN. A
/// statistic that needs more values than there are is `None`.
///
/// ```
/// let summary = mri_stats::Summary::of(&[1.0, 2.0, 6.0]);
/// assert_eq!((summary.mean, summary.var), (Some(3.0), Some(7.0)));
/// assert!(summary.skew.unwrap() > 0.0 && summary.kurt.is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The mean, from 1 value on.
    pub mean: Option<f64>,
    /// The sample variance (denominator `n − 1`), from 2 values on.
    pub var: Option<f64>,
    /// The skewness, from 3 values on.
    pub skew: Option<f64>,
    /// The excess kurtosis, from 4 values on.
    pub kurt: Option<f64>,
}

impl Summary {
    /// Summarizes a sample.
    #[must_use]
    pub fn of(sample: &[f64]) -> Self {
        let n = sample.len() as f64;
        if sample.is_empty() {
            return Self {
                mean: None,
                var: None,
                skew: None,
                kurt: None,
            };
        }
        let mean = sample.iter().sum::<f64>() / n;
        let (mut d2, mut d3, mut d4) = (0.0, 0.0, 0.0);
        for x in sample {
            let d = x - mean;
            d2 += d * d;
            d3 += d * d * d;
            d4 += d * d * d * d;
        }
        // Rounding of the mean leaves a trace of spread in a constant sample.
        let constant = d2 <= f64::EPSILON * f64::EPSILON * n * n * mean * mean;
        let skew = match sample.len() {
            0..=2 => None,
            _ if constant => Some(0.0),
            _ => Some(n * (n - 1.0).sqrt() / (n - 2.0) * d3 / d2.powf(1.5)),
        };
        let kurt = match sample.len() {
            0..=3 => None,
            _ if constant => Some(0.0),
            _ => {
                let below = (n - 2.0) * (n - 3.0);
                let correction = 3.0 * (n - 1.0) * (n - 1.0) / below;
                Some(n * (n + 1.0) * (n - 1.0) / below * d4 / (d2 * d2) - correction)
            }
        };
        Self {
            mean: Some(mean),
            var: (sample.len() > 1).then(|| d2 / (n - 1.0)),
            skew,
            kurt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_values_give_none_and_a_constant_sample_zero() {
        assert_eq!(Summary::of(&[]).mean, None);
        let one = Summary::of(&[2.0]);
        assert_eq!((one.mean, one.var), (Some(2.0), None));
        let two = Summary::of(&[1.0, 3.0]);
        assert_eq!((two.var, two.skew, two.kurt), (Some(2.0), None, None));
        let flat = Summary::of(&[0.1; 5]);
        assert_eq!((flat.skew, flat.kurt), (Some(0.0), Some(0.0)));
        assert_eq!(Summary::of(&[1.0, 2.0, 4.0]).kurt, None);
        assert_eq!(Summary::of(&[0.0; 5]).skew, Some(0.0));
        assert_eq!(Summary::of(&[0.1; 100]).skew, Some(0.0));
    }

    #[test]
    fn skewness_does_not_depend_on_scale_and_little_on_the_mean() {
        let sample = [1.0, 2.0, 4.0, 8.0];
        let skew = |sample: [f64; 4]| Summary::of(&sample).skew.unwrap();
        let wanted = skew(sample);
        assert!(wanted > 1.0);
        assert!((skew(sample.map(|x| x * 1e-20)) - wanted).abs() < 1e-9);
        assert!((skew(sample.map(|x| x + 1e9)) - wanted).abs() < 1e-6);
    }

    #[test]
    fn a_symmetric_sample_has_no_skew() {
        let m = Summary::of(&[-2.0, -1.0, 0.0, 1.0, 2.0]);
        assert_eq!(m.skew, Some(0.0));
        assert!((m.kurt.unwrap() + 1.2).abs() < 1e-12);
    }
}
