use mri_simd::F32x16;

/// The Gaussian error linear unit `x·Φ(x)`, Φ the standard normal distribution function, with a
/// relative error below 2e-6 plus 3e-7 of `x`. Φ is computed by Abramowitz & Stegun 7.1.28.
#[inline(always)]
pub(super) fn gelu<V: F32x16>(x: V) -> V {
    /// Coefficients of 7.1.28 for `x/√2`, with the powers of √½ multiplied in.
    const COEFFICIENTS: [f32; 7] = [
        0.000_005_383,
        0.000_048_906_25,
        0.000_038_036,
        0.003_277_626_4,
        0.021_141_006,
        0.049_867_347,
        1.0,
    ];
    // Above 14 the tail underflows to 0 in `f32` anyway.
    let size = x.abs().min(V::splat(14.0));
    let mut power = size.polynomial(COEFFICIENTS);
    for _ in 0..4 {
        power = power.mul(power);
    }
    // |x|·(1 − erf(|x|/√2)) / 2.
    let tail = power.recip().mul(size).mul(V::splat(0.5));
    let negative = V::splat(0.0).sub(tail);
    negative.select_negative(x, x.sub(tail))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at_all_levels, gelu_of};

    /// Φ by Simpson's rule.
    fn normal_cdf(x: f64) -> f64 {
        let density = |t: f64| (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let (n, h) = (2_000, x / 2_000.0);
        let sum: f64 = (0..=n)
            .map(|i| {
                let weight = match i {
                    0 => 1.0,
                    i if i == n => 1.0,
                    i if i % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                weight * density(f64::from(i) * h)
            })
            .sum();
        0.5 + sum * h / 3.0
    }

    #[test]
    fn gelu_is_x_times_the_normal_distribution_function() {
        let x: Vec<f32> = (-800..800).map(|i| i as f32 * 0.0101).collect();
        at_all_levels(|| {
            for (&x, unit) in x.iter().zip(gelu_of(&x)) {
                let x = f64::from(x);
                let expected = x * normal_cdf(x);
                let bound = 2e-6 * expected.abs() + 3e-7 * x.abs();
                let error = (f64::from(unit) - expected).abs();
                assert!(error <= bound, "{x}: {unit} for {expected}");
            }
            let ends = [0.0, 1e30, f32::INFINITY, -30.0].repeat(4);
            let units = gelu_of(&ends);
            assert_eq!(units[..3], ends[..3]);
            assert!(units[3].abs() < 1e-20);
            assert!(gelu_of(&[f32::NAN; 16]).iter().all(|x| x.is_nan()));
        });
    }
}
