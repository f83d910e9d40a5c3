//! Counter-based random numbers: a function of a seed and a counter, so that the order in which
//! threads draw does not matter.

use mri_core::SplitMix64;

/// 64 random bits.
pub(crate) fn bits(seed: u64, counter: u64) -> u64 {
    SplitMix64::at(seed, counter)
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

/// Uniform among the integers below `n`, with a bias of at most n / 2⁶⁴.
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
