//! Fused attention on a CPU: scores, softmax and weighted values without writing the scores to
//! memory.
//!
//! libtorch's fused attention is made of a library's matrix products. Those of one head are small,
//! 32 to 128 columns, and spend more time on start and packing than on arithmetic: with texts of an
//! abstract's length it runs at two fifths of the rate of large products. Here the same register
//! tile serves both products, keys and values are packed once per head, and texts of any length
//! need no padding. Softmax over blocks of keys with a running maximum follows Dao et al.,
//! FlashAttention (2022), and Milakov & Gimelshein (2018).

use std::cell::RefCell;
use std::ops::Range;

use mri_simd::{F32_LANES, F32x16, Simd};

use super::aligned::AlignedBuf;
use super::attention::{FlashAttention, QueryTile};
use super::microkernel::{KC, PACKED_STRIDE, copy_with, multiply_tile, row_tiles, with_rows};
use super::softmax::{MASKED, OnlineSoftmax};
use super::tile::{TileKernel, level, run_tiles};

/// The keys of a block: the depth of the product with the values.
const KEY_BLOCK: usize = KC;

impl FlashAttention {
    /// The outputs of all heads for a tile of queries: one row per query, heads side by side. The
    /// bits of a row depend on its text and the other queries of the tile alone.
    ///
    /// # Panics
    /// If the attention is not [supported](Self::supported), or rows are missing.
    pub(in crate::engine) fn attend(&self, tile: &QueryTile<'_>, out: &mut [f32]) {
        let level = level().expect("only called where supported");
        SCRATCH.with_borrow_mut(|scratch| {
            let attend = Attend {
                attention: *self,
                tile,
                out,
                scratch,
            };
            run_tiles(level, attend);
        });
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Buffers that are reused from call to call.
#[derive(Default)]
struct Scratch {
    /// The keys of a head in panels of `NR` keys: for each column of a head that of all keys.
    keys: AlignedBuf,
    /// The values of a head in panels of `NR` columns: for each token those columns.
    values: AlignedBuf,
    /// The queries of a register tile.
    queries: AlignedBuf,
    /// The scores of a register tile.
    scores: AlignedBuf,
    /// The weighted sums of values of a register tile.
    sums: AlignedBuf,
}

struct Attend<'a> {
    attention: FlashAttention,
    tile: &'a QueryTile<'a>,
    out: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl TileKernel for Attend<'_> {
    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self) {
        let Self {
            attention,
            tile,
            out,
            scratch,
        } = self;
        let width = attention.head_width;
        let nr = NV * F32_LANES;
        let heads_per_kv = attention.heads / attention.kv_heads;
        // No query of the tile sees any other key.
        let positions = &tile.positions;
        let first = attention.visible_keys(positions.start, tile.length).start;
        let last = attention.visible_keys(positions.end - 1, tile.length).end;
        let n_keys = last - first;
        scratch.queries.resize(MR * PACKED_STRIDE);
        scratch.scores.resize(MR * PACKED_STRIDE);
        for kv in 0..attention.kv_heads {
            pack_keys(&mut scratch.keys, nr, n_keys, width, |key| {
                tile.keys.slice(first + key, kv * width, width)
            });
            pack_values(&mut scratch.values, nr, n_keys, width, |key| {
                tile.values.slice(first + key, kv * width, width)
            });
            for head in kv * heads_per_kv..(kv + 1) * heads_per_kv {
                for rows in row_tiles(positions.len(), MR) {
                    let head_tile = HeadTile {
                        attention,
                        tile,
                        head,
                        first,
                        n_keys,
                        query: positions.start + rows.start,
                    };
                    with_rows!(rows.len(), MR, R => head_tile.run::<S, R, NV>(out, scratch));
                }
            }
        }
    }
}

/// Up to `MR` queries of one head.
struct HeadTile<'a> {
    attention: FlashAttention,
    tile: &'a QueryTile<'a>,
    head: usize,
    /// The first of the packed keys.
    first: usize,
    /// The number of packed keys.
    n_keys: usize,
    /// The position of the first query.
    query: usize,
}

impl HeadTile<'_> {
    #[inline(always)]
    fn run<S: Simd, const R: usize, const NV: usize>(
        &self,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let width = self.attention.head_width;
        let nr = NV * F32_LANES;
        let row_of = |r: usize| self.query - self.tile.positions.start + r;
        // With powers of 2 instead of e, one factor serves for both.
        let scale = self.attention.scale * std::f32::consts::LOG2_E;
        let packed = scratch.queries.chunks_exact_mut(PACKED_STRIDE);
        for (r, to) in packed.take(R).enumerate() {
            let query = self.tile.queries.slice(row_of(r), self.head * width, width);
            copy_with::<S>(query, to, |query| query.mul(S::F32::splat(scale)));
        }
        let visible: [Range<usize>; R] = std::array::from_fn(|r| {
            let keys = self
                .attention
                .visible_keys(self.query + r, self.tile.length);
            keys.start - self.first..keys.end - self.first
        });
        // Later queries see later keys.
        let (start, end) = (visible[0].start / nr * nr, visible[R - 1].end);
        let mut softmax = OnlineSoftmax::<R>::new();
        let padded = width.next_multiple_of(nr);
        scratch.sums.resize(R * padded);
        scratch.sums.fill(0.0);
        let mut block = start;
        while block < end {
            let keys = block..(block + KEY_BLOCK).min(end);
            let maxima = self.score::<S, R, NV>(&keys, &visible, scratch);
            let n_scores = keys.len().next_multiple_of(nr);
            let Scratch { scores, sums, .. } = &mut *scratch;
            softmax.add_block::<S>(&maxima, scores, n_scores, sums, padded, block == start);
            self.add_values::<S, R, NV>(&keys, scratch);
            block = keys.end;
        }
        for (r, total) in softmax.totals().iter().enumerate() {
            let factor = 1.0 / total;
            let start = row_of(r) * self.attention.heads * width + self.head * width;
            let sums = &scratch.sums[r * padded..];
            for (to, sum) in out[start..][..width].iter_mut().zip(sums) {
                *to = sum * factor;
            }
        }
    }

    /// Computes the scores of a block of keys. Returns the maximum of each row per lane.
    #[inline(always)]
    fn score<S: Simd, const R: usize, const NV: usize>(
        &self,
        keys: &Range<usize>,
        visible: &[Range<usize>; R],
        scratch: &mut Scratch,
    ) -> [S::F32; R] {
        let (width, nr) = (self.attention.head_width, NV * F32_LANES);
        let mut maxima = [S::F32::splat(MASKED); R];
        for panel in keys.clone().step_by(nr) {
            let packed = &scratch.keys[panel * width..];
            let zeros = [[S::F32::splat(0.0); NV]; R];
            let queries = &scratch.queries;
            let mut tile =
                multiply_tile::<S, R, NV>(zeros, width, queries, packed, packed.as_ptr());
            let all_visible = panel >= visible[R - 1].start && panel + nr <= visible[0].end;
            for r in 0..R {
                let start = r * PACKED_STRIDE + panel - keys.start;
                let to = &mut scratch.scores[start..][..nr];
                for (v, to) in to.as_chunks_mut::<F32_LANES>().0.iter_mut().enumerate() {
                    if !all_visible {
                        let lane = |key: usize| key.saturating_sub(panel + v * F32_LANES);
                        let lanes = lane(visible[r].start)..lane(visible[r].end);
                        tile[r][v] = tile[r][v].select_range(lanes, S::F32::splat(MASKED));
                    }
                    tile[r][v].store(to);
                    maxima[r] = maxima[r].max(tile[r][v]);
                }
            }
        }
        maxima
    }

    /// Adds the values of a block of keys, weighted by the scratch's scores.
    #[inline(always)]
    fn add_values<S: Simd, const R: usize, const NV: usize>(
        &self,
        keys: &Range<usize>,
        scratch: &mut Scratch,
    ) {
        let nr = NV * F32_LANES;
        let padded = self.attention.head_width.next_multiple_of(nr);
        for start in (0..padded).step_by(nr) {
            let values = &scratch.values[start * self.n_keys + keys.start * nr..];
            let zeros = [[S::F32::splat(0.0); NV]; R];
            let weights = &scratch.scores;
            let tile =
                multiply_tile::<S, R, NV>(zeros, keys.len(), weights, values, values.as_ptr());
            for (r, tile) in tile.iter().enumerate() {
                let to = &mut scratch.sums[r * padded + start..][..nr];
                for (to, tile) in to.as_chunks_mut::<F32_LANES>().0.iter_mut().zip(tile) {
                    S::F32::load(to).add(*tile).store(to);
                }
            }
        }
    }
}

/// Packs keys into panels of `nr` keys: for each column of a head that of all keys.
#[inline(always)]
fn pack_keys<'a>(
    panels: &mut AlignedBuf,
    nr: usize,
    n_keys: usize,
    width: usize,
    key: impl Fn(usize) -> &'a [f32],
) {
    panels.resize(n_keys.next_multiple_of(nr) * width);
    for (p, panel) in panels.chunks_exact_mut(nr * width).enumerate() {
        // Four keys at a time, so that each write is more than one number.
        for column in (0..nr.min(n_keys - p * nr)).step_by(4) {
            let keys: [&[f32]; 4] =
                std::array::from_fn(|k| key((p * nr + column + k).min(n_keys - 1)));
            for (i, to) in panel.chunks_exact_mut(nr).enumerate() {
                to[column..column + 4].copy_from_slice(&keys.map(|key| key[i]));
            }
        }
    }
}

/// Packs values into panels of `nr` of their columns.
#[inline(always)]
fn pack_values<'a>(
    panels: &mut AlignedBuf,
    nr: usize,
    n_keys: usize,
    width: usize,
    value: impl Fn(usize) -> &'a [f32],
) {
    panels.resize(n_keys * width.next_multiple_of(nr));
    for (p, panel) in panels.chunks_exact_mut(nr * n_keys).enumerate() {
        for (token, to) in panel.chunks_exact_mut(nr).enumerate() {
            let from = &value(token)[p * nr..];
            let n = from.len().min(nr);
            to[..n].copy_from_slice(&from[..n]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::microkernel::StridedRows;
    use super::super::testing::{at_all_levels, numbers};
    use super::*;

    /// By the definition, in double precision.
    fn expected(attention: &FlashAttention, text: &QueryTile<'_>) -> Vec<f64> {
        let FlashAttention {
            heads,
            kv_heads,
            head_width: width,
            ..
        } = *attention;
        let mut out = Vec::new();
        for (row, position) in text.positions.clone().enumerate() {
            for head in 0..heads {
                let kv = head / (heads / kv_heads);
                let query = text.queries.slice(row, head * width, width);
                let visible = |&key: &usize| {
                    (!attention.causal || key <= position)
                        && attention
                            .window
                            .is_none_or(|window| key.abs_diff(position) < window)
                };
                let keys: Vec<usize> = (0..text.length).filter(visible).collect();
                let dot = |key: usize| -> f64 {
                    let key = text.keys.slice(key, kv * width, width);
                    let terms = query.iter().zip(key);
                    terms.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
                };
                let scores: Vec<f64> = keys
                    .iter()
                    .map(|&key| dot(key) * f64::from(attention.scale))
                    .collect();
                let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
                let total: f64 = weights.iter().sum();
                for i in 0..width {
                    let value =
                        |key: usize| f64::from(text.values.slice(key, kv * width, width)[i]);
                    let terms = keys.iter().zip(&weights);
                    out.push(terms.map(|(&key, weight)| weight * value(key)).sum::<f64>() / total);
                }
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn attention_is_that_of_the_definition(
            (length, start, n_queries) in (1_usize..900).prop_flat_map(|length| {
                (Just(length), 0..length).prop_flat_map(|(length, start)| {
                    (Just(length), Just(start), 1..=(length - start).min(40))
                })
            }),
            kv_heads in 1_usize..3,
            heads_per_kv in 1_usize..3,
            width in prop_oneof![1_usize..40, Just(64), Just(96)],
            // From nearly equal weights to nearly all weight on one key.
            scale in prop_oneof![Just(0.05_f32), Just(1.0), Just(8.0)],
            causal: bool,
            window in proptest::option::of(1_usize..500),
            seed: u64,
        ) {
            let attention = FlashAttention {
                heads: kv_heads * heads_per_kv,
                kv_heads,
                head_width: width,
                scale,
                causal,
                window,
            };
            let heads = attention.heads;
            let stride = (heads + 2 * kv_heads) * width + 1;
            let all = numbers(length * stride, seed);
            let at = |row: usize, column: usize| StridedRows { data: &all[row * stride + column..], stride };
            let tile = QueryTile {
                queries: at(start, 0),
                positions: start..start + n_queries,
                keys: at(0, heads * width),
                values: at(0, (heads + kv_heads) * width),
                length,
            };
            let expected = expected(&attention, &tile);
            at_all_levels(|| {
                assert!(attention.supported());
                let mut out = vec![f32::NAN; expected.len()];
                attention.attend(&tile, &mut out);
                for (out, expected) in out.iter().zip(&expected) {
                    // A score of size `scale · width` is known to its last bits, and so is its
                    // power.
                    let bound = 2e-6 + 4e-7 * f64::from(scale) * width as f64;
                    assert!((f64::from(*out) - expected).abs() < bound, "{out} for {expected}");
                }
            });
        }
    }

    #[test]
    fn wide_heads_are_not_supported() {
        let mut attention = FlashAttention {
            heads: 1,
            kv_heads: 1,
            head_width: KC,
            scale: 1.0,
            causal: false,
            window: None,
        };
        assert_eq!(attention.supported(), level().is_some());
        attention.head_width += 1;
        assert!(!attention.supported());
    }
}
