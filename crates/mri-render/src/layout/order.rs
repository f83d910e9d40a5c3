use super::neighbors::Neighbors;

/// Sets the position of every node within its layer.
pub(super) fn set_positions(order: &[Vec<usize>], position: &mut [usize]) {
    for nodes in order {
        for (i, &node) in nodes.iter().enumerate() {
            position[node] = i;
        }
    }
}

/// Sorts a layer by the median or the barycenter of the positions of its neighbors; nodes without
/// neighbors keep their own position as the key.
pub(super) fn sort_layer(
    nodes: &mut [usize],
    neighbors: &[Vec<(usize, f64)>],
    position: &mut [usize],
    median: bool,
) {
    let key = |&node: &usize| {
        let near = &neighbors[node];
        if near.is_empty() {
            return position[node] as f64;
        }
        if median {
            weighted_median(near, position)
        } else {
            let sum: usize = near.iter().map(|&(v, _)| position[v]).sum();
            sum as f64 / near.len() as f64
        }
    };
    let mut keys: Vec<(f64, usize)> = nodes.iter().map(|node| (key(node), *node)).collect();
    keys.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (i, (slot, (_, node))) in nodes.iter_mut().zip(keys).enumerate() {
        *slot = node;
        position[node] = i;
    }
}

/// The median of the neighbors' positions. Of an even number it is interpolated towards the side
/// where positions are denser (Gansner et al., "A technique for drawing directed graphs", 1993).
fn weighted_median(near: &[(usize, f64)], position: &[usize]) -> f64 {
    let mut at: Vec<f64> = near.iter().map(|&(v, _)| position[v] as f64).collect();
    at.sort_by(f64::total_cmp);
    let (n, half) = (at.len(), at.len() / 2);
    if n % 2 == 1 {
        return at[half];
    }
    let (low, high) = (at[half - 1], at[half]);
    let (left, right) = (low - at[0], at[n - 1] - high);
    if n == 2 || left + right == 0.0 {
        return f64::midpoint(low, high);
    }
    (low * right + high * left) / (left + right)
}

/// The crossing matrix of a layer: for every pair of its nodes, the difference in crossings between
/// their two orders, the adjacent layers being fixed.
struct CrossingMatrix {
    n: usize,
    /// At `a * n + b`: crossings with `b` before `a` minus crossings with `b` after `a`.
    difference: Vec<i32>,
}

impl CrossingMatrix {
    /// O(nodes × (edges + nodes of the adjacent layers)).
    fn new(nodes: &[usize], graph: &Neighbors, position: &[usize]) -> Self {
        let n = nodes.len();
        let mut difference = vec![0; n * n];
        let mut table: Vec<i32> = Vec::new();
        for side in [&graph.before, &graph.after] {
            let place = |near: &(usize, f64)| position[near.0];
            let width = nodes.iter().flat_map(|&v| &side[v]).map(place).max();
            let Some(width) = width.map(|last| last + 1) else {
                continue;
            };
            let mut start = vec![0];
            let mut places = Vec::new();
            for &node in nodes {
                places.extend(side[node].iter().map(place));
                start.push(places.len());
            }
            for a in 0..n {
                let of_a = &places[start[a]..start[a + 1]];
                if of_a.is_empty() {
                    continue;
                }
                // At every position: neighbors of `a` below it minus those above it.
                table.clear();
                table.resize(width, 0);
                of_a.iter().for_each(|&at| table[at] += 1);
                let (mut below, mut above) = (0, of_a.len() as i32);
                for slot in &mut table {
                    let here = *slot;
                    above -= here;
                    *slot = below - above;
                    below += here;
                }
                for b in a + 1..n {
                    let sum: i32 = places[start[b]..start[b + 1]]
                        .iter()
                        .map(|&at| table[at])
                        .sum();
                    difference[a * n + b] += sum;
                }
            }
        }
        for a in 0..n {
            for b in 0..a {
                difference[a * n + b] = -difference[b * n + a];
            }
        }
        Self { n, difference }
    }

    fn row(&self, a: usize) -> &[i32] {
        &self.difference[a * self.n..(a + 1) * self.n]
    }
}

/// Sifting (Matuszewski, Schönfeld and Molitor 1999): moves every node to the position in its layer
/// with the fewest crossings, the others keeping their order, until none moves. Returns the number
/// of crossings removed.
pub(super) fn sift(nodes: &mut [usize], graph: &Neighbors, position: &mut [usize]) -> u64 {
    let matrix = CrossingMatrix::new(nodes, graph, position);
    let mut at: Vec<usize> = (0..nodes.len()).collect();
    let mut saved = 0_i64;
    loop {
        let mut pass = 0;
        for node in 0..nodes.len() {
            let Some(now) = at.iter().position(|&other| other == node) else {
                continue;
            };
            let row = matrix.row(node);
            let (mut best, mut target) = (0, now);
            let mut sum = 0;
            for i in (0..now).rev() {
                sum -= i64::from(row[at[i]]);
                if sum < best {
                    (best, target) = (sum, i);
                }
            }
            sum = 0;
            for i in now + 1..at.len() {
                sum += i64::from(row[at[i]]);
                if sum < best {
                    (best, target) = (sum, i);
                }
            }
            if target < now {
                at[target..=now].rotate_right(1);
            } else {
                at[now..=target].rotate_left(1);
            }
            pass -= best;
        }
        saved += pass;
        if pass == 0 {
            break;
        }
    }
    reorder(nodes, &at, position);
    // Every move removes crossings.
    saved.unsigned_abs()
}

/// Puts the nodes of a layer into a new order, given by their indices in the old one.
fn reorder(nodes: &mut [usize], at: &[usize], position: &mut [usize]) {
    let sorted: Vec<usize> = at.iter().map(|&i| nodes[i]).collect();
    for (i, (slot, node)) in nodes.iter_mut().zip(sorted).enumerate() {
        *slot = node;
        position[node] = i;
    }
}
