//! Random numbers as a function of a seed and a counter, so that they do not depend on which thread
//! asks first.

/// SplitMix64's mixing function (Steele, Lea & Flood 2014) of the `counter`-th state after `seed`.
pub(crate) fn bits(seed: u64, counter: u64) -> u64 {
    let mut z = seed.wrapping_add(counter.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Uniform in the open interval from 0 to 1.
pub(crate) fn unit(seed: u64, counter: u64) -> f64 {
    ((bits(seed, counter) >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
}

/// Standard normal (Box and Muller 1958), from the counters `2·counter` and `2·counter + 1`.
pub(crate) fn normal(seed: u64, counter: u64) -> f64 {
    let radius = (-2.0 * unit(seed, 2 * counter).ln()).sqrt();
    radius * (std::f64::consts::TAU * unit(seed, 2 * counter + 1)).cos()
}

/// A number below `n`; the bias of at most n / 2⁶⁴ is nothing here.
pub(crate) fn below(seed: u64, counter: u64, n: usize) -> usize {
    ((u128::from(bits(seed, counter)) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_the_normal_moments() {
        let values: Vec<f64> = (0..40_000).map(|i| normal(3, i)).collect();
        let moment = |p: i32| values.iter().map(|v| v.powi(p)).sum::<f64>() / 40_000.0;
        // Standard errors of the first four moments at this size: 0.005, 0.007, 0.02, 0.05.
        for (p, expected, bound) in [
            (1, 0.0, 0.02),
            (2, 1.0, 0.03),
            (3, 0.0, 0.08),
            (4, 3.0, 0.2),
        ] {
            assert!(
                (moment(p) - expected).abs() < bound,
                "moment {p}: {}",
                moment(p)
            );
        }
    }

    #[test]
    fn numbers_below_reach_everything() {
        let mut seen = [0; 7];
        (0..700).for_each(|i| seen[below(1, i, 7)] += 1);
        assert!(seen.iter().all(|&n| n > 60), "{seen:?}");
    }
}
