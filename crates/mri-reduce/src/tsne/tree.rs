//! A tree of groups of points that repel distant points as one (Barnes & Hut 1986).
//!
//! The points are split in halves across their wider side until a block holds at most [`BLOCK`].
//! The nodes lie in one array in preorder. Points move little from one step to the next: the splits
//! are kept for some steps, and only the masses, centers and bounding boxes of the nodes are
//! recomputed.

/// Points per block. The compiler vectorizes loops of this length, which it would unroll at
/// [`F32_LANES`](mri_simd::F32_LANES); and the more points share an interaction list, the fewer
/// lists there are.
pub(super) const BLOCK: usize = 64;

/// One value for each point of a block.
pub(super) type Lane = [f32; BLOCK];

/// A group of points.
#[derive(Clone, Copy)]
struct Node<const D: usize> {
    /// Its first block, and its number of blocks.
    block: usize,
    blocks: usize,
    mass: f32,
    /// The center of mass.
    at: [f32; D],
    low: [f32; D],
    high: [f32; D],
    /// The square of its longest side.
    square: f32,
}

/// Points in blocks, and the groups they form.
pub(super) struct Tree<const D: usize> {
    /// The indices of the points, block by block.
    order: Vec<u32>,
    /// The coordinates of each block: all first ones, then all second ones, and so on.
    blocks: Vec<[Lane; D]>,
    nodes: Vec<Node<D>>,
    /// The node of each block.
    leaves: Vec<usize>,
}

impl<const D: usize> Tree<D> {
    /// Builds a tree.
    pub(super) fn new(points: &[[f32; D]]) -> Self {
        let n = points.len();
        let blocks = n.div_ceil(BLOCK);
        let mut tree = Self {
            order: (0..n as u32).collect(),
            blocks: vec![[[0.0; BLOCK]; D]; blocks],
            nodes: Vec::with_capacity(2 * blocks),
            leaves: Vec::with_capacity(blocks),
        };
        let mut order = std::mem::take(&mut tree.order);
        tree.split(points, &mut order, 0, blocks);
        tree.order = order;
        tree.update(points);
        tree
    }

    /// Appends the node of `blocks` blocks and its descendants, and sorts their points into blocks.
    fn split(&mut self, points: &[[f32; D]], order: &mut [u32], block: usize, blocks: usize) {
        let node = self.nodes.len();
        self.nodes.push(Node {
            block,
            blocks,
            mass: order.len() as f32,
            at: [0.0; D],
            low: [0.0; D],
            high: [0.0; D],
            square: 0.0,
        });
        if blocks <= 1 {
            self.leaves.push(node);
            return;
        }
        let (mut low, mut high) = ([f32::INFINITY; D], [f32::NEG_INFINITY; D]);
        for &i in order.iter() {
            for (c, &v) in points[i as usize].iter().enumerate() {
                (low[c], high[c]) = (low[c].min(v), high[c].max(v));
            }
        }
        let side = |c: &usize| high[*c] - low[*c];
        let widest = (0..D)
            .max_by(|a, b| side(a).total_cmp(&side(b)).then(b.cmp(a)))
            .unwrap_or(0);
        let at = |i: u32| points[i as usize][widest];
        let half = blocks / 2;
        let (low, _, _) = order.select_nth_unstable_by(half * BLOCK, |&a, &b| {
            at(a).total_cmp(&at(b)).then(a.cmp(&b))
        });
        let middle = low.len();
        let (low, high) = order.split_at_mut(middle);
        self.split(points, low, block, half);
        self.split(points, high, block + half, blocks - half);
    }

    /// Recomputes masses, centers and boxes of the same groups from the positions of their points.
    pub(super) fn update(&mut self, points: &[[f32; D]]) {
        for (block, ids) in self.blocks.iter_mut().zip(self.order.chunks(BLOCK)) {
            for (l, &i) in ids.iter().enumerate() {
                for c in 0..D {
                    block[c][l] = points[i as usize][c];
                }
            }
        }
        // Children come after their parent.
        for place in (0..self.nodes.len()).rev() {
            let node = self.nodes[place];
            let (mut at, mut low, mut high) =
                ([0.0; D], [f32::INFINITY; D], [f32::NEG_INFINITY; D]);
            if node.blocks == 1 {
                let count = self.count(node.block);
                for c in 0..D {
                    for &v in &self.blocks[node.block][c][..count] {
                        at[c] += v;
                        (low[c], high[c]) = (low[c].min(v), high[c].max(v));
                    }
                    at[c] /= count as f32;
                }
            } else {
                let (a, b) = self.children(place);
                let (a, b) = (&self.nodes[a], &self.nodes[b]);
                for c in 0..D {
                    at[c] = (a.at[c] * a.mass + b.at[c] * b.mass) / node.mass;
                    low[c] = a.low[c].min(b.low[c]);
                    high[c] = a.high[c].max(b.high[c]);
                }
            }
            let side = (0..D).map(|c| high[c] - low[c]).fold(0.0, f32::max);
            self.nodes[place] = Node {
                at,
                low,
                high,
                square: side * side,
                ..node
            };
        }
    }

    /// The two children of an inner node.
    fn children(&self, place: usize) -> (usize, usize) {
        let first = place + 1;
        (first, first + 2 * self.nodes[first].blocks - 1)
    }

    /// Points in a block: only the last may hold fewer than [`BLOCK`].
    fn count(&self, block: usize) -> usize {
        BLOCK.min(self.order.len() - block * BLOCK)
    }

    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// All points that a block interacts with, its own included: near ones one by one, and groups
    /// as one where their longest side is below `theta` times their distance (the Barnes–Hut
    /// criterion).
    pub(super) fn interaction_list(&self, block: usize, theta: f32, list: &mut Vec<PointMass<D>>) {
        list.clear();
        let Node { low, high, .. } = self.nodes[self.leaves[block]];
        let mut place = 0;
        while let Some(node) = self.nodes.get(place) {
            let mut away = 0.0;
            for c in 0..D {
                let outside = (low[c] - node.at[c]).max(node.at[c] - high[c]).max(0.0);
                away += outside * outside;
            }
            if node.square < theta * theta * away {
                list.push(PointMass {
                    at: node.at,
                    mass: node.mass,
                });
            } else if node.blocks == 1 {
                let others = &self.blocks[node.block];
                list.extend((0..self.count(node.block)).map(|l| PointMass {
                    at: std::array::from_fn(|c| others[c][l]),
                    mass: 1.0,
                }));
            } else {
                place += 1;
                continue;
            }
            place += 2 * node.blocks - 1;
        }
    }

    /// The points of a block.
    pub(super) fn block(&self, block: usize) -> &[Lane; D] {
        &self.blocks[block]
    }
}

/// A point, or a group that acts as one.
#[derive(Clone, Copy)]
pub(super) struct PointMass<const D: usize> {
    pub(super) at: [f32; D],
    /// Its number of points.
    pub(super) mass: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two clouds, one of them narrow, and some equal points.
    fn points(n: u64) -> Vec<[f32; 2]> {
        let normal = |i| crate::random::normal(3, i) as f32;
        let point = |i: u64| match i % 4 {
            0 | 1 => [normal(2 * i) * 9.0, normal(2 * i + 1)],
            2 => [30.0 + 0.1 * normal(2 * i), normal(2 * i + 1)],
            _ => [-5.0, 2.0],
        };
        (0..n).map(point).collect()
    }

    #[test]
    fn groups_push_as_their_points_do() {
        // The push on a point by brute force.
        let push = |own: [f32; 2], seen: &mut dyn Iterator<Item = PointMass<2>>| {
            seen.fold([0.0, 0.0, 0.0], |sum, seen| {
                let difference = [0, 1].map(|c| f64::from(own[c] - seen.at[c]));
                let q = 1.0 / (1.0 + difference[0] * difference[0] + difference[1] * difference[1]);
                let mass = f64::from(seen.mass);
                [
                    sum[0] + mass * q,
                    sum[1] + mass * q * q * difference[0],
                    sum[2] + mass * q * q * difference[1],
                ]
            })
        };
        for n in [1, 2, 63, 64, 65, 129, 3_000] {
            let points = points(n);
            let mut tree = Tree::new(&points);
            // Cut for other places: the groups are worse then, but what they hold is still true.
            let moved: Vec<[f32; 2]> = points.iter().map(|p| [p[1] * 3.0, p[0] - p[1]]).collect();
            for points in [&points, &moved] {
                tree.update(points);
                let mut listed = 0;
                let mut seen = Vec::new();
                for (block, ids) in tree.order().chunks(BLOCK).enumerate() {
                    tree.interaction_list(block, 0.5, &mut seen);
                    listed += seen.len();
                    assert_eq!(seen.iter().map(|s| s.mass).sum::<f32>(), n as f32);
                    for &i in ids.iter().step_by(7) {
                        let own = points[i as usize];
                        let all = points.iter().map(|&at| PointMass { at, mass: 1.0 });
                        let truth = push(own, &mut all.into_iter());
                        let got = push(own, &mut seen.iter().copied());
                        assert!((got[0] / truth[0] - 1.0).abs() < 0.01, "{got:?} {truth:?}");
                        let size = truth[1].hypot(truth[2]);
                        let off = (got[1] - truth[1]).hypot(got[2] - truth[2]);
                        // Where the pushes of all sides cancel, the error is a share of their sum.
                        assert!(off < 0.02 * size + 0.002 * truth[0], "{off} of {size}");
                    }
                }
                let pairs = tree.len() * n as usize;
                assert!(n < 3_000 || listed < pairs / 2, "{listed} of {pairs}");
            }
        }
    }
}
