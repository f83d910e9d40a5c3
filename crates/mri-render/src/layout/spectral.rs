use super::neighbours::Neighbours;

/// Steps of the walk. Differences between near nodes fade first, so that what is left after so many
/// steps is the broad shape of the graph; more steps change the order little.
const STEPS: usize = 40;

/// A value per node by which its layer can be sorted: nodes that are joined by heavy edges, directly
/// or over others, get near values.
///
/// It is a vector that a lazy random walk on the graph leaves nearly unchanged (as in spectral
/// drawing: Koren 2005), found by smoothing an arbitrary vector. The walk's slowest direction in a
/// layered graph leads along the layers, where nothing is to be sorted; taking the mean out of every
/// layer after each step leaves the slowest one across them.
pub(super) fn walk_vector(order: &[Vec<usize>], graph: &Neighbours) -> Vec<f64> {
    let n = graph.before.len();
    let strength: Vec<f64> = (0..n)
        .map(|v| {
            let near = graph.before[v].iter().chain(&graph.after[v]);
            near.map(|&(_, weight)| weight).sum()
        })
        .collect();
    // Any start will do that favours no direction: multiples of the golden ratio, less whole parts,
    // are spread evenly.
    let mut value: Vec<f64> = (0..n)
        .map(|v| (v as f64 * 0.618_033_988_749_895).fract() - 0.5)
        .collect();
    level(&mut value, order, &strength);
    let mut next = value.clone();
    for _ in 0..STEPS {
        for v in 0..n {
            let near = graph.before[v].iter().chain(&graph.after[v]);
            let sum: f64 = near.map(|&(u, weight)| weight * value[u]).sum();
            if strength[v] > 0.0 {
                next[v] = f64::midpoint(value[v], sum / strength[v]);
            }
        }
        std::mem::swap(&mut value, &mut next);
        level(&mut value, order, &strength);
    }
    value
}

/// Takes the mean out of every layer and brings all layers to one size, each node counting by its
/// strength.
fn level(value: &mut [f64], order: &[Vec<usize>], strength: &[f64]) {
    for nodes in order {
        let all: f64 = nodes.iter().map(|&v| strength[v]).sum();
        if all <= 0.0 {
            continue;
        }
        let mean = nodes.iter().map(|&v| strength[v] * value[v]).sum::<f64>() / all;
        let square = |&v: &usize| strength[v] * (value[v] - mean).powi(2);
        let size = (nodes.iter().map(square).sum::<f64>() / all).sqrt();
        for &v in nodes {
            value[v] = if size > 0.0 {
                (value[v] - mean) / size
            } else {
                0.0
            };
        }
    }
}
