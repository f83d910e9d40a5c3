//! Where the nodes of a layered graph stand.
//!
//! The layer of a node is given; wanted is its place within the layer such that edges cross little
//! and run straight (Sugiyama, Tagawa and Toda 1981). Sweeps over the layers order each by the
//! barycentre or the median of its neighbours in the layer before, in turns; adjacent nodes are
//! exchanged where that saves crossings; the best order found is kept. Coordinates then come from
//! isotonic regression: as near to the neighbours' mean as a minimum distance allows.

/// How often the sweeps may fail to improve before they stop.
const STALE: usize = 16;

/// Rounds of pulling coordinates towards their neighbours; they settle within a few.
const PULLS: usize = 12;

/// The places of the nodes of a layered graph.
#[derive(Debug, Clone, PartialEq)]
pub struct LayeredLayout {
    /// The nodes of each layer in their order.
    pub order: Vec<Vec<usize>>,
    /// The coordinate of every node across its layer; neighbours in a layer are at least 1 apart.
    pub coordinate: Vec<f64>,
    /// How many pairs of edges cross.
    pub crossings: u64,
}

/// Lays out a layered graph: `layer[v]` is the layer of node `v`, and every edge `(u, v, weight)`
/// leads from a layer to the next. Edges that do not, and nodes that do not exist, are ignored.
///
/// The result depends on nothing but the input. O(sweeps × edges × log edges).
#[must_use]
pub fn layered_layout(layer: &[usize], edges: &[(usize, usize, f64)]) -> LayeredLayout {
    let n_layers = layer.iter().max().map_or(0, |&last| last + 1);
    let mut order = vec![Vec::new(); n_layers];
    for (node, &l) in layer.iter().enumerate() {
        order[l].push(node);
    }
    let graph = Neighbours::new(layer, edges);
    let mut position = vec![0; layer.len()];
    set_positions(&order, &mut position);
    let mut best = (crossings(&order, &graph, &position), order.clone());
    let (mut sweep, mut stale) = (0, 0);
    while best.0 > 0 && stale < STALE {
        let down = sweep % 2 == 0;
        let median = (sweep / 2) % 2 == 1;
        let layers: Vec<usize> = if down {
            (1..n_layers).collect()
        } else {
            (0..n_layers.saturating_sub(1)).rev().collect()
        };
        for l in layers {
            sort_layer(&mut order[l], graph.side(down), &mut position, median);
        }
        // Accepting exchanges that change nothing, in every second pair of sweeps, leaves plateaus.
        let accept_ties = (sweep / 2) % 2 == 0;
        for nodes in &mut order {
            exchange(nodes, &graph, &mut position, accept_ties);
        }
        let found = crossings(&order, &graph, &position);
        if found < best.0 {
            best = (found, order.clone());
            stale = 0;
        } else {
            stale += 1;
        }
        sweep += 1;
    }
    let (crossings, order) = best;
    let coordinate = coordinates(&order, &graph, layer.len());
    LayeredLayout {
        order,
        coordinate,
        crossings,
    }
}

/// Counts the pairs of edges that cross when the layers are drawn in this order.
///
/// `order[l]` lists the nodes of layer `l`; edges as in [`layered_layout`]. Edges that share an end
/// do not cross. O(edges × log nodes), by counting inversions with a Fenwick tree.
#[must_use]
pub fn count_crossings(
    order: &[Vec<usize>],
    layer: &[usize],
    edges: &[(usize, usize, f64)],
) -> u64 {
    let mut position = vec![0; layer.len()];
    set_positions(order, &mut position);
    crossings(order, &Neighbours::new(layer, edges), &position)
}

/// The neighbours of every node in the layer before and in the layer after, with weights.
struct Neighbours {
    before: Vec<Vec<(usize, f64)>>,
    after: Vec<Vec<(usize, f64)>>,
}

impl Neighbours {
    fn new(layer: &[usize], edges: &[(usize, usize, f64)]) -> Self {
        let mut before = vec![Vec::new(); layer.len()];
        let mut after = before.clone();
        for &(u, v, weight) in edges {
            if u < layer.len() && v < layer.len() && layer[v] == layer[u] + 1 {
                after[u].push((v, weight));
                before[v].push((u, weight));
            }
        }
        Self { before, after }
    }

    fn side(&self, before: bool) -> &[Vec<(usize, f64)>] {
        if before { &self.before } else { &self.after }
    }
}

fn set_positions(order: &[Vec<usize>], position: &mut [usize]) {
    for nodes in order {
        for (i, &node) in nodes.iter().enumerate() {
            position[node] = i;
        }
    }
}

fn crossings(order: &[Vec<usize>], graph: &Neighbours, position: &[usize]) -> u64 {
    let mut total = 0;
    for pair in order.windows(2) {
        let mut tree = vec![0_u64; pair[1].len() + 1];
        let mut seen = 0;
        for &u in &pair[0] {
            let mut ends: Vec<usize> = graph.after[u].iter().map(|&(v, _)| position[v]).collect();
            ends.sort_unstable();
            // Edges of one node do not cross each other: ask for all before entering any.
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

/// Sorts a layer by where its neighbours stand; nodes without neighbours keep their place.
fn sort_layer(
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
            let sum: f64 = near.iter().map(|&(v, w)| w * position[v] as f64).sum();
            sum / near.iter().map(|&(_, w)| w).sum::<f64>()
        }
    };
    let mut wishes: Vec<(f64, usize)> = nodes.iter().map(|node| (wish(node), *node)).collect();
    wishes.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (i, (slot, (_, node))) in nodes.iter_mut().zip(wishes).enumerate() {
        *slot = node;
        position[node] = i;
    }
}

fn weighted_median(near: &[(usize, f64)], position: &[usize]) -> f64 {
    let mut places: Vec<(usize, f64)> = near.iter().map(|&(v, w)| (position[v], w)).collect();
    places.sort_by_key(|&(place, _)| place);
    let half = places.iter().map(|&(_, w)| w).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    for &(place, weight) in &places {
        sum += weight;
        if sum >= half {
            return place as f64;
        }
    }
    places.last().map_or(0.0, |&(place, _)| place as f64)
}

/// Exchanges adjacent nodes where that saves crossings, until a pass changes nothing for the better.
fn exchange(nodes: &mut [usize], graph: &Neighbours, position: &mut [usize], accept_ties: bool) {
    let places = |near: &[(usize, f64)], position: &[usize]| {
        let mut places: Vec<usize> = near.iter().map(|&(v, _)| position[v]).collect();
        places.sort_unstable();
        places
    };
    let sides: Vec<[Vec<usize>; 2]> = nodes
        .iter()
        .map(|&v| {
            [
                places(&graph.before[v], position),
                places(&graph.after[v], position),
            ]
        })
        .collect();
    let mut at: Vec<usize> = (0..nodes.len()).collect();
    let mut improved = true;
    let mut passes = 0;
    while improved && passes < nodes.len() {
        improved = false;
        for i in 1..at.len() {
            let (a, b) = (&sides[at[i - 1]], &sides[at[i]]);
            let now: u64 = (0..2).map(|s| inversions(&a[s], &b[s])).sum();
            let then: u64 = (0..2).map(|s| inversions(&b[s], &a[s])).sum();
            if then < now || (accept_ties && passes == 0 && then == now) {
                at.swap(i - 1, i);
                improved |= then < now;
            }
        }
        passes += 1;
    }
    let sorted: Vec<usize> = at.iter().map(|&i| nodes[i]).collect();
    for (i, (slot, node)) in nodes.iter_mut().zip(sorted).enumerate() {
        *slot = node;
        position[node] = i;
    }
}

/// How many pairs (one place of `left`, one of `right`) are in the wrong order.
fn inversions(left: &[usize], right: &[usize]) -> u64 {
    let (mut count, mut j) = (0, 0);
    for &place in left {
        while j < right.len() && right[j] < place {
            j += 1;
        }
        count += j as u64;
    }
    count
}

/// Coordinates that keep the order and a distance of 1, near the weighted mean of the neighbours.
fn coordinates(order: &[Vec<usize>], graph: &Neighbours, n: usize) -> Vec<f64> {
    let mut coordinate = vec![0.0; n];
    for nodes in order {
        let middle = (nodes.len() as f64 - 1.0) / 2.0;
        for (i, &node) in nodes.iter().enumerate() {
            coordinate[node] = i as f64 - middle;
        }
    }
    for pull in 0..PULLS {
        let down = pull % 2 == 0;
        let layers: Vec<usize> = if down {
            (0..order.len()).collect()
        } else {
            (0..order.len()).rev().collect()
        };
        for l in layers {
            let wishes: Vec<(f64, f64)> = order[l]
                .iter()
                .map(|&node| {
                    let near = graph.before[node].iter().chain(&graph.after[node]);
                    let (sum, weight) = near.fold((0.0, 0.0), |(sum, weight), &(v, w)| {
                        (sum + w * coordinate[v], weight + w)
                    });
                    if weight > 0.0 {
                        (sum / weight, weight)
                    } else {
                        (coordinate[node], 1e-3)
                    }
                })
                .collect();
            for (&node, value) in order[l].iter().zip(spread(&wishes)) {
                coordinate[node] = value;
            }
        }
    }
    coordinate
}

/// The values nearest to the wishes (in weighted squares) that ascend by at least 1: isotonic
/// regression of `wish − i` by pooling adjacent violators.
fn spread(wishes: &[(f64, f64)]) -> Vec<f64> {
    // Pools of (mean, weight, members).
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (i, &(wish, weight)) in wishes.iter().enumerate() {
        let mut pool = (wish - i as f64, weight, 1);
        while let Some(&last) = pools.last()
            && last.0 > pool.0
        {
            pools.pop();
            let weight = last.1 + pool.1;
            pool = (
                (last.0 * last.1 + pool.0 * pool.1) / weight,
                weight,
                last.2 + pool.2,
            );
        }
        pools.push(pool);
    }
    let flat = pools
        .iter()
        .flat_map(|&(mean, _, members)| std::iter::repeat_n(mean, members));
    flat.enumerate().map(|(i, mean)| mean + i as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn brute_force(order: &[Vec<usize>], layer: &[usize], edges: &[(usize, usize, f64)]) -> u64 {
        let place = |node: usize| {
            order[layer[node]]
                .iter()
                .position(|&v| v == node)
                .unwrap_or(usize::MAX) as i64
        };
        let mut count = 0;
        for (i, &(a, b, _)) in edges.iter().enumerate() {
            for &(c, d, _) in &edges[..i] {
                if layer[a] == layer[c] && (place(a) - place(c)) * (place(b) - place(d)) < 0 {
                    count += 1;
                }
            }
        }
        count
    }

    /// Three layers of five nodes and some edges between neighbouring layers.
    fn edges() -> impl Strategy<Value = Vec<(usize, usize, f64)>> {
        let edge = (0_usize..2, 0_usize..5, 0_usize..5, 1_u32..5)
            .prop_map(|(l, u, v, w)| (l * 5 + u, (l + 1) * 5 + v, f64::from(w)));
        prop::collection::vec(edge, 0..25)
    }

    proptest! {
        #[test]
        fn crossings_are_counted_and_never_grow(edges in edges()) {
            let layer: Vec<usize> = (0..15).map(|v| v / 5).collect();
            let given: Vec<Vec<usize>> = (0..3).map(|l| (l * 5..l * 5 + 5).collect()).collect();
            let before = count_crossings(&given, &layer, &edges);
            prop_assert_eq!(before, brute_force(&given, &layer, &edges));
            let layout = layered_layout(&layer, &edges);
            prop_assert_eq!(layout.crossings, brute_force(&layout.order, &layer, &edges));
            prop_assert!(layout.crossings <= before);
            for nodes in &layout.order {
                for pair in nodes.windows(2) {
                    let gap = layout.coordinate[pair[1]] - layout.coordinate[pair[0]];
                    prop_assert!(gap >= 1.0 - 1e-9);
                }
            }
        }
    }

    #[test]
    fn a_planar_graph_is_untangled() {
        // A matching in reverse: all fifteen pairs cross as given, none need to.
        let layer: Vec<usize> = (0..12).map(|v| v / 6).collect();
        let edges: Vec<_> = (0..6).map(|u| (u, 11 - u, 1.0)).collect();
        let layout = layered_layout(&layer, &edges);
        assert_eq!(layout.crossings, 0);
        for &(u, v, _) in &edges {
            assert!(
                (layout.coordinate[u] - layout.coordinate[v]).abs() < 1e-9,
                "edges run straight"
            );
        }
    }

    #[test]
    fn nothing_is_laid_out_as_nothing() {
        assert_eq!(layered_layout(&[], &[]).order, Vec::<Vec<usize>>::new());
    }
}
