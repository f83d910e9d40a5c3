use super::neighbours::Neighbours;

/// Rounds of pulling coordinates towards their neighbours; they settle within a few.
const PULLS: usize = 12;

/// Coordinates that keep the order and a distance of 1, near the weighted mean of the neighbours.
pub(super) fn coordinates(order: &[Vec<usize>], graph: &Neighbours, n: usize) -> Vec<f64> {
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
