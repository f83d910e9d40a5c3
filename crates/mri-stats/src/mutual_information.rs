use std::collections::BTreeMap;

use statrs::function::gamma::ln_gamma;

/// Adjusted mutual information of two partitions of the same rows: how much they tell about each
/// other beyond chance.
///
/// 1 for equal partitions, whatever the names of the parts, and about 0 for unrelated ones;
/// negative where they agree less than chance. `(MI - E) / (mean of the entropies - E)`, with `E`
/// the mean of the mutual information over all partitions with parts of these sizes (N. X. Vinh et
/// al., 2010), as scikit-learn's `adjusted_mutual_info_score`. Rows beyond the shorter of the two
/// are ignored.
///
/// # Complexity
/// O(n · (parts of a + parts of b)).
///
/// ```
/// use mri_stats::adjusted_mutual_information;
///
/// assert_eq!(adjusted_mutual_information(&[0, 0, 1, 1], &[7, 7, 3, 3]), 1.0);
/// assert!(adjusted_mutual_information(&[0, 0, 1, 1], &[0, 1, 0, 1]) < 0.0);
/// ```
#[must_use]
pub fn adjusted_mutual_information<T: Ord>(a: &[T], b: &[T]) -> f64 {
    let n = a.len().min(b.len());
    let mut sizes_a: BTreeMap<&T, usize> = BTreeMap::new();
    let mut sizes_b: BTreeMap<&T, usize> = BTreeMap::new();
    let mut both: BTreeMap<(&T, &T), usize> = BTreeMap::new();
    for (x, y) in a.iter().zip(b) {
        *sizes_a.entry(x).or_default() += 1;
        *sizes_b.entry(y).or_default() += 1;
        *both.entry((x, y)).or_default() += 1;
    }
    let one_part = sizes_a.len() <= 1 && sizes_b.len() <= 1;
    if one_part || (sizes_a.len() == n && sizes_b.len() == n) {
        return 1.0;
    }
    let n = n as f64;
    let information: f64 = both
        .iter()
        .map(|((x, y), &count)| {
            let count = count as f64;
            let expected = sizes_a[x] as f64 * sizes_b[y] as f64;
            count / n * (count * n / expected).ln()
        })
        .sum();
    let entropy = |sizes: &BTreeMap<&T, usize>| -> f64 {
        let shares = sizes.values().map(|&size| size as f64 / n);
        -shares.map(|share| share * share.ln()).sum::<f64>()
    };
    let chance = expected_information(
        &parts_by_size(&sizes_a),
        &parts_by_size(&sizes_b),
        n as usize,
    );
    let normalizer = f64::midpoint(entropy(&sizes_a), entropy(&sizes_b)) - chance;
    // Numerator and normalizer may vanish together; the sign is kept, as scikit-learn does.
    let normalizer = if normalizer < 0.0 {
        normalizer.min(-f64::EPSILON)
    } else {
        normalizer.max(f64::EPSILON)
    };
    (information - chance) / normalizer
}

/// The number of parts of each size.
fn parts_by_size<T: Ord>(sizes: &BTreeMap<T, usize>) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for &size in sizes.values() {
        *counts.entry(size).or_default() += 1;
    }
    counts
}

/// The mean of the mutual information over random partitions with parts of these sizes, each given
/// as the number of parts by size: parts of one size contribute equal terms.
fn expected_information(a: &BTreeMap<usize, usize>, b: &BTreeMap<usize, usize>, n: usize) -> f64 {
    let ln_factorial: Vec<f64> = (0..=n).map(|m| ln_gamma(m as f64 + 1.0)).collect();
    let total = n as f64;
    let mut sum = 0.0;
    for (&size_a, &parts_a) in a {
        for (&size_b, &parts_b) in b {
            let first = (size_a + size_b).saturating_sub(n).max(1);
            let mut pair = 0.0;
            for k in first..=size_a.min(size_b) {
                let ln_probability = ln_factorial[size_a]
                    + ln_factorial[size_b]
                    + ln_factorial[n - size_a]
                    + ln_factorial[n - size_b]
                    - ln_factorial[n]
                    - ln_factorial[k]
                    - ln_factorial[size_a - k]
                    - ln_factorial[size_b - k]
                    - ln_factorial[n + k - size_a - size_b];
                let gain = (total * k as f64 / (size_a as f64 * size_b as f64)).ln();
                pair += k as f64 / total * gain * ln_probability.exp();
            }
            sum += pair * (parts_a * parts_b) as f64;
        }
    }
    sum
}
