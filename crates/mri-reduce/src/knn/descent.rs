//! Nearest neighbours of many rows, nearly all of them found.
//!
//! Rows are split by random hyperplanes down to leaves (Dasgupta & Freund 2008), in each of which
//! all pairs are compared; several such trees give a good part of the neighbours. The rest is found
//! by comparing the neighbours of every row with each other (nearest-neighbour descent; Dong, Moses &
//! Li 2011). Either way rows are compared group by group, and a group stays in the processor's cache
//! while its rows meet.
//!
//! Groups are taken in batches. Those of a batch all look at the lists that the batches before it
//! left, and what they find is entered when all are done, each list by one thread and in an order of
//! distances and row numbers: the number of threads changes nothing.

use mri_core::{ReduceError, Watch};
use rayon::prelude::*;

use super::Neighbours;
use super::table::Table;
use crate::random;
use crate::simd::{Kernel, square_distance, square_distances, widest};

/// Trees that are tried first. Two or four leave the rounds more to do than they save.
const TREES: usize = 8;

/// Rows of a leaf at most, as long as that is three times the length of the lists, which one leaf
/// must fill. Its rows stay in the cache.
const LEAF: usize = 96;

/// Neighbours that are kept beyond those wanted: longer lists lead to many more rows. On 20,000 rows of
/// real activations the recall of 14 neighbours is 0.962 with 6 more, 0.975 with 10, 0.983 with 14.
const EXTRA: usize = 12;

/// Neighbours of a row, the nearest, that are compared with each other, and as many of those that have
/// it as such a neighbour: the pairs of long lists would be too many.
const SIDE: usize = 30;

/// Rounds of descent at most; real activations are done after some five.
const ROUNDS: usize = 12;

/// A round that improves fewer than this share of all places in lists is the last.
const ENOUGH: f64 = 0.002;

/// Rows whose groups make a batch: their finds take some tens of megabytes.
const BATCH: usize = 16_384;

/// Rows whose lists one thread fills.
const RANGE: usize = 1024;

/// A neighbour: its squared distance, its number, and whether it is yet to be compared with the
/// row's others.
#[derive(Debug, Clone, Copy)]
struct Entry {
    square: f32,
    id: u32,
    fresh: bool,
}

impl Entry {
    const NONE: Self = Self {
        square: f32::INFINITY,
        id: u32::MAX,
        fresh: false,
    };
}

/// Rows to be compared: each of the first `fresh` with all that come after it.
struct Group {
    rows: Vec<u32>,
    fresh: usize,
}

/// That row `id` is near row `to`.
#[derive(Clone, Copy)]
struct Find {
    to: u32,
    id: u32,
    square: f32,
}

/// The neighbours known of every row, `keep` of each, nearest first.
struct Lists {
    keep: usize,
    entries: Vec<Entry>,
}

/// The `k` nearest others of every row.
pub(super) fn search(
    table: &Table,
    k: usize,
    seed: u64,
    watch: &dyn Watch,
) -> Result<Neighbours, ReduceError> {
    let n = table.len();
    let keep = (k + EXTRA).min(n - 1);
    let mut lists = Lists {
        keep,
        entries: vec![Entry::NONE; n * keep],
    };
    let steps = TREES + ROUNDS;
    // Rows of a leaf have neighbours in common: taken one after the other they are found in the cache.
    let mut order: Vec<u32> = Vec::new();
    for tree in 0..TREES {
        watch.check("neighbours", tree, steps)?;
        let leaf = LEAF.max(3 * keep);
        let leaves = leaves(table, leaf, random::bits(seed, tree as u64));
        for batch in leaves.chunks((BATCH / leaf).max(1)) {
            lists.improve(table, batch);
        }
        if tree == 0 {
            order = leaves.into_iter().flat_map(|leaf| leaf.rows).collect();
        }
    }
    for round in 0..ROUNDS {
        let step = TREES + round;
        watch.check("neighbours", step, steps)?;
        let groups = lists.groups(&order, random::bits(seed, step as u64));
        let improved: usize = groups
            .chunks(BATCH)
            .map(|batch| lists.improve(table, batch))
            .sum();
        if (improved as f64) < ENOUGH * (n * keep) as f64 {
            break;
        }
    }
    watch.check("neighbours", steps, steps)?;
    let mut found = Neighbours::empty(n, k);
    found
        .chunks_mut(1)
        .zip(lists.entries.par_chunks(keep))
        .for_each(|((ids, distances), list)| {
            for ((id, distance), entry) in ids.iter_mut().zip(distances).zip(list) {
                *id = entry.id;
                *distance = table.measure(entry.square);
            }
        });
    Ok(found)
}

/// Halves the rows by a random hyperplane, again and again.
fn leaves(table: &Table, leaf: usize, seed: u64) -> Vec<Group> {
    let mut rows: Vec<u32> = (0..table.len() as u32).collect();
    let mut found = Vec::new();
    split(table, leaf, &mut rows, seed, &mut found);
    found
}

fn split(table: &Table, leaf: usize, rows: &mut [u32], seed: u64, found: &mut Vec<Group>) {
    let n = rows.len();
    if n <= leaf {
        found.push(Group {
            rows: rows.to_vec(),
            fresh: n,
        });
        return;
    }
    // Which of two rows is nearer: a direction in which rows are spread.
    let a = random::below(seed, 0, n);
    let b = (a + 1 + random::below(seed, 1, n - 1)) % n;
    let (a, b) = (table.row(rows[a] as usize), table.row(rows[b] as usize));
    let mut along: Vec<(f32, u32)> = rows
        .par_iter()
        .with_min_len(512)
        .map(|&i| (widest(Nearer(table.row(i as usize), a, b)), i))
        .collect();
    // At the median, so that equal rows make no leaf larger than another.
    let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    along.select_nth_unstable_by(n / 2, order);
    for (row, (_, i)) in rows.iter_mut().zip(&along) {
        *row = *i;
    }
    let (low, high) = rows.split_at_mut(n / 2);
    let mut more = Vec::new();
    rayon::join(
        || split(table, leaf, low, random::bits(seed, 2), found),
        || split(table, leaf, high, random::bits(seed, 3), &mut more),
    );
    found.append(&mut more);
}

/// How much nearer the first row is to the second than to the third.
struct Nearer<'a>(&'a [f32], &'a [f32], &'a [f32]);

impl Kernel for Nearer<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        square_distance(self.0, self.2) - square_distance(self.0, self.1)
    }
}

impl Lists {
    /// Compares the rows of each group; returns how many places in lists were improved.
    fn improve(&mut self, table: &Table, groups: &[Group]) -> usize {
        let ranges = table.len().div_ceil(RANGE);
        let bounds: Vec<f32> = self
            .entries
            .chunks_exact(self.keep)
            .map(|list| list[self.keep - 1].square)
            .collect();
        // By task of groups, then by range of rows that they are near to.
        let finds: Vec<Vec<Vec<Find>>> = groups
            .par_chunks(groups.len().div_ceil(64).max(1))
            .map(|groups| {
                let mut finds = vec![Vec::new(); ranges];
                for group in groups {
                    widest(Join {
                        table,
                        group,
                        bounds: &bounds,
                        finds: &mut finds,
                    });
                }
                finds
            })
            .collect();
        let keep = self.keep;
        self.entries
            .par_chunks_mut(RANGE * keep)
            .enumerate()
            .map(|(range, lists)| {
                let mut improved = 0;
                for find in finds.iter().flat_map(|task| &task[range]) {
                    let at = (find.to as usize - range * RANGE) * keep;
                    improved += usize::from(enter(&mut lists[at..at + keep], *find));
                }
                improved
            })
            .sum()
    }

    /// For every row the rows near it or that it is near to, those not yet compared first; all count
    /// as compared from now on.
    fn groups(&mut self, order: &[u32], seed: u64) -> Vec<Group> {
        let (n, keep) = (order.len(), self.keep);
        let side = keep.min(SIDE);
        // Who has each row among its nearest, by counting.
        let mut starts = vec![0_usize; n + 1];
        for list in self.entries.chunks_exact(keep) {
            for entry in &list[..side] {
                starts[entry.id as usize + 1] += 1;
            }
        }
        (0..n).for_each(|i| starts[i + 1] += starts[i]);
        let mut next = starts.clone();
        let mut back = vec![(0_u64, 0_u32, false); n * side];
        for (i, list) in self.entries.chunks_exact(keep).enumerate() {
            for (place, entry) in list[..side].iter().enumerate() {
                let chance = random::bits(seed, (i * side + place) as u64);
                let at = &mut next[entry.id as usize];
                back[*at] = (chance, i as u32, entry.fresh);
                *at += 1;
            }
        }
        let groups = order.par_iter().map(|&i| {
            let i = i as usize;
            let forth = &self.entries[i * keep..][..side];
            let mut near: Vec<(u32, bool)> = forth.iter().map(|e| (e.id, !e.fresh)).collect();
            // Some rows are in very many lists; chance leaves them as many as any row has itself.
            let mut back = back[starts[i]..starts[i + 1]].to_vec();
            if back.len() > side {
                back.select_nth_unstable(side);
                back.truncate(side);
            }
            near.extend(back.iter().map(|&(_, id, fresh)| (id, !fresh)));
            near.sort_unstable();
            near.dedup_by_key(|(id, _)| *id);
            let (fresh, old): (Vec<_>, Vec<_>) = near.into_iter().partition(|(_, old)| !old);
            Group {
                fresh: fresh.len(),
                rows: fresh.iter().chain(&old).map(|(id, _)| *id).collect(),
            }
        });
        let groups = groups.collect();
        let compared = |list: &mut [Entry]| list[..side].iter_mut().for_each(|e| e.fresh = false);
        self.entries.par_chunks_mut(keep).for_each(compared);
        groups
    }
}

/// Enters a neighbour into a list if it is near enough and new.
fn enter(list: &mut [Entry], find: Find) -> bool {
    let before = |e: &Entry| (e.square, e.id) < (find.square, find.id);
    let at = list.partition_point(before);
    // The distance of two rows has the same bits whenever it is computed.
    if at == list.len() || list[at].id == find.id {
        return false;
    }
    list.copy_within(at..list.len() - 1, at + 1);
    list[at] = Entry {
        square: find.square,
        id: find.id,
        fresh: true,
    };
    true
}

/// Compares the rows of a group.
struct Join<'a> {
    table: &'a Table,
    group: &'a Group,
    bounds: &'a [f32],
    finds: &'a mut [Vec<Find>],
}

impl Kernel for Join<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        /// Rows that one row is compared with at a time.
        const ABREAST: usize = 4;
        let rows = &self.group.rows;
        let row = |i: u32| self.table.row(i as usize);
        let mut meet = |a: u32, b: u32, square: f32| {
            for (to, id) in [(a, b), (b, a)] {
                if square < self.bounds[to as usize] {
                    self.finds[to as usize / RANGE].push(Find { to, id, square });
                }
            }
        };
        for (i, &a) in rows[..self.group.fresh].iter().enumerate() {
            let others = rows[i + 1..].chunks_exact(ABREAST);
            for &b in others.remainder() {
                meet(a, b, square_distance(row(a), row(b)));
            }
            for some in others {
                let four = [row(some[0]), row(some[1]), row(some[2]), row(some[3])];
                let squares: [f32; ABREAST] = square_distances(row(a), four);
                for (&b, square) in some.iter().zip(squares) {
                    meet(a, b, square);
                }
            }
        }
    }
}
