use super::neighbours::Neighbours;

/// Rounds of pulling coordinates towards their neighbours. Each carries a pull through all layers, and
/// even of thirty layers the coordinates settle within so many.
const PULLS: usize = 24;

/// The room of the smallest node: its circle, which is drawn no smaller than can be seen.
const SMALLEST: f64 = 0.3;

/// Coordinates that keep the order and the room of every node, near the mean of the neighbours.
///
/// A neighbour counts by the square of the edge's weight, about as much as its curve is seen: one
/// edge of ten texts runs straight rather than ten of one.
pub(super) fn coordinates(order: &[Vec<usize>], graph: &Neighbours, n: usize) -> Vec<f64> {
    let mut coordinate = vec![0.0; n];
    let rooms = rooms(order, graph);
    let offsets: Vec<Vec<f64>> = order.iter().map(|nodes| offsets(nodes, &rooms)).collect();
    for (nodes, offsets) in order.iter().zip(&offsets) {
        let middle = offsets.last().copied().unwrap_or(0.0) / 2.0;
        for (&node, offset) in nodes.iter().zip(offsets) {
            coordinate[node] = offset - middle;
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
                        (sum + w * w * coordinate[v], weight + w * w)
                    });
                    if weight > 0.0 {
                        (sum / weight, weight)
                    } else {
                        (coordinate[node], 1e-3)
                    }
                })
                .collect();
            for (&node, value) in order[l].iter().zip(spread(&wishes, &offsets[l])) {
                coordinate[node] = value;
            }
        }
    }
    coordinate
}

/// How much room across its layer every node takes, from [`SMALLEST`] to 1: as the radius of its
/// circle, by the root of what flows through it. Layers of one node, where all flows through it, do not
/// make the others small. Where nothing flows, every node has the same room.
pub(super) fn rooms(order: &[Vec<usize>], graph: &Neighbours) -> Vec<f64> {
    let flow = |v: usize| {
        let sum = |near: &[(usize, f64)]| near.iter().map(|&(_, weight)| weight).sum::<f64>();
        sum(&graph.before[v]).max(sum(&graph.after[v]))
    };
    let flows: Vec<f64> = (0..graph.before.len()).map(flow).collect();
    let several = order.iter().filter(|nodes| nodes.len() > 1).flatten();
    let most = several.map(|&v| flows[v]).fold(0.0, f64::max);
    let room = |&flow: &f64| {
        if most > 0.0 {
            (flow / most).sqrt().clamp(SMALLEST, 1.0)
        } else {
            1.0
        }
    };
    flows.iter().map(room).collect()
}

/// Where the nodes of a layer stand when they are as close as their rooms allow, from 0.
fn offsets(nodes: &[usize], rooms: &[f64]) -> Vec<f64> {
    let mut at = 0.0;
    let mut before = None;
    let place = |&node: &usize| {
        if let Some(before) = before {
            at += f64::midpoint(before, rooms[node]);
        }
        before = Some(rooms[node]);
        at
    };
    nodes.iter().map(place).collect()
}

/// The values nearest to the wishes (in weighted squares) that are at least as far apart as the
/// offsets: isotonic regression of `wish − offset` by pooling adjacent violators.
fn spread(wishes: &[(f64, f64)], offsets: &[f64]) -> Vec<f64> {
    // Pools of (mean, weight, members).
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (&(wish, weight), offset) in wishes.iter().zip(offsets) {
        let mut pool = (wish - offset, weight, 1);
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
    flat.zip(offsets)
        .map(|(mean, offset)| mean + offset)
        .collect()
}
