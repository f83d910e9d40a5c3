use std::cmp::Ordering;

/// The `k` smallest of the distances of one row to all rows, in no order, without row `own`; of
/// equal distances the one of the lower index. All if there are no more than `k`.
pub(crate) fn k_nearest(distances: &[f64], own: Option<usize>, k: usize) -> Vec<usize> {
    let mut others: Vec<usize> = (0..distances.len()).filter(|&j| Some(j) != own).collect();
    let order = |&a: &usize, &b: &usize| -> Ordering {
        distances[a].total_cmp(&distances[b]).then(a.cmp(&b))
    };
    if k < others.len() {
        others.select_nth_unstable_by(k, order);
        others.truncate(k);
    }
    others
}
