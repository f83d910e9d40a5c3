use crate::error::GraphError;

/// A weighted directed graph whose nodes are in layers and whose edges lead from a layer to the
/// next.
///
/// [`Metrics`](crate::Metrics) are computed from this form: nodes are numbered from 0 and have only
/// a layer, so any layered graph can be measured. A [`GraphView`](crate::GraphView) becomes one
/// with [`digraph`](crate::GraphView::digraph).
///
/// **Invariant:** no edge occurs twice, every weight is finite and above 0, and edges are sorted by
/// source, then target.
#[derive(Debug, Clone, PartialEq)]
pub struct LayeredDigraph {
    n_layers: usize,
    layers: Vec<usize>,
    edges: Vec<(usize, usize, f64)>,
    /// `edges[first[v]..first[v + 1]]` leave node `v`.
    first: Vec<usize>,
}

impl LayeredDigraph {
    /// A graph from the layer of every node and `(source, target, weight)` per edge.
    ///
    /// # Errors
    /// [`GraphError::BadEdge`] if an edge names an unknown node, skips a layer, occurs twice or has
    /// a weight that is not finite and above 0; [`GraphError::UnknownLayer`] if a node's layer is
    /// `n_layers` or more.
    pub fn new(
        n_layers: usize,
        layers: Vec<usize>,
        mut edges: Vec<(usize, usize, f64)>,
    ) -> Result<Self, GraphError> {
        if let Some(&position) = layers.iter().find(|&&layer| layer >= n_layers) {
            return Err(GraphError::UnknownLayer { position, n_layers });
        }
        edges.sort_by_key(|&(source, target, _)| (source, target));
        for (i, &(source, target, weight)) in edges.iter().enumerate() {
            let problem = if source >= layers.len() || target >= layers.len() {
                "one of its nodes is not there"
            } else if layers[target] != layers[source] + 1 {
                "it does not lead to the next layer"
            } else if !(weight.is_finite() && weight > 0.0) {
                "the weight is not finite and above 0"
            } else if i > 0 && (edges[i - 1].0, edges[i - 1].1) == (source, target) {
                "it occurs twice"
            } else {
                continue;
            };
            return Err(GraphError::BadEdge {
                source_node: source,
                target_node: target,
                problem,
            });
        }
        Ok(Self::from_parts(n_layers, layers, edges))
    }

    /// As [`new`](Self::new), for edges that are known to be valid; they are sorted here.
    pub(crate) fn from_parts(
        n_layers: usize,
        layers: Vec<usize>,
        mut edges: Vec<(usize, usize, f64)>,
    ) -> Self {
        edges.sort_by_key(|&(source, target, _)| (source, target));
        let mut first = vec![0; layers.len() + 1];
        for &(source, _, _) in &edges {
            first[source + 1] += 1;
        }
        for v in 0..layers.len() {
            first[v + 1] += first[v];
        }
        Self {
            n_layers,
            layers,
            edges,
            first,
        }
    }

    /// The number of layers, those without a node included.
    #[must_use]
    pub fn n_layers(&self) -> usize {
        self.n_layers
    }

    /// The number of nodes.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.layers.len()
    }

    /// The layer of every node.
    #[must_use]
    pub fn layers(&self) -> &[usize] {
        &self.layers
    }

    /// The edges as `(source, target, weight)`, sorted by source, then target.
    #[must_use]
    pub fn edges(&self) -> &[(usize, usize, f64)] {
        &self.edges
    }

    /// The edges that leave a node.
    #[must_use]
    pub fn out_edges(&self, node: usize) -> &[(usize, usize, f64)] {
        &self.edges[self.first[node]..self.first[node + 1]]
    }

    /// How many edges touch each node, in and out together.
    #[must_use]
    pub fn degrees(&self) -> Vec<f64> {
        self.sum_over_ends(|_| 1.0)
    }

    /// The weight of the edges that touch each node, in and out together.
    #[must_use]
    pub fn strengths(&self) -> Vec<f64> {
        self.sum_over_ends(|weight| weight)
    }

    fn sum_over_ends(&self, value: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.n_nodes()];
        for &(source, target, weight) in &self.edges {
            sums[source] += value(weight);
            sums[target] += value(weight);
        }
        sums
    }

    /// The weight that leaves each node, and the weight that enters it.
    #[must_use]
    pub fn flows(&self) -> (Vec<f64>, Vec<f64>) {
        let mut out = vec![0.0; self.n_nodes()];
        let mut into = vec![0.0; self.n_nodes()];
        for &(source, target, weight) in &self.edges {
            out[source] += weight;
            into[target] += weight;
        }
        (out, into)
    }

    /// The neighbors of every node, in and out together, in ascending order.
    pub(crate) fn neighbors(&self) -> Vec<Vec<usize>> {
        let mut neighbors = vec![Vec::new(); self.n_nodes()];
        for &(source, target, _) in &self.edges {
            neighbors[source].push(target);
            neighbors[target].push(source);
        }
        for list in &mut neighbors {
            list.sort_unstable();
        }
        neighbors
    }

    /// The number of nodes in every layer.
    #[must_use]
    pub fn layer_sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.n_layers];
        for &layer in &self.layers {
            sizes[layer] += 1;
        }
        sizes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_not_a_layered_graph() {
        let layers = vec![0, 1, 2];
        for (edges, words) in [
            (vec![(0, 3, 1.0)], "not there"),
            (vec![(0, 2, 1.0)], "next layer"),
            (vec![(1, 0, 1.0)], "next layer"),
            (vec![(0, 1, 0.0)], "above 0"),
            (vec![(0, 1, f64::NAN)], "above 0"),
            (vec![(0, 1, 1.0), (0, 1, 2.0)], "twice"),
        ] {
            let error = LayeredDigraph::new(3, layers.clone(), edges).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
        assert!(LayeredDigraph::new(2, layers, vec![]).is_err());
    }
}
