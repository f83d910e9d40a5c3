use super::neighbours::Neighbours;

/// Writes down where in its layer every node stands.
pub(super) fn set_positions(order: &[Vec<usize>], position: &mut [usize]) {
    for nodes in order {
        for (i, &node) in nodes.iter().enumerate() {
            position[node] = i;
        }
    }
}

/// Sorts a layer by where its neighbours stand; nodes without neighbours keep their place.
pub(super) fn sort_layer(
    nodes: &mut [usize],
    neighbours: &[Vec<(usize, f64)>],
    position: &mut [usize],
    median: bool,
) {
    let wish = |&node: &usize| {
        let near = &neighbours[node];
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
    let mut wishes: Vec<(f64, usize)> = nodes.iter().map(|node| (wish(node), *node)).collect();
    wishes.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (i, (slot, (_, node))) in nodes.iter_mut().zip(wishes).enumerate() {
        *slot = node;
        position[node] = i;
    }
}

/// The median of the neighbours' places. Between two middle ones it lies nearer to the side where
/// the places are denser (Gansner et al., "A technique for drawing directed graphs", 1993).
fn weighted_median(near: &[(usize, f64)], position: &[usize]) -> f64 {
    let mut places: Vec<f64> = near.iter().map(|&(v, _)| position[v] as f64).collect();
    places.sort_by(f64::total_cmp);
    let (n, half) = (places.len(), places.len() / 2);
    if n % 2 == 1 {
        return places[half];
    }
    let (low, high) = (places[half - 1], places[half]);
    let (left, right) = (low - places[0], places[n - 1] - high);
    if n == 2 || left + right == 0.0 {
        return f64::midpoint(low, high);
    }
    (low * right + high * left) / (left + right)
}

/// For every two nodes of a layer, how crossings change with their order, while the layers beside it
/// stay as they are.
pub(super) struct Changes {
    n: usize,
    /// At `a * n + b`: crossings more (or, below 0, fewer) with `b` before `a` than after it.
    change: Vec<i32>,
}

impl Changes {
    /// O(nodes × (edges + nodes of the layers beside)).
    pub(super) fn new(nodes: &[usize], graph: &Neighbours, position: &[usize]) -> Self {
        let n = nodes.len();
        let mut change = vec![0; n * n];
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
                // At every place: neighbours of `a` below it less those above it.
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
                    change[a * n + b] += sum;
                }
            }
        }
        for a in 0..n {
            for b in 0..a {
                change[a * n + b] = -change[b * n + a];
            }
        }
        Self { n, change }
    }

    fn of(&self, a: usize) -> &[i32] {
        &self.change[a * self.n..(a + 1) * self.n]
    }
}

/// Moves every node to the place in its layer where it crosses least, the others staying where they
/// are, until none moves (sifting: Matuszewski, Schönfeld and Molitor 1999). Gives how many crossings
/// that saves.
pub(super) fn sift(nodes: &mut [usize], graph: &Neighbours, position: &mut [usize]) -> u64 {
    let changes = Changes::new(nodes, graph, position);
    let mut at: Vec<usize> = (0..nodes.len()).collect();
    let mut saved = 0_i64;
    loop {
        let mut pass = 0;
        for node in 0..nodes.len() {
            let Some(now) = at.iter().position(|&other| other == node) else {
                continue;
            };
            let row = changes.of(node);
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
    settle(nodes, &at, position);
    // Only moves that save are made.
    saved.unsigned_abs()
}

/// Puts the nodes of a layer into a new order, given by their indices in the old one.
fn settle(nodes: &mut [usize], at: &[usize], position: &mut [usize]) {
    let sorted: Vec<usize> = at.iter().map(|&i| nodes[i]).collect();
    for (i, (slot, node)) in nodes.iter_mut().zip(sorted).enumerate() {
        *slot = node;
        position[node] = i;
    }
}
