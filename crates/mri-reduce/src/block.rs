//! Products of rows with four vectors at a time, so that a row is read once for all of them.

use mri_simd::{F64_LANES as LANES, F64x8, Kernel, Simd, dispatch};
use ndarray::ArrayView2;

/// Vectors per block: with the rows of a tile their sums fill half the registers of AVX-512, and
/// reading a row from memory takes about as long as the arithmetic of all four.
pub(crate) const BLOCK_VECTORS: usize = 4;

/// Rows per tile.
const TILE: usize = 4;

/// Four vectors of one length, in groups of eight columns; the last group is padded with zeros.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct VectorBlock {
    groups: Vec<[[f64; LANES]; BLOCK_VECTORS]>,
}

impl VectorBlock {
    pub(crate) fn zeros(width: usize) -> Self {
        Self {
            groups: vec![[[0.0; LANES]; BLOCK_VECTORS]; width.div_ceil(LANES)],
        }
    }

    /// Up to four vectors; missing ones are 0.
    pub(crate) fn of<'a>(width: usize, vectors: impl Iterator<Item = &'a [f64]>) -> Self {
        let mut quad = Self::zeros(width);
        vectors
            .take(BLOCK_VECTORS)
            .enumerate()
            .for_each(|(v, values)| quad.set(v, values));
        quad
    }

    pub(crate) fn set(&mut self, vector: usize, values: &[f64]) {
        for (group, values) in self.groups.iter_mut().zip(values.chunks(LANES)) {
            group[vector][..values.len()].copy_from_slice(values);
        }
    }

    /// Copies a vector to `to`, which may be shorter.
    pub(crate) fn get(&self, vector: usize, to: &mut [f64]) {
        for (group, to) in self.groups.iter().zip(to.chunks_mut(LANES)) {
            to.copy_from_slice(&group[vector][..to.len()]);
        }
    }

    /// Multiplies each column of all vectors by its factor.
    pub(crate) fn scale(&mut self, factors: &PaddedVec) {
        for (group, factors) in self.groups.iter_mut().zip(&factors.0) {
            for vector in group {
                vector.iter_mut().zip(factors).for_each(|(v, f)| *v *= f);
            }
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (to, from) in self.groups.iter_mut().zip(&other.groups) {
            for (to, from) in to.iter_mut().zip(from) {
                to.iter_mut().zip(from).for_each(|(t, f)| *t += f);
            }
        }
    }
}

/// One value per column, in groups of eight; the last group is padded with zeros.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PaddedVec(Vec<[f64; LANES]>);

impl PaddedVec {
    pub(crate) fn new(values: impl ExactSizeIterator<Item = f64>) -> Self {
        let mut groups = vec![[0.0; LANES]; values.len().div_ceil(LANES)];
        let slots = groups.iter_mut().flatten();
        slots.zip(values).for_each(|(slot, value)| *slot = value);
        Self(groups)
    }

    pub(crate) fn groups(&self) -> &[[f64; LANES]] {
        &self.0
    }
}

/// Element types of rows: `f32` for data, `f64` for a basis.
pub(crate) trait Number: Copy + Default {
    fn load<V: F64x8>(from: &[Self; LANES]) -> V;
}

impl Number for f32 {
    #[inline(always)]
    fn load<V: F64x8>(from: &[Self; LANES]) -> V {
        V::load_f32(from)
    }
}

impl Number for f64 {
    #[inline(always)]
    fn load<V: F64x8>(from: &[Self; LANES]) -> V {
        V::load(from)
    }
}

/// The products of each row less `shift` with four vectors.
pub(crate) fn times<T: Number>(
    rows: ArrayView2<'_, T>,
    shift: &PaddedVec,
    by: &VectorBlock,
) -> Vec<[f64; BLOCK_VECTORS]> {
    let mut products = vec![[0.0; BLOCK_VECTORS]; rows.nrows()];
    fused_pass(rows, shift, Some(by), &mut products, None);
    products
}

/// Adds to four vectors the rows less `shift`, each multiplied by its four numbers.
pub(crate) fn add_rows<T: Number>(
    rows: ArrayView2<'_, T>,
    shift: &PaddedVec,
    numbers: &mut [[f64; BLOCK_VECTORS]],
    to: &mut VectorBlock,
) {
    fused_pass(rows, shift, None, numbers, Some(to));
}

/// `zᵀ·z` times four vectors, with `z` the rows less `shift`, in one pass over the rows.
pub(crate) fn gram_product(
    rows: ArrayView2<'_, f32>,
    shift: &PaddedVec,
    by: &VectorBlock,
) -> VectorBlock {
    let mut to = VectorBlock::zeros(rows.ncols());
    let mut products = vec![[0.0; BLOCK_VECTORS]; rows.nrows()];
    fused_pass(rows, shift, Some(by), &mut products, Some(&mut to));
    to
}

/// Computes the products with `by`, if given, and adds the rows times the products to `to`, if
/// given, in one pass over the rows.
fn fused_pass<T: Number>(
    rows: ArrayView2<'_, T>,
    shift: &PaddedVec,
    by: Option<&VectorBlock>,
    products: &mut [[f64; BLOCK_VECTORS]],
    to: Option<&mut VectorBlock>,
) {
    let width = rows.ncols();
    // Copies only what is strided.
    let rows = rows.as_standard_layout();
    dispatch(FusedPass {
        rows: rows.as_slice().unwrap_or(&[]),
        width,
        shift: &shift.0,
        by: by.map(|by| by.groups.as_slice()),
        products,
        to: to.map(|to| to.groups.as_mut_slice()),
    });
}

struct FusedPass<'a, T> {
    rows: &'a [T],
    width: usize,
    shift: &'a [[f64; LANES]],
    by: Option<&'a [[[f64; LANES]; BLOCK_VECTORS]]>,
    products: &'a mut [[f64; BLOCK_VECTORS]],
    to: Option<&'a mut [[[f64; LANES]; BLOCK_VECTORS]]>,
}

impl<T: Number> Kernel for FusedPass<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let (width, padded) = (self.width, self.shift.len() * LANES);
        if width == 0 {
            return;
        }
        let mut copy = vec![T::default(); if width == padded { 0 } else { TILE * padded }];
        let tiles = self.rows.chunks(TILE * width);
        let products = std::mem::take(&mut self.products).chunks_mut(TILE);
        for (tile, products) in tiles.zip(products) {
            let tile = if width == padded {
                tile
            } else {
                // The last group of each row is padded with zeros.
                for (to, from) in copy.chunks_exact_mut(padded).zip(tile.chunks_exact(width)) {
                    to[..width].copy_from_slice(from);
                }
                &copy[..products.len() * padded]
            };
            if let Ok(products) = <&mut [[f64; BLOCK_VECTORS]; TILE]>::try_from(&mut *products) {
                let (a, b) = tile.split_at(2 * padded);
                let ((a, b), (c, d)) = (a.split_at(padded), b.split_at(padded));
                self.tile::<S::F64, TILE>([a, b, c, d], products);
            } else {
                for (row, products) in tile.chunks_exact(padded).zip(products) {
                    self.tile::<S::F64, 1>([row], std::array::from_mut(products));
                }
            }
        }
    }
}

impl<T: Number> FusedPass<'_, T> {
    #[inline(always)]
    fn tile<V: F64x8, const R: usize>(
        &mut self,
        rows: [&[T]; R],
        products: &mut [[f64; BLOCK_VECTORS]; R],
    ) {
        if let Some(by) = self.by {
            *products = dots::<T, V, R>(rows, self.shift, by);
        }
        if let Some(to) = &mut self.to {
            add::<T, V, R>(rows, self.shift, products, to);
        }
    }
}

#[inline(always)]
fn dots<T: Number, V: F64x8, const R: usize>(
    rows: [&[T]; R],
    shift: &[[f64; LANES]],
    by: &[[[f64; LANES]; BLOCK_VECTORS]],
) -> [[f64; BLOCK_VECTORS]; R] {
    let rows = rows.map(|row| row.as_chunks::<LANES>().0);
    let mut sums = [[V::splat(0.0); BLOCK_VECTORS]; R];
    let groups = shift.len().min(by.len());
    let rows = rows.map(|row| &row[..groups]);
    for g in 0..groups {
        let shift = V::load(&shift[g]);
        let [a, b, c, d] = &by[g];
        let by = [V::load(a), V::load(b), V::load(c), V::load(d)];
        for r in 0..R {
            let x = T::load::<V>(&rows[r][g]).sub(shift);
            for v in 0..BLOCK_VECTORS {
                sums[r][v] = x.mul_add(by[v], sums[r][v]);
            }
        }
    }
    let mut products = [[0.0; BLOCK_VECTORS]; R];
    for r in 0..R {
        for v in 0..BLOCK_VECTORS {
            products[r][v] = sums[r][v].reduce_sum();
        }
    }
    products
}

#[inline(always)]
fn add<T: Number, V: F64x8, const R: usize>(
    rows: [&[T]; R],
    shift: &[[f64; LANES]],
    numbers: &[[f64; BLOCK_VECTORS]; R],
    to: &mut [[[f64; LANES]; BLOCK_VECTORS]],
) {
    let rows = rows.map(|row| row.as_chunks::<LANES>().0);
    // Loops, here and above: a closure might be compiled separately, without the vector
    // instructions.
    let mut factors = [[V::splat(0.0); BLOCK_VECTORS]; R];
    for r in 0..R {
        for v in 0..BLOCK_VECTORS {
            factors[r][v] = V::splat(numbers[r][v]);
        }
    }
    let groups = shift.len().min(to.len());
    let rows = rows.map(|row| &row[..groups]);
    for g in 0..groups {
        let shift = V::load(&shift[g]);
        let [a, b, c, d] = &mut to[g];
        let mut sums = [V::load(a), V::load(b), V::load(c), V::load(d)];
        for r in 0..R {
            let x = T::load::<V>(&rows[r][g]).sub(shift);
            for v in 0..BLOCK_VECTORS {
                sums[v] = x.mul_add(factors[r][v], sums[v]);
            }
        }
        let [sa, sb, sc, sd] = sums;
        sa.store(a);
        sb.store(b);
        sc.store(c);
        sd.store(d);
    }
}
