/// The neighbors of every node in the previous and in the next layer, with edge weights.
pub(super) struct Neighbors {
    pub(super) before: Vec<Vec<(usize, f64)>>,
    pub(super) after: Vec<Vec<(usize, f64)>>,
}

impl Neighbors {
    pub(super) fn new(layer: &[usize], edges: &[(usize, usize, f64)]) -> Self {
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

    pub(super) fn side(&self, before: bool) -> &[Vec<(usize, f64)>] {
        if before { &self.before } else { &self.after }
    }
}
