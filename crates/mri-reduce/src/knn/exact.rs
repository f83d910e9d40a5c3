use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use mri_core::{ReduceError, Watch};
use mri_simd::{F32_LANES as LANES, Kernel, Simd, dispatch};
use rayon::prelude::*;

use super::neighbors::Neighbors;
use super::table::Table;
use crate::linalg::products_f32;
use crate::vector_math::square_distance;

/// The tile of a matrix product: queries, and rows they are compared with. Its products fill half
/// of a typical L2 cache.
const QUERIES: usize = 128;
const TILE: usize = 2048;

/// Candidates beyond `k`: products in `f32` may order near ties wrongly, so the candidates are
/// compared again by their direct distances.
const EXTRA: usize = 8;

/// Bound on the error of a squared distance from products, relative to the squared norms: some
/// thirty roundings of `f32`.
const ERROR: f32 = 2e-6;

/// The `k` nearest rows of `table` to every row of `queries`.
pub(super) fn search(
    table: &Table,
    queries: &Table,
    k: usize,
    watch: &dyn Watch,
) -> Result<Neighbors, ReduceError> {
    let n = queries.len();
    let mut found = Neighbors::empty(n, k);
    let done = AtomicUsize::new(0);
    found
        .chunks_mut(QUERIES)
        .enumerate()
        .try_for_each(|(block, (ids, distances))| {
            let start = block * QUERIES;
            let end = (start + QUERIES).min(n);
            watch.check("neighbors", done.fetch_add(end - start, Relaxed), n)?;
            let new = |_| Best::new(k + EXTRA, usize::MAX);
            let mut best: Vec<Best> = (start..end).map(new).collect();
            let mut products = vec![0.0; (end - start) * TILE.min(table.len())];
            for from in (0..table.len()).step_by(TILE) {
                let to = (from + TILE).min(table.len());
                let products = &mut products[..(end - start) * (to - from)];
                let (a, b) = (queries.rows(start, end), table.rows(from, to));
                products_f32(a, b, table.width(), products);
                dispatch(Scan {
                    best: &mut best,
                    products,
                    squares: &table.squares()[from..to],
                    from,
                });
            }
            finish(table, queries, start, best, ids, distances);
            Ok::<(), ReduceError>(())
        })?;
    Ok(found)
}

/// The `k` nearest other rows of every row of `table`.
///
/// Products are symmetric: each is computed once and scanned for both of its rows. The order in
/// which threads offer candidates does not matter, as `Finish` makes sure of the result.
pub(super) fn search_self(
    table: &Table,
    k: usize,
    watch: &dyn Watch,
) -> Result<Neighbors, ReduceError> {
    let n = table.len();
    let blocks: Vec<Mutex<Vec<Best>>> = (0..n)
        .step_by(QUERIES)
        .map(|start| {
            let rows = start..(start + QUERIES).min(n);
            Mutex::new(rows.map(|i| Best::new(k + EXTRA, i)).collect())
        })
        .collect();
    // A poisoned lock would mean that another task panicked, and with it the whole search.
    let lock = |block: usize| blocks[block].lock().unwrap_or_else(PoisonError::into_inner);
    let done = AtomicUsize::new(0);
    let tasks = (0..blocks.len()).into_par_iter();
    tasks.try_for_each_init(Vec::new, |products, block| {
        let start = block * QUERIES;
        let end = (start + QUERIES).min(n);
        watch.check("neighbors", done.fetch_add(end - start, Relaxed), n)?;
        for from in (start..n).step_by(TILE) {
            let to = (from + TILE).min(n);
            products.resize((end - start) * (to - from), 0.0);
            let (a, b) = (table.rows(start, end), table.rows(from, to));
            products_f32(a, b, table.width(), products);
            let squares = table.squares();
            dispatch(Scan {
                best: &mut lock(block),
                products,
                squares: &squares[from..to],
                from,
            });
            // The first block of columns is that of the rows themselves.
            for other in (from / QUERIES).max(block + 1)..to.div_ceil(QUERIES) {
                dispatch(ScanColumns {
                    best: &mut lock(other),
                    products,
                    width: to - from,
                    first: other * QUERIES - from,
                    squares: &squares[start..end],
                    from: start,
                });
            }
        }
        Ok::<(), ReduceError>(())
    })?;
    let mut found = Neighbors::empty(n, k);
    found
        .chunks_mut(QUERIES)
        .zip(blocks.into_par_iter())
        .enumerate()
        .for_each(|(block, ((ids, distances), best))| {
            let best = best.into_inner().unwrap_or_else(PoisonError::into_inner);
            finish(table, table, block * QUERIES, best, ids, distances);
        });
    Ok(found)
}

/// The neighbors of a block of queries from their candidates.
fn finish(
    table: &Table,
    queries: &Table,
    start: usize,
    best: Vec<Best>,
    ids: &mut [u32],
    distances: &mut [f32],
) {
    let k = ids.len() / best.len().max(1);
    let rows = ids.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
    for ((i, best), (ids, distances)) in (start..).zip(best).zip(rows) {
        dispatch(Finish {
            query: queries.row(i),
            square: queries.squares()[i],
            table,
            best,
            ids,
            distances,
        });
    }
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
    fn run<S: Simd>(self) {
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

/// Scans a block of columns of a tile of products for candidates of the rows that belong to the
/// columns.
struct ScanColumns<'a> {
    /// Of the rows of the columns.
    best: &'a mut [Best],
    products: &'a [f32],
    /// The number of columns of the tile, and the first column of the block.
    width: usize,
    first: usize,
    /// The squared norms of the rows of the tile, and the index of the first of them.
    squares: &'a [f32],
    from: usize,
}

impl Kernel for ScanColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let columns = self.best.len();
        let whole = columns - columns % LANES;
        let mut bounds = [f32::NEG_INFINITY; QUERIES];
        for (bound, best) in bounds.iter_mut().zip(self.best.iter()) {
            *bound = best.bound;
        }
        let rows = self.products.chunks_exact(self.width);
        for ((i, products), square) in (self.from..).zip(rows).zip(self.squares) {
            let products = &products[self.first..self.first + columns];
            let lanes = products.chunks_exact(LANES).enumerate();
            for (chunk, p) in lanes {
                let bounds = &mut bounds[chunk * LANES..][..LANES];
                let mut near = false;
                for l in 0..LANES {
                    near |= square - 2.0 * p[l] < bounds[l];
                }
                if near {
                    for (l, bound) in bounds.iter_mut().enumerate() {
                        let best = &mut self.best[chunk * LANES + l];
                        best.add(square - 2.0 * p[l], i);
                        *bound = best.bound;
                    }
                }
            }
            for (best, p) in self.best[whole..].iter_mut().zip(&products[whole..]) {
                best.add(square - 2.0 * p, i);
            }
        }
    }
}

/// Sorts the candidates of a query by their direct distances. If the error bound does not exclude
/// that a rejected row is nearer, as among near duplicates, all rows are compared directly.
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
    fn run<S: Simd>(mut self) {
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
