use super::neighbors::Neighbors;

/// Smoothing steps. Differences between close nodes vanish first; after this many steps the global
/// structure remains, and more steps hardly change the order.
const STEPS: usize = 40;

/// A value per node by which its layer can be sorted: nodes joined by heavy edges, directly or
/// through others, get similar values.
///
/// It approximates an eigenvector of the lazy random walk on the graph (spectral drawing: Koren
/// 2005) by power iteration. The leading eigenvector of a layered graph varies along the layers,
/// where nothing is to be sorted; centering every layer after each step leaves the leading one
/// across them.
pub(super) fn spectral_values(order: &[Vec<usize>], graph: &Neighbors) -> Vec<f64> {
    let n = graph.before.len();
    let strength: Vec<f64> = (0..n)
        .map(|v| {
            let near = graph.before[v].iter().chain(&graph.after[v]);
            near.map(|&(_, weight)| weight).sum()
        })
        .collect();
    // A start vector without a preferred direction: the fractional parts of multiples of the golden
    // ratio are equidistributed.
    let mut value: Vec<f64> = (0..n)
        .map(|v| (v as f64 * 0.618_033_988_749_895).fract() - 0.5)
        .collect();
    standardize(&mut value, order, &strength);
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
        standardize(&mut value, order, &strength);
    }
    value
}

/// Centers every layer and scales it to unit variance, each node weighted by its strength.
fn standardize(value: &mut [f64], order: &[Vec<usize>], strength: &[f64]) {
    for nodes in order {
        let all: f64 = nodes.iter().map(|&v| strength[v]).sum();
        if all <= 0.0 {
            continue;
        }
        let mean = nodes.iter().map(|&v| strength[v] * value[v]).sum::<f64>() / all;
        let square = |&v: &usize| strength[v] * (value[v] - mean).powi(2);
        let deviation = (nodes.iter().map(square).sum::<f64>() / all).sqrt();
        for &v in nodes {
            value[v] = if deviation > 0.0 {
                (value[v] - mean) / deviation
            } else {
                0.0
            };
        }
    }
}
