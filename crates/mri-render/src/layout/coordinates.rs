use super::neighbors::Neighbors;

/// Relaxation sweeps. Each sweep carries a change through all layers; with thirty layers the
/// coordinates have converged after this many.
const SWEEPS: usize = 24;

/// The size of the smallest node, whose circle has a minimum radius.
const MIN_SIZE: f64 = 0.3;

/// Coordinates near the weighted mean of the neighbors that keep the order of every layer and leave
/// room for the size of every node.
///
/// A neighbor is weighted by the square of the edge weight, about the visibility of its curve: one
/// edge of ten texts runs straight rather than ten edges of one.
pub(super) fn coordinates(order: &[Vec<usize>], graph: &Neighbors, n: usize) -> Vec<f64> {
    let mut coordinate = vec![0.0; n];
    let sizes = node_sizes(order, graph);
    let offsets: Vec<Vec<f64>> = order.iter().map(|nodes| offsets(nodes, &sizes)).collect();
    for (nodes, offsets) in order.iter().zip(&offsets) {
        let middle = offsets.last().copied().unwrap_or(0.0) / 2.0;
        for (&node, offset) in nodes.iter().zip(offsets) {
            coordinate[node] = offset - middle;
        }
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let layers: Vec<usize> = if down {
            (0..order.len()).collect()
        } else {
            (0..order.len()).rev().collect()
        };
        for l in layers {
            let targets: Vec<(f64, f64)> = order[l]
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
            for (&node, value) in order[l].iter().zip(isotonic(&targets, &offsets[l])) {
                coordinate[node] = value;
            }
        }
    }
    coordinate
}

/// The size of every node across its layer, from [`MIN_SIZE`] to 1: like the radius of its circle,
/// the square root of the weight through it. Layers of a single node do not count for the maximum.
/// Without any weight all sizes are 1.
fn node_sizes(order: &[Vec<usize>], graph: &Neighbors) -> Vec<f64> {
    let flow = |v: usize| {
        let sum = |near: &[(usize, f64)]| near.iter().map(|&(_, weight)| weight).sum::<f64>();
        sum(&graph.before[v]).max(sum(&graph.after[v]))
    };
    let flows: Vec<f64> = (0..graph.before.len()).map(flow).collect();
    let several = order.iter().filter(|nodes| nodes.len() > 1).flatten();
    let most = several.map(|&v| flows[v]).fold(0.0, f64::max);
    let size = |&flow: &f64| {
        if most > 0.0 {
            (flow / most).sqrt().clamp(MIN_SIZE, 1.0)
        } else {
            1.0
        }
    };
    flows.iter().map(size).collect()
}

/// The coordinates of the nodes of a layer packed as closely as their sizes allow, from 0.
fn offsets(nodes: &[usize], sizes: &[f64]) -> Vec<f64> {
    let mut at = 0.0;
    let mut before = None;
    let place = |&node: &usize| {
        if let Some(before) = before {
            at += f64::midpoint(before, sizes[node]);
        }
        before = Some(sizes[node]);
        at
    };
    nodes.iter().map(place).collect()
}

/// The values nearest to the targets in weighted least squares, given as (target, weight), that are
/// at least as far apart as the offsets: isotonic regression of `target − offset` by pooling
/// adjacent violators.
fn isotonic(targets: &[(f64, f64)], offsets: &[f64]) -> Vec<f64> {
    // Pools of (mean, weight, members).
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (&(target, weight), offset) in targets.iter().zip(offsets) {
        let mut pool = (target - offset, weight, 1);
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
