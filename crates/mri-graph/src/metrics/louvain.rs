use std::collections::BTreeMap;

use crate::digraph::LayeredDigraph;
use crate::metrics::modularity::modularity;

/// A partition of the nodes into communities.
#[derive(Debug, Clone, PartialEq)]
pub struct Communities {
    /// The community of every node, numbered from 0 in the order of their first node.
    pub membership: Vec<usize>,
    /// Its weighted modularity, see [`modularity`].
    pub modularity: f64,
}

/// Communities by the Louvain method (V. D. Blondel et al., 2008), ignoring the direction of edges.
///
/// Nodes are visited in order and ties go to the lowest community, so the result is deterministic
/// and needs no seed.
#[must_use]
pub fn louvain_communities(graph: &LayeredDigraph) -> Communities {
    let mut of: Vec<usize> = (0..graph.n_nodes()).collect();
    let mut level = Level::new(graph);
    loop {
        let (group, n_groups) = level.sweep();
        if n_groups == level.links.len() {
            break;
        }
        for community in &mut of {
            *community = group[*community];
        }
        level = level.merged(&group, n_groups);
    }
    let modularity = modularity(graph, &of);
    Communities {
        membership: of,
        modularity,
    }
}

/// The graph with communities as its nodes.
struct Level {
    /// Weight to every other node.
    links: Vec<BTreeMap<usize, f64>>,
    strengths: Vec<f64>,
    /// Twice the total weight of the graph.
    twice_total: f64,
}

impl Level {
    fn new(graph: &LayeredDigraph) -> Self {
        let mut links = vec![BTreeMap::new(); graph.n_nodes()];
        for &(u, v, w) in graph.edges() {
            links[u].insert(v, w);
            links[v].insert(u, w);
        }
        let strengths = graph.strengths();
        let twice_total = strengths.iter().sum();
        Self {
            links,
            strengths,
            twice_total,
        }
    }

    /// The local phase: moves nodes to the neighboring community with the largest gain of
    /// modularity until no move gains. Returns the community of every node, numbered without gaps,
    /// and the number of communities.
    fn sweep(&self) -> (Vec<usize>, usize) {
        /// A gain below this is rounding noise; following it could cycle forever.
        const LEAST_GAIN: f64 = 1e-12;
        let n = self.links.len();
        let mut of: Vec<usize> = (0..n).collect();
        let mut totals = self.strengths.clone();
        let mut moved = self.twice_total > 0.0;
        while moved {
            moved = false;
            for v in 0..n {
                let mut to: BTreeMap<usize, f64> = BTreeMap::new();
                for (&u, &w) in &self.links[v] {
                    *to.entry(of[u]).or_default() += w;
                }
                let home = of[v];
                totals[home] -= self.strengths[v];
                let gain = |community: usize, weight: f64| {
                    let expected = self.strengths[v] * totals[community] / self.twice_total;
                    (weight - expected) / self.twice_total
                };
                let mut best = (home, gain(home, to.get(&home).copied().unwrap_or(0.0)));
                for (&community, &weight) in &to {
                    let here = gain(community, weight);
                    if here > best.1 + LEAST_GAIN {
                        best = (community, here);
                    }
                }
                totals[best.0] += self.strengths[v];
                moved |= best.0 != home;
                of[v] = best.0;
            }
        }
        let mut number = vec![usize::MAX; n];
        let mut next = 0;
        for community in &mut of {
            if number[*community] == usize::MAX {
                number[*community] = next;
                next += 1;
            }
            *community = number[*community];
        }
        (of, next)
    }

    fn merged(&self, group: &[usize], n_groups: usize) -> Self {
        let mut links = vec![BTreeMap::new(); n_groups];
        let mut strengths = vec![0.0; n_groups];
        for (v, list) in self.links.iter().enumerate() {
            strengths[group[v]] += self.strengths[v];
            for (&u, &w) in list {
                if group[u] != group[v] {
                    *links[group[v]].entry(group[u]).or_default() += w;
                }
            }
        }
        Self {
            links,
            strengths,
            twice_total: self.twice_total,
        }
    }
}
