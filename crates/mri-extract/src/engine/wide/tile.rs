//! The innermost product, whose sums stay in registers.

use std::ops::{Deref, DerefMut, Range};

use super::{LANES, Sixteen, ask_for, ask_later};

/// A product adds up so many terms at a time: enough that to load and store the sums of a tile takes
/// little beside that, and few enough that the rows of a group stay in the second cache.
pub(super) const DEPTH: usize = 384;

/// From one row of a tile to the next: an odd number of lines of the cache, so that the rows of a tile
/// do not all compete for the same places in it.
pub(super) const STRIDE: usize = DEPTH + LANES;

/// Rows of numbers, not necessarily one directly after the other.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Rows<'a> {
    pub(in crate::engine) numbers: &'a [f32],
    /// From the start of one row to that of the next.
    pub(in crate::engine) stride: usize,
}

impl<'a> Rows<'a> {
    /// All rows from this one on.
    pub(in crate::engine) fn from(self, row: usize) -> Self {
        let start = (row * self.stride).min(self.numbers.len());
        Self {
            numbers: &self.numbers[start..],
            stride: self.stride,
        }
    }

    /// `width` numbers of a row.
    #[inline(always)]
    pub(super) fn part(self, row: usize, start: usize, width: usize) -> &'a [f32] {
        &self.numbers[row * self.stride + start..][..width]
    }
}

/// Numbers that start with a line of the cache: a vector across two lines takes two reads.
#[derive(Default)]
pub(super) struct Numbers {
    all: Vec<f32>,
    range: Range<usize>,
}

impl Numbers {
    /// So many, all zero.
    pub(super) fn zeros(n: usize) -> Self {
        let mut numbers = Self::default();
        numbers.resize(n);
        numbers
    }

    /// So many, of whatever value.
    pub(super) fn resize(&mut self, n: usize) {
        const LINE_BYTES: usize = 64;
        if self.all.len() < n + LANES {
            self.all = vec![0.0; n + LANES];
        }
        let start = self.all.as_ptr().align_offset(LINE_BYTES).min(LANES);
        self.range = start..start + n;
    }
}

impl Deref for Numbers {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        &self.all[self.range.clone()]
    }
}

impl DerefMut for Numbers {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.all[self.range.clone()]
    }
}

/// The sums of a tile, which start with those given, plus the product of `R` rows of `depth` numbers,
/// [`STRIDE`] apart, and a panel of `depth` rows, as wide as the tile and one directly after the
/// other. Every sum is made in the order of its terms.
///
/// Meanwhile as many numbers as a tile has are asked for at `later`, wherever that is, for work that
/// comes after this.
#[inline(always)]
pub(super) fn product<S: Sixteen, const R: usize, const VECTORS: usize>(
    mut sums: [[S; VECTORS]; R],
    depth: usize,
    rows: &[f32],
    panel: &[f32],
    later: *const f32,
) -> [[S; VECTORS]; R] {
    /// So many terms are added between one look at the loop's counter and the next, which competes with
    /// the products for the processor's ports.
    const AT_ONCE: usize = 4;
    let rows = &rows[..(R - 1) * STRIDE + depth];
    let panel = panel[..depth * VECTORS * LANES].as_chunks::<LANES>().0;
    let mut several = panel.chunks_exact(AT_ONCE * VECTORS);
    let mut d = 0;
    for panel in &mut several {
        ask_later(later.wrapping_add(d / AT_ONCE * LANES));
        for panel in panel.chunks_exact(VECTORS) {
            // SAFETY: so many times `VECTORS` vectors are in the panel.
            unsafe { add_products(&mut sums, rows, d, panel) };
            d += 1;
        }
    }
    for panel in several.remainder().chunks_exact(VECTORS) {
        // SAFETY: as above.
        unsafe { add_products(&mut sums, rows, d, panel) };
        d += 1;
    }
    sums
}

/// Adds the products of the numbers in place `d` of the rows and a row of a panel.
///
/// # Safety
/// `rows` has numbers up to place `d` of the last row.
#[inline(always)]
unsafe fn add_products<S: Sixteen, const R: usize, const VECTORS: usize>(
    sums: &mut [[S; VECTORS]; R],
    rows: &[f32],
    d: usize,
    panel: &[[f32; LANES]],
) {
    /// A panel comes from the second cache; so many of its rows ahead it is asked for.
    const AHEAD: usize = 8;
    let columns: [S; VECTORS] = std::array::from_fn(|v| {
        ask_for(panel.as_ptr().wrapping_add(AHEAD * VECTORS + v).cast());
        S::load(&panel[v])
    });
    for (r, sums) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's.
        let number = S::splat(unsafe { *rows.get_unchecked(r * STRIDE + d) });
        for (sum, columns) in sums.iter_mut().zip(columns) {
            *sum = sum.plus_product(number, columns);
        }
    }
}

/// Copies numbers, changed on the way. A row of them is too short for the library's copy, which first looks
/// for the best way.
#[inline(always)]
pub(super) fn copy<S: Sixteen>(from: &[f32], to: &mut [f32], change: impl Fn(S) -> S) {
    let (vectors, rest) = from.as_chunks::<LANES>();
    let (to, to_rest) = to[..from.len()].as_chunks_mut::<LANES>();
    for (to, from) in to.iter_mut().zip(vectors) {
        change(S::load(from)).store(to);
    }
    if !rest.is_empty() {
        let mut lanes = [0.0; LANES];
        lanes[..rest.len()].copy_from_slice(rest);
        change(S::load(&lanes)).store(&mut lanes);
        to_rest.copy_from_slice(&lanes[..rest.len()]);
    }
}

/// So many rows in the fewest tiles of at most `most` rows, all as high as each other but for one row: a
/// low tile takes longer per row, since it loads as much of the panel.
#[inline(always)]
pub(super) fn tiles(rows: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let tiles = rows.div_ceil(most);
    (0..tiles).map(move |tile| tile * rows / tiles..(tile + 1) * rows / tiles)
}

/// Calls a function that is generic over the number of rows with a number known only when the program
/// runs: `with_rows!(rows, ROWS, R => call::<R>())`.
macro_rules! with_rows {
    ($rows:expr, $most:expr, $r:ident => $call:expr) => {
        with_rows!(@ $rows, $most, $r => $call; 1 2 3 4 5 6 7 8 9 10 11 12)
    };
    (@ $rows:expr, $most:expr, $r:ident => $call:expr; $($n:literal)*) => {
        match $rows {
            $($n if $n <= $most => {
                const $r: usize = $n;
                $call
            })*
            _ => debug_assert!(false, "a tile has too many rows"),
        }
    };
}
pub(super) use with_rows;
