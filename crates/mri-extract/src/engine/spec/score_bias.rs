#[cfg(doc)]
use super::attention::ScoreBias;

/// The bucket of [`ScoreBias::Relative`] for the signed distance `key - query`: one bucket per
/// distance up to a quarter of the buckets, then logarithmically wider ones.
#[must_use]
pub fn relative_bucket(distance: i64, buckets: usize, max_distance: usize) -> usize {
    let half = buckets / 2;
    let ahead = if distance > 0 { half } else { 0 };
    let distance = usize::try_from(distance.unsigned_abs()).unwrap_or(usize::MAX);
    let exact = half / 2;
    if distance < exact {
        return ahead + distance;
    }
    // In f32, as in training: rounding must not move the edge of a bucket.
    let share =
        (distance as f32 / exact as f32).ln() / ((max_distance as f64 / exact as f64).ln() as f32);
    let bucket = exact + (share * (half - exact) as f32) as usize;
    ahead + bucket.min(half - 1)
}

/// The slopes of [`ScoreBias::Alibi`], one per head.
#[must_use]
pub fn alibi_slopes(heads: usize) -> Vec<f32> {
    let power = heads.next_power_of_two() / if heads.is_power_of_two() { 1 } else { 2 };
    let slope = |i: usize, of: usize| (-(8.0 * i as f64) / of as f64).exp2() as f32;
    let first = (1..=power).map(|i| slope(i, power));
    // Heads beyond a power of two take every other slope of the next one.
    let rest = (0..heads - power).map(|i| slope(2 * i + 1, 2 * power));
    first.chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_of_alibi_are_those_of_the_paper() {
        // Eight heads: 1/2, 1/4, ... 1/256 (section 3 of the paper).
        let powers: Vec<f32> = (1..=8).map(|i| 0.5_f32.powi(i)).collect();
        assert_eq!(alibi_slopes(8), powers);
        // Twelve: those of eight, then every other of sixteen, 2^-0.5, 2^-1.5, ...
        let twelve = alibi_slopes(12);
        assert_eq!(twelve[..8], powers);
        assert!((twelve[8] - 0.5_f32.sqrt()).abs() < 1e-7);
        assert!((twelve[11] - 2.0_f32.powf(-3.5)).abs() < 1e-7);
    }

    #[test]
    fn buckets_of_distances_are_exact_then_wider() {
        for distance in 0..8 {
            assert_eq!(relative_bucket(-distance, 32, 128), distance as usize);
        }
        assert_eq!(relative_bucket(1, 32, 128), 17);
        assert_eq!(relative_bucket(-127, 32, 128), 15);
        assert_eq!(relative_bucket(-100_000, 32, 128), 15);
        assert_eq!(relative_bucket(i64::MIN, 32, 128), 15);
        assert_eq!(relative_bucket(128, 32, 128), 31);
        let buckets: Vec<usize> = (0..200).map(|d| relative_bucket(-d, 32, 128)).collect();
        assert!(buckets.is_sorted());
    }
}
