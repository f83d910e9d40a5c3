//! The innermost product, whose sums stay in registers.

use std::ops::Range;

use mri_simd::{F32_LANES, F32x16, Simd, prefetch_l1, prefetch_l2};

/// The terms that a tile sums up at a time: enough that loading and storing the sums takes little
/// beside them, few enough that the rows of a block stay in the second-level cache. `KC` of BLIS.
pub(super) const KC: usize = 384;

/// From one packed row to the next: an odd number of cache lines, so that the rows of a tile do not
/// all map to the same cache sets.
pub(super) const PACKED_STRIDE: usize = KC + F32_LANES;

/// The rows of a matrix, `stride` numbers from the start of one to the start of the next.
#[derive(Clone, Copy)]
pub(in crate::engine) struct StridedRows<'a> {
    pub(in crate::engine) data: &'a [f32],
    pub(in crate::engine) stride: usize,
}

impl<'a> StridedRows<'a> {
    /// The rows from `row` on.
    pub(in crate::engine) fn skip(self, row: usize) -> Self {
        let start = (row * self.stride).min(self.data.len());
        Self {
            data: &self.data[start..],
            stride: self.stride,
        }
    }

    /// The columns `start..start + width` of a row.
    #[inline(always)]
    pub(super) fn slice(self, row: usize, start: usize, width: usize) -> &'a [f32] {
        &self.data[row * self.stride + start..][..width]
    }
}

/// `sums` plus the product of `R` packed rows of `depth` numbers and a panel of `depth` rows of the
/// tile's `NR` columns. Each sum adds its terms in order.
///
/// Meanwhile one cache line per four terms, from `next` on, is prefetched into the second-level
/// cache for the work that follows.
#[inline(always)]
pub(super) fn multiply_tile<S: Simd, const R: usize, const NV: usize>(
    mut sums: [[S::F32; NV]; R],
    depth: usize,
    rows: &[f32],
    panel: &[f32],
    next: *const f32,
) -> [[S::F32; NV]; R] {
    /// Terms per iteration of the loop, whose counter competes with the products for execution
    /// ports.
    const UNROLL: usize = 4;
    let rows = &rows[..(R - 1) * PACKED_STRIDE + depth];
    let panel = panel[..depth * NV * F32_LANES].as_chunks::<F32_LANES>().0;
    let mut unrolled = panel.chunks_exact(UNROLL * NV);
    let mut d = 0;
    for panel in &mut unrolled {
        prefetch_l2(next.wrapping_add(d / UNROLL * F32_LANES));
        for panel in panel.chunks_exact(NV) {
            // SAFETY: the panel has `depth` rows of `NV` vectors, so `d < depth`.
            unsafe { add_outer_product::<S, R, NV>(&mut sums, rows, d, panel) };
            d += 1;
        }
    }
    for panel in unrolled.remainder().chunks_exact(NV) {
        // SAFETY: as above.
        unsafe { add_outer_product::<S, R, NV>(&mut sums, rows, d, panel) };
        d += 1;
    }
    sums
}

/// Adds the outer product of column `d` of the rows and a row of a panel.
///
/// # Safety
/// `rows` is longer than `(R - 1) · PACKED_STRIDE + d`.
#[inline(always)]
unsafe fn add_outer_product<S: Simd, const R: usize, const NV: usize>(
    sums: &mut [[S::F32; NV]; R],
    rows: &[f32],
    d: usize,
    panel: &[[f32; F32_LANES]],
) {
    /// Panels come from the second-level cache; their rows are prefetched this many ahead.
    const AHEAD: usize = 8;
    let columns: [S::F32; NV] = std::array::from_fn(|v| {
        prefetch_l1(panel.as_ptr().wrapping_add(AHEAD * NV + v));
        S::F32::load(&panel[v])
    });
    for (r, sums) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's.
        let factor = S::F32::splat(unsafe { *rows.get_unchecked(r * PACKED_STRIDE + d) });
        for (sum, columns) in sums.iter_mut().zip(columns) {
            *sum = factor.mul_add(columns, *sum);
        }
    }
}

/// Copies numbers through a function of vectors. A row is too short for the standard library's
/// copy, which first selects a method.
#[inline(always)]
pub(super) fn copy_with<S: Simd>(from: &[f32], to: &mut [f32], f: impl Fn(S::F32) -> S::F32) {
    let (vectors, rest) = from.as_chunks::<F32_LANES>();
    let (to, to_rest) = to[..from.len()].as_chunks_mut::<F32_LANES>();
    for (to, from) in to.iter_mut().zip(vectors) {
        f(S::F32::load(from)).store(to);
    }
    if !rest.is_empty() {
        let mut lanes = [0.0; F32_LANES];
        lanes[..rest.len()].copy_from_slice(rest);
        f(S::F32::load(&lanes)).store(&mut lanes);
        to_rest.copy_from_slice(&lanes[..rest.len()]);
    }
}

/// Splits rows into the fewest tiles of at most `mr` rows, with heights that differ by at most one:
/// a low tile takes longer per row, since it loads as much of the panel.
#[inline(always)]
pub(super) fn row_tiles(rows: usize, mr: usize) -> impl Iterator<Item = Range<usize>> {
    let tiles = rows.div_ceil(mr);
    (0..tiles).map(move |tile| tile * rows / tiles..(tile + 1) * rows / tiles)
}

/// Calls a function that is generic over the number of rows with a number known only at run time:
/// `with_rows!(rows, MR, R => call::<R>())`.
macro_rules! with_rows {
    ($rows:expr, $mr:expr, $r:ident => $call:expr) => {
        with_rows!(@ $rows, $mr, $r => $call; 1 2 3 4 5 6 7 8 9 10 11 12)
    };
    (@ $rows:expr, $mr:expr, $r:ident => $call:expr; $($n:literal)*) => {
        match $rows {
            $($n if $n <= $mr => {
                const $r: usize = $n;
                $call
            })*
            _ => debug_assert!(false, "a tile has too many rows"),
        }
    };
}
pub(super) use with_rows;
