use mri_stats::{Summary, pearson};
use serde::{Deserialize, Serialize};

use crate::digraph::LayeredDigraph;
use crate::metrics::projection::{Projection, ProjectionMetrics};

/// The metrics of one graph. `None` where one is not defined, such as the variance of one node.
///
/// Throughout, `V` is the number of nodes, `E` of edges, `L` of layers (empty ones included),
/// `l(v)` the layer of node `v` counted from 0, `w` the weight of an edge. The *degree* of a node
/// counts its edges, incoming and outgoing; its *strength* sums their weights. Their moments are
/// those of [`Summary`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// `V`.
    pub nodes: usize,
    /// `E`.
    pub edges: usize,
    /// Mean degree, `2 E / V`.
    pub mean_degree: Option<f64>,
    /// Sample variance of the degrees.
    pub var_degree: Option<f64>,
    /// Skewness of the degrees.
    pub skew_degree: Option<f64>,
    /// Excess kurtosis of the degrees.
    pub kurt_degree: Option<f64>,
    /// Mean strength, `2 sum(w) / V`. With `n` texts, `sum(w) = n (L - 1)`, so that this number
    /// grows with the class; [`mean_strength_per_text`](Self::mean_strength_per_text) does not.
    pub mean_strength: Option<f64>,
    /// Sample variance of the strengths.
    pub var_strength: Option<f64>,
    /// Skewness of the strengths.
    pub skew_strength: Option<f64>,
    /// Excess kurtosis of the strengths.
    pub kurt_strength: Option<f64>,
    /// Mean strength over the number of texts, `sum(w) / (L - 1)`: the mean share of the texts that
    /// enter a region plus the share that leave it.
    pub mean_strength_per_text: Option<f64>,
    /// Pearson correlation over edges of the strength that leaves the source and the strength that
    /// enters the target (M. E. J. Newman, "Mixing patterns in networks", 2003): from −1 to 1.
    pub assortativity: Option<f64>,
    /// `E / (V (V - 1))`: edges over ordered pairs of nodes, most of which cannot have an edge.
    pub density: Option<f64>,
    /// `E / sum over l of V(l) V(l + 1)`: edges over the pairs of nodes in adjacent layers.
    pub layered_density: Option<f64>,
    /// `sum over v of (l(v) - (L - 1) / 2) / V`: in layers; 0 is the middle of the model, positive
    /// is towards its output.
    pub center_of_mass: Option<f64>,
    /// The same weighted by the strength `s` of the nodes: `sum of s(v) (l(v) - (L - 1) / 2) / sum
    /// of s(v)`. In a whole co-activation graph every text adds the same to every layer, so this is
    /// 0; it is informative for graphs of correlations.
    pub center_of_strength: Option<f64>,
    /// Per layer, in their order.
    pub by_layer: Vec<LayerMetrics>,
    /// The projection onto layers 0, 2, 4, ...
    pub even: ProjectionMetrics,
    /// The projection onto layers 1, 3, 5, ...
    pub odd: ProjectionMetrics,
}

/// The metrics of the nodes of one layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LayerMetrics {
    /// The position of the layer, counted from 0.
    #[serde(rename = "layer")]
    pub position: usize,
    /// Its number of nodes.
    pub nodes: usize,
    /// Mean degree of its nodes.
    pub mean_degree: Option<f64>,
    /// Sample variance of their degrees.
    pub var_degree: Option<f64>,
    /// Mean strength of its nodes.
    pub mean_strength: Option<f64>,
    /// Sample variance of their strengths.
    pub var_strength: Option<f64>,
}

impl Metrics {
    /// Measures a graph.
    ///
    /// # Complexity
    /// O(E), plus up to O(n³) for the projections, with `n` nodes in every other layer.
    #[must_use]
    pub fn of(graph: &LayeredDigraph) -> Self {
        let n = graph.n_nodes() as f64;
        let n_edges = graph.edges().len() as f64;
        let degrees = graph.degrees();
        let strengths = graph.strengths();
        let degree = Summary::of(&degrees);
        let strength = Summary::of(&strengths);
        let (out, into) = graph.flows();
        let ends = graph.edges().iter().map(|&(u, v, _)| (out[u], into[v]));

        let total: f64 = graph.edges().iter().map(|&(_, _, w)| w).sum();
        let texts = total / (graph.n_layers().max(1) - 1) as f64;
        let sizes = graph.layer_sizes();
        let possible: usize = sizes.windows(2).map(|pair| pair[0] * pair[1]).sum();

        let middle = (graph.n_layers() as f64 - 1.0) / 2.0;
        let offsets = graph.layers().iter().map(|&layer| layer as f64 - middle);
        let of_strength: f64 = offsets.clone().zip(&strengths).map(|(o, s)| o * s).sum();
        Self {
            nodes: graph.n_nodes(),
            edges: graph.edges().len(),
            mean_degree: degree.mean,
            var_degree: degree.var,
            skew_degree: degree.skew,
            kurt_degree: degree.kurt,
            mean_strength: strength.mean,
            var_strength: strength.var,
            skew_strength: strength.skew,
            kurt_strength: strength.kurt,
            mean_strength_per_text: strength.mean.filter(|_| total > 0.0).map(|m| m / texts),
            assortativity: pearson(ends),
            density: (graph.n_nodes() > 1).then(|| n_edges / (n * (n - 1.0))),
            layered_density: (possible > 0).then(|| n_edges / possible as f64),
            center_of_mass: (graph.n_nodes() > 0).then(|| offsets.sum::<f64>() / n),
            center_of_strength: (total > 0.0).then(|| of_strength / (2.0 * total)),
            by_layer: by_layer(graph, &degrees, &strengths),
            even: Projection::new(graph, 0).metrics(),
            odd: Projection::new(graph, 1).metrics(),
        }
    }
}

fn by_layer(graph: &LayeredDigraph, degrees: &[f64], strengths: &[f64]) -> Vec<LayerMetrics> {
    let of_layer = |layer: usize, values: &[f64]| {
        let of = graph.layers().iter().zip(values);
        let sample: Vec<f64> = of
            .filter(|&(&l, _)| l == layer)
            .map(|(_, &value)| value)
            .collect();
        Summary::of(&sample)
    };
    (0..graph.n_layers())
        .zip(graph.layer_sizes())
        .map(|(position, nodes)| {
            let degree = of_layer(position, degrees);
            let strength = of_layer(position, strengths);
            LayerMetrics {
                position,
                nodes,
                mean_degree: degree.mean,
                var_degree: degree.var,
                mean_strength: strength.mean,
                var_strength: strength.var,
            }
        })
        .collect()
}
