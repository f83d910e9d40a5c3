use mri_core::{ReduceError, Watch};
use rayon::prelude::*;

use super::neighbors::Neighbors;
use super::table::Table;
use crate::linalg::products_f32;
use crate::simd::{Kernel, LANES, square_distance, widest};

/// The tile of a matrix product: queries, and rows they are compared with. Its products fill half of a
/// typical L2 cache.
const QUERIES: usize = 128;
const TILE: usize = 2048;

/// Candidates beyond `k`: products in `f32` may order near ties wrongly, so the candidates are compared
/// again by their direct distances.
const EXTRA: usize = 8;

/// Bound on the error of a squared distance from products, relative to the squared norms: some thirty
/// roundings of `f32`.
const ERROR: f32 = 2e-6;

/// The `k` nearest rows of `table` to every row of `queries`, the row of the same index excluded if `own`.
pub(super) fn search(
    table: &Table,
    queries: &Table,
    k: usize,
    own: bool,
    watch: &dyn Watch,
) -> Result<Neighbors, ReduceError> {
    let n = queries.len();
    let mut found = Neighbors::empty(n, k);
    let done = std::sync::atomic::AtomicUsize::new(0);
    found
        .chunks_mut(QUERIES)
        .enumerate()
        .try_for_each(|(block, (ids, distances))| {
            let start = block * QUERIES;
            let end = (start + QUERIES).min(n);
            let so_far = done.fetch_add(end - start, std::sync::atomic::Ordering::Relaxed);
            watch.check("neighbors", so_far, n)?;
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

/// The nearest rows so far, unordered, keyed by squared distance less the query's squared norm.
struct Best {
    keep: usize,
    own: usize,
    /// Rows of larger keys are not among the nearest.
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

    /// Drops all but the nearest. Called when the buffer is full, so that its cost is amortized.
    fn prune(&mut self) {
        if self.seen.len() > self.keep {
            let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            let (_, last, _) = self.seen.select_nth_unstable_by(self.keep - 1, order);
            self.bound = last.0;
            self.seen.truncate(self.keep);
        }
    }
}

/// Scans a tile of products for candidates.
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

/// Sorts the candidates of a query by their direct distances. If the error bound does not exclude that a
/// rejected row is nearer, as among near duplicates, all rows are compared directly.
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
