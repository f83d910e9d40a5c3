use super::neighbors::Neighbors;

/// The number of edge crossings, counted with a Fenwick tree per pair of layers.
pub(super) fn crossings(order: &[Vec<usize>], graph: &Neighbors, position: &[usize]) -> u64 {
    let mut total = 0;
    for pair in order.windows(2) {
        let mut tree = vec![0_u64; pair[1].len() + 1];
        let mut seen = 0;
        for &u in &pair[0] {
            let mut ends: Vec<usize> = graph.after[u].iter().map(|&(v, _)| position[v]).collect();
            ends.sort_unstable();
            // Edges of one node do not cross each other: query all before inserting any.
            for &end in &ends {
                let mut at_or_left = 0;
                let mut i = end + 1;
                while i > 0 {
                    at_or_left += tree[i];
                    i &= i - 1;
                }
                total += seen - at_or_left;
            }
            for &end in &ends {
                let mut i = end + 1;
                while i < tree.len() {
                    tree[i] += 1;
                    i += i & i.wrapping_neg();
                }
            }
            seen += ends.len() as u64;
        }
    }
    total
}
