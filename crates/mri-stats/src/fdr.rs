/// p-values adjusted for the number of tests, by Benjamini and Hochberg (1995), in the order of the
/// input.
///
/// Rejecting every test whose adjusted value is at most `α` keeps the expected share of false
/// discoveries at or below `α` when the tests are independent or positively dependent; if every
/// null hypothesis is true, that is also the chance of any rejection. For the `k`-th smallest of
/// `m` values the adjusted value is the least `p(j) m / j` over `j >= k`, at most 1.
///
/// ```
/// let q = mri_stats::benjamini_hochberg(&[0.01, 0.04, 0.03]);
/// assert_eq!(q, [0.03, 0.04, 0.04]);
/// ```
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    let mut adjusted = vec![0.0; p.len()];
    let mut least = 1.0_f64;
    for (k, &i) in order.iter().enumerate().rev() {
        least = least.min(p[i] * p.len() as f64 / (k + 1) as f64);
        adjusted[i] = least;
    }
    adjusted
}
