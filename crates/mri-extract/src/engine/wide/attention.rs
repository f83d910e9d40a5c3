//! Attention on a CPU: scores, softmax and the mean of the values in one go, without writing the scores
//! to memory.
//!
//! libtorch has this too, made of matrix products as a library offers them. Those of a head are small,
//! 32 to 128 wide, and spend more time on being started and packed than on numbers: with the texts of
//! an abstract's length its attention runs at two fifths of the rate of large products. Here the same
//! tile of registers serves both products, on keys and values that are packed once per head, and texts
//! of any length stand beside each other without padding. Softmax over blocks of keys with a running
//! maximum follows Dao et al., FlashAttention (2022), and Milakov & Gimelshein (2018).

use std::cell::RefCell;
use std::ops::Range;

use super::tile::{DEPTH, Numbers, Rows, STRIDE, copy, product, tiles, with_rows};
use super::{LANES, NOTHING, Sixteen, Work, columns, widest};

/// So many keys are scored at once: their number is the depth of the product with the values.
const KEYS: usize = DEPTH;

/// What the heads of a block do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::engine) struct Heads {
    pub(in crate::engine) queries: usize,
    /// Divides the number of query heads; equally many of those share one.
    pub(in crate::engine) keys: usize,
    /// Up to the depth of a product.
    pub(in crate::engine) width: usize,
    /// Factor on the scores.
    pub(in crate::engine) scale: f32,
    /// Tokens see none that come later.
    pub(in crate::engine) causal: bool,
    /// Tokens see only those nearer than this.
    pub(in crate::engine) window: Option<usize>,
}

/// One text's attention.
pub(in crate::engine) struct Text<'a> {
    /// One row per query: all heads side by side.
    pub(in crate::engine) queries: Rows<'a>,
    /// The places of those queries in the text, one after the other.
    pub(in crate::engine) places: Range<usize>,
    /// One row per token.
    pub(in crate::engine) keys: Rows<'a>,
    /// One row per token.
    pub(in crate::engine) values: Rows<'a>,
    /// The tokens of the text.
    pub(in crate::engine) length: usize,
}

impl Heads {
    /// Whether this processor has wide vectors, and the heads are not too wide for [`Heads::attend`].
    pub(in crate::engine) fn possible(&self) -> bool {
        columns().is_some() && self.width <= DEPTH
    }

    /// The mean of the values that each query sees, weighted by the softmax of the scores: one row
    /// per query, all heads side by side. A row's bits depend on its text and the queries beside it alone.
    ///
    /// # Panics
    /// If the heads are not [possible](Self::possible), or rows are missing.
    pub(in crate::engine) fn attend(&self, text: &Text<'_>, out: &mut [f32]) {
        SCRATCH.with_borrow_mut(|scratch| {
            let done = widest(Attend {
                heads: *self,
                text,
                out,
                scratch,
            });
            assert!(done.is_ok(), "the processor has no wide vectors");
        });
    }

    /// The keys that a query sees.
    #[inline(always)]
    fn seen(&self, query: usize, length: usize) -> Range<usize> {
        let window = self.window.unwrap_or(length);
        let end = if self.causal {
            query + 1
        } else {
            query.saturating_add(window)
        };
        (query + 1).saturating_sub(window)..end.min(length)
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Memory that [`Heads::attend`] uses again and again.
#[derive(Default)]
struct Scratch {
    /// The keys of a head, in panels of a tile's columns: for each number of a key that of all columns.
    keys: Numbers,
    /// The values of a head, in panels of a tile's columns: for each token those columns.
    values: Numbers,
    /// The queries of a tile.
    queries: Numbers,
    /// The scores of a tile.
    scores: Numbers,
    /// The sums of a tile's values.
    sums: Numbers,
}

struct Attend<'a> {
    heads: Heads,
    text: &'a Text<'a>,
    out: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl Work for Attend<'_> {
    #[inline(always)]
    fn run<S: Sixteen, const ROWS: usize, const VECTORS: usize>(self) {
        let Self {
            heads,
            text,
            out,
            scratch,
        } = self;
        let width = heads.width;
        let columns = VECTORS * LANES;
        let shared = heads.queries / heads.keys;
        // No query sees anything else.
        let first = heads.seen(text.places.start, text.length).start;
        let last = heads.seen(text.places.end - 1, text.length).end;
        let length = last - first;
        scratch.queries.resize(ROWS * STRIDE);
        scratch.scores.resize(ROWS * STRIDE);
        for kv in 0..heads.keys {
            pack_keys(&mut scratch.keys, columns, length, width, |key| {
                text.keys.part(first + key, kv * width, width)
            });
            pack_values(&mut scratch.values, columns, length, width, |key| {
                text.values.part(first + key, kv * width, width)
            });
            for head in kv * shared..(kv + 1) * shared {
                for rows in tiles(text.places.len(), ROWS) {
                    let tile = Tile {
                        heads,
                        text,
                        head,
                        first,
                        length,
                        query: text.places.start + rows.start,
                    };
                    with_rows!(rows.len(), ROWS, R => tile.run::<S, R, VECTORS>(out, scratch));
                }
            }
        }
    }
}

/// The queries of a tile, all of one head.
struct Tile<'a> {
    heads: Heads,
    text: &'a Text<'a>,
    head: usize,
    /// The first of the packed keys.
    first: usize,
    /// The number of packed keys.
    length: usize,
    /// The place of the first query.
    query: usize,
}

impl Tile<'_> {
    #[inline(always)]
    fn run<S: Sixteen, const R: usize, const VECTORS: usize>(
        &self,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let Heads { width, queries, .. } = self.heads;
        let columns = VECTORS * LANES;
        let row_of = |r: usize| self.query - self.text.places.start + r;
        // Powers of two instead of e: one factor serves for both.
        let scale = self.heads.scale * std::f32::consts::LOG2_E;
        for (r, to) in scratch.queries.chunks_exact_mut(STRIDE).take(R).enumerate() {
            let query = self.text.queries.part(row_of(r), self.head * width, width);
            copy::<S>(query, to, |query| query.times(S::splat(scale)));
        }
        let seen: [Range<usize>; R] = std::array::from_fn(|r| {
            let seen = self.heads.seen(self.query + r, self.text.length);
            seen.start - self.first..seen.end - self.first
        });
        // Later queries see later keys.
        let (start, end) = (seen[0].start / columns * columns, seen[R - 1].end);
        let mut maxima = [NOTHING; R];
        let mut totals = [0.0_f32; R];
        let padded = width.next_multiple_of(columns);
        scratch.sums.resize(R * padded);
        scratch.sums.fill(0.0);
        let mut block = start;
        while block < end {
            let keys = block..(block + KEYS).min(end);
            let tops = self.score::<S, R, VECTORS>(&keys, &seen, scratch);
            for r in 0..R {
                let top = maxima[r].max(tops[r].maximum());
                // Nothing seen yet: all shares are 0, whatever is taken off the scores.
                let off = if top == NOTHING { 0.0 } else { top };
                let shrunk = if block == start {
                    0.0
                } else {
                    (maxima[r] - off).exp2()
                };
                let scores =
                    &mut scratch.scores[r * STRIDE..][..keys.len().next_multiple_of(columns)];
                let mut total = S::splat(0.0);
                for scores in scores.as_chunks_mut::<LANES>().0 {
                    let share = S::load(scores).minus(S::splat(off)).exp2();
                    share.store(scores);
                    total = total.plus(share);
                }
                totals[r] = totals[r] * shrunk + total.sum();
                if maxima[r] != top && block > start {
                    for sum in &mut scratch.sums[r * padded..][..padded] {
                        *sum *= shrunk;
                    }
                }
                maxima[r] = top;
            }
            self.add_values::<S, R, VECTORS>(&keys, scratch);
            block = keys.end;
        }
        for (r, total) in totals.iter().enumerate() {
            let share = 1.0 / total;
            let start = row_of(r) * queries * width + self.head * width;
            for (to, sum) in out[start..][..width]
                .iter_mut()
                .zip(&scratch.sums[r * padded..])
            {
                *to = sum * share;
            }
        }
    }

    /// Fills in the scores of a block of keys. Returns, lane by lane, the greatest of each row.
    #[inline(always)]
    fn score<S: Sixteen, const R: usize, const VECTORS: usize>(
        &self,
        keys: &Range<usize>,
        seen: &[Range<usize>; R],
        scratch: &mut Scratch,
    ) -> [S; R] {
        let (width, columns) = (self.heads.width, VECTORS * LANES);
        let mut tops = [S::splat(NOTHING); R];
        for panel in keys.clone().step_by(columns) {
            let keys_of = &scratch.keys[panel * width..];
            let none = [[S::splat(0.0); VECTORS]; R];
            let mut tile = product(none, width, &scratch.queries, keys_of, keys_of.as_ptr());
            let whole = panel >= seen[R - 1].start && panel + columns <= seen[0].end;
            for r in 0..R {
                let to = &mut scratch.scores[r * STRIDE + panel - keys.start..][..columns];
                for (v, to) in to.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                    if !whole {
                        let lane = |key: usize| key.saturating_sub(panel + v * LANES);
                        tile[r][v] = tile[r][v].only(lane(seen[r].start)..lane(seen[r].end));
                    }
                    tile[r][v].store(to);
                    tops[r] = tops[r].greatest(tile[r][v]);
                }
            }
        }
        tops
    }

    /// Adds the values of a block of keys, weighted.
    #[inline(always)]
    fn add_values<S: Sixteen, const R: usize, const VECTORS: usize>(
        &self,
        keys: &Range<usize>,
        scratch: &mut Scratch,
    ) {
        let columns = VECTORS * LANES;
        let padded = self.heads.width.next_multiple_of(columns);
        for start in (0..padded).step_by(columns) {
            let values = &scratch.values[start * self.length + keys.start * columns..];
            let none = [[S::splat(0.0); VECTORS]; R];
            let tile = product(none, keys.len(), &scratch.scores, values, values.as_ptr());
            for (r, tile) in tile.iter().enumerate() {
                let to = &mut scratch.sums[r * padded + start..][..columns];
                for (to, tile) in to.as_chunks_mut::<LANES>().0.iter_mut().zip(tile) {
                    S::load(to).plus(*tile).store(to);
                }
            }
        }
    }
}

/// Packs keys: panels of so many keys, in each of them for every number of a key that of all keys.
#[inline(always)]
fn pack_keys<'a>(
    panels: &mut Numbers,
    columns: usize,
    length: usize,
    width: usize,
    key: impl Fn(usize) -> &'a [f32],
) {
    panels.resize(length.next_multiple_of(columns) * width);
    for (p, panel) in panels.chunks_exact_mut(columns * width).enumerate() {
        // Four keys at a time, so that what is written to one place is more than one number.
        for column in (0..columns.min(length - p * columns)).step_by(4) {
            let keys: [&[f32]; 4] =
                std::array::from_fn(|k| key((p * columns + column + k).min(length - 1)));
            for (i, to) in panel.chunks_exact_mut(columns).enumerate() {
                to[column..column + 4].copy_from_slice(&keys.map(|key| key[i]));
            }
        }
    }
}

/// Packs values: panels of so many of their columns.
#[inline(always)]
fn pack_values<'a>(
    panels: &mut Numbers,
    columns: usize,
    length: usize,
    width: usize,
    value: impl Fn(usize) -> &'a [f32],
) {
    panels.resize(length * width.next_multiple_of(columns));
    for (p, panel) in panels.chunks_exact_mut(columns * length).enumerate() {
        for (token, to) in panel.chunks_exact_mut(columns).enumerate() {
            let from = &value(token)[p * columns..];
            let n = from.len().min(columns);
            to[..n].copy_from_slice(&from[..n]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::product::tests::numbers;
    use super::super::tests::with_all_registers;
    use super::*;

    /// By the definition, in double precision.
    fn expected(heads: &Heads, text: &Text<'_>) -> Vec<f64> {
        let width = heads.width;
        let mut out = Vec::new();
        for (row, place) in text.places.clone().enumerate() {
            for head in 0..heads.queries {
                let kv = head / (heads.queries / heads.keys);
                let query = text.queries.part(row, head * width, width);
                let sees = |&key: &usize| {
                    (!heads.causal || key <= place)
                        && heads
                            .window
                            .is_none_or(|window| key.abs_diff(place) < window)
                };
                let keys: Vec<usize> = (0..text.length).filter(sees).collect();
                let dot = |key: usize| -> f64 {
                    let key = text.keys.part(key, kv * width, width);
                    let terms = query.iter().zip(key);
                    terms.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
                };
                let scores: Vec<f64> = keys
                    .iter()
                    .map(|&key| dot(key) * f64::from(heads.scale))
                    .collect();
                let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let shares: Vec<f64> = scores.iter().map(|s| (s - top).exp()).collect();
                let total: f64 = shares.iter().sum();
                for i in 0..width {
                    let value = |key: usize| f64::from(text.values.part(key, kv * width, width)[i]);
                    let terms = keys.iter().zip(&shares);
                    out.push(terms.map(|(&key, share)| share * value(key)).sum::<f64>() / total);
                }
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn attention_is_that_of_the_definition(
            (length, start, asking) in (1_usize..900).prop_flat_map(|length| {
                (Just(length), 0..length).prop_flat_map(|(length, start)| {
                    (Just(length), Just(start), 1..=(length - start).min(40))
                })
            }),
            keys in 1_usize..3,
            shared in 1_usize..3,
            width in prop_oneof![1_usize..40, Just(64), Just(96)],
            // Scores of a width of scale², from nearly equal shares to one share of nearly all.
            scale in prop_oneof![Just(0.05_f32), Just(1.0), Just(8.0)],
            causal: bool,
            window in proptest::option::of(1_usize..500),
            seed: u64,
        ) {
            let heads = Heads { queries: keys * shared, keys, width, scale, causal, window };
            let stride = (heads.queries + 2 * keys) * width + 1;
            let all = numbers(length * stride, seed);
            let at = |row: usize, column: usize| Rows { numbers: &all[row * stride + column..], stride };
            let text = Text {
                queries: at(start, 0),
                places: start..start + asking,
                keys: at(0, heads.queries * width),
                values: at(0, (heads.queries + keys) * width),
                length,
            };
            let expected = expected(&heads, &text);
            with_all_registers(|| {
                assert!(heads.possible());
                let mut out = vec![f32::NAN; expected.len()];
                heads.attend(&text, &mut out);
                for (out, expected) in out.iter().zip(&expected) {
                    // A score of size `scale · width` is known to its last bits, and so is its power.
                    let bound = 2e-6 + 4e-7 * f64::from(scale) * width as f64;
                    assert!((f64::from(*out) - expected).abs() < bound, "{out} for {expected}");
                }
            });
        }
    }

    #[test]
    fn wide_heads_are_left_to_others() {
        let mut heads = Heads {
            queries: 1,
            keys: 1,
            width: DEPTH,
            scale: 1.0,
            causal: false,
            window: None,
        };
        assert_eq!(heads.possible(), columns().is_some());
        heads.width += 1;
        assert!(!heads.possible());
    }
}
