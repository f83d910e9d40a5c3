use mri_core::{ReduceError, Watch};
use rayon::prelude::*;

use super::Neighbours;
use super::table::Table;
use crate::linalg::products_f32;
use crate::simd::{Kernel, LANES, square_distance, widest};

/// Rows of queries per matrix product, and rows they are compared with: the products fill half of a
/// usual second-level cache.
const QUERIES: usize = 128;
const TILE: usize = 2048;

/// Candidates kept beyond those wanted, because products in `f32` may put near ties in a wrong order;
/// the candidates are then compared by their true distances.
const EXTRA: usize = 8;

/// How far a product form of a squared distance may be from the truth, as a share of the squares that
/// it is made of: some thirty roundings of `f32`.
const ERROR: f32 = 2e-6;

/// The `k` nearest of `table` to every row of `queries`; without the row of the same number if `own`.
pub(super) fn search(
    table: &Table,
    queries: &Table,
    k: usize,
    own: bool,
    watch: &dyn Watch,
) -> Result<Neighbours, ReduceError> {
    let n = queries.len();
    let mut found = Neighbours::empty(n, k);
    let done = std::sync::atomic::AtomicUsize::new(0);
    found
        .chunks_mut(QUERIES)
        .enumerate()
        .try_for_each(|(block, (ids, distances))| {
            let start = block * QUERIES;
            let end = (start + QUERIES).min(n);
            let so_far = done.fetch_add(end - start, std::sync::atomic::Ordering::Relaxed);
            watch.check("neighbours", so_far, n)?;
            let mut best: Vec<Best> = (start..end)
                .map(|i| Best::new(k + EXTRA, if own { i } else { usize::MAX }))
                .collect();
            let mut products = vec![0.0; (end - start) * TILE.min(table.len())];
            for from in (0..table.len()).step_by(TILE) {
                let to = (from + TILE).min(table.len());
                let products = &mut products[..(end - start) * (to - from)];
                let (a, b) = (queries.rows(start, end), table.rows(from, to));
                products_f32(a, b, table.width(), products);
                let squares = &table.squares()[from..to];
                widest(Scan {
                    best: &mut best,
                    products,
                    squares,
                    from,
                });
            }
            let rows = ids.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
            for ((i, best), (ids, distances)) in (start..end).zip(best).zip(rows) {
                widest(Finish {
                    query: queries.row(i),
                    square: queries.squares()[i],
                    table,
                    best,
                    ids,
                    distances,
                });
            }
            Ok::<(), ReduceError>(())
        })?;
    Ok(found)
}

/// The nearest rows seen so far, unordered, by squared distance less the query's own square.
struct Best {
    keep: usize,
    own: usize,
    /// Rows farther than this are not among the nearest.
    bound: f32,
    seen: Vec<(f32, u32)>,
}

impl Best {
    fn new(keep: usize, own: usize) -> Self {
        Self {
            keep,
            own,
            bound: f32::INFINITY,
            seen: Vec::with_capacity(4 * keep),
        }
    }

    fn add(&mut self, key: f32, id: usize) {
        if key < self.bound && id != self.own {
            self.seen.push((key, id as u32));
            if self.seen.len() == 4 * self.keep {
                self.prune();
            }
        }
    }

    /// Drops all but the nearest; now and then, so that its cost is spread over many additions.
    fn prune(&mut self) {
        if self.seen.len() > self.keep {
            let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            let (_, last, _) = self.seen.select_nth_unstable_by(self.keep - 1, order);
            self.bound = last.0;
            self.seen.truncate(self.keep);
        }
    }
}

/// Goes through a tile of products, row by row of the queries.
struct Scan<'a> {
    best: &'a mut [Best],
    products: &'a [f32],
    squares: &'a [f32],
    from: usize,
}

impl Kernel for Scan<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let n = self.squares.len();
        let whole = n - n % LANES;
        for (best, products) in self.best.iter_mut().zip(self.products.chunks_exact(n)) {
            let lanes = products
                .chunks_exact(LANES)
                .zip(self.squares.chunks_exact(LANES));
            for (chunk, (p, s)) in lanes.enumerate() {
                let mut keys = [0.0; LANES];
                let mut near = false;
                for l in 0..LANES {
                    keys[l] = s[l] - 2.0 * p[l];
                    near |= keys[l] < best.bound;
                }
                if near {
                    for (l, &key) in keys.iter().enumerate() {
                        best.add(key, self.from + chunk * LANES + l);
                    }
                }
            }
            let rest = products[whole..].iter().zip(&self.squares[whole..]);
            for (j, (p, s)) in rest.enumerate() {
                best.add(s - 2.0 * p, self.from + whole + j);
            }
        }
    }
}

/// Orders the candidates of a query by their true distances. Where rows left out may be nearer than
/// those, as among near copies, whose distances drown in the roundings of the products, all rows are
/// compared again without products.
struct Finish<'a> {
    query: &'a [f32],
    square: f32,
    table: &'a Table,
    best: Best,
    ids: &'a mut [u32],
    distances: &'a mut [f32],
}

impl Kernel for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        self.best.prune();
        let Best { own, bound, .. } = self.best;
        let mut seen = self.best.seen;
        let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        let mut largest = self.square;
        for (key, id) in &mut seen {
            *key = square_distance(self.query, self.table.row(*id as usize));
            largest = largest.max(self.table.squares()[*id as usize]);
        }
        seen.sort_unstable_by(order);
        let k = self.ids.len();
        let error = ERROR * (self.square + largest);
        if seen
            .get(k - 1)
            .is_some_and(|last| last.0 > self.square + bound - error)
        {
            let others = (0..self.table.len()).filter(|&j| j != own);
            seen.clear();
            seen.extend(others.map(|j| (square_distance(self.query, self.table.row(j)), j as u32)));
            if seen.len() > k {
                seen.select_nth_unstable_by(k - 1, order);
                seen.truncate(k);
            }
            seen.sort_unstable_by(order);
        }
        for ((id, distance), (square, j)) in self.ids.iter_mut().zip(self.distances).zip(seen) {
            *id = j;
            *distance = self.table.measure(square);
        }
    }
}
