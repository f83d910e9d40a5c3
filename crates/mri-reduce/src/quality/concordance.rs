/// The share of pairs of other rows whose distances from row `i` are in the same order in both
/// lists; equal distances are ordered by index. O(n log n), by counting inversions (Knight 1966).
pub(super) fn concordance(high: &[f64], low: &[f64], i: usize) -> f64 {
    let mut by_high: Vec<usize> = (0..high.len()).filter(|&j| j != i).collect();
    let pairs = by_high.len() * (by_high.len() - 1) / 2;
    by_high.sort_by(|&a, &b| high[a].total_cmp(&high[b]).then(a.cmp(&b)));
    let mut by_low = by_high.clone();
    by_low.sort_by(|&a, &b| low[a].total_cmp(&low[b]).then(a.cmp(&b)));
    let mut place = vec![0; high.len()];
    for (rank, &j) in by_low.iter().enumerate() {
        place[j] = rank;
    }
    let mut order: Vec<usize> = by_high.iter().map(|&j| place[j]).collect();
    let mut buffer = vec![0; order.len()];
    let inversions = sort_counting(&mut order, &mut buffer);
    1.0 - inversions as f64 / pairs as f64
}

/// Merge sort; returns the number of inversions.
fn sort_counting(values: &mut [usize], buffer: &mut [usize]) -> usize {
    let n = values.len();
    if n < 2 {
        return 0;
    }
    let middle = n / 2;
    let mut inversions = sort_counting(&mut values[..middle], buffer);
    inversions += sort_counting(&mut values[middle..], buffer);
    let (mut a, mut b) = (0, middle);
    for slot in &mut buffer[..n] {
        let take_left = b == n || (a < middle && values[a] <= values[b]);
        if take_left {
            *slot = values[a];
            a += 1;
        } else {
            // All that remains of the left half is larger.
            inversions += middle - a;
            *slot = values[b];
            b += 1;
        }
    }
    values.copy_from_slice(&buffer[..n]);
    inversions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inversions_are_counted() {
        let mut values = [3, 1, 2, 0];
        assert_eq!(sort_counting(&mut values, &mut [0; 4]), 5);
        assert_eq!(values, [0, 1, 2, 3]);
    }
}
