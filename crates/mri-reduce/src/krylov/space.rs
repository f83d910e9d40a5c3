use mri_core::ReduceError;
use mri_simd::F64_LANES as LANES;
use ndarray::{Array2, ArrayView2};

use super::proof::Ritz;
use crate::block::{BLOCK_VECTORS, PaddedVec, VectorBlock, add_rows, times};
use crate::linalg::{Eigen, symmetric_eigen};
use crate::random::normal;

/// A Krylov space: an orthonormal basis and its images under the matrix.
pub(super) struct Space {
    width: usize,
    /// The width up to whole groups of eight.
    stride: usize,
    none: PaddedVec,
    /// Vectors one after the other, and their images.
    basis: Vec<f64>,
    images: Vec<f64>,
    /// The products of each image with the basis up to its own vector: the lower triangle of the
    /// matrix as the space sees it.
    inner: Vec<Vec<f64>>,
    /// The length of the longest image.
    scale: f64,
}

impl Space {
    pub(super) fn new(width: usize) -> Self {
        let stride = width.next_multiple_of(LANES);
        Self {
            width,
            stride,
            none: PaddedVec::new(std::iter::repeat_n(0.0, stride)),
            basis: Vec::new(),
            images: Vec::new(),
            inner: Vec::new(),
            scale: 0.0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.inner.len()
    }

    fn rows<'a>(&self, of: &'a [f64]) -> ArrayView2<'a, f64> {
        let shape = (of.len() / self.stride, self.stride);
        // Whole rows, so this cannot fail.
        ArrayView2::from_shape(shape, of).unwrap_or_else(|_| ArrayView2::from(&[[]; 0]))
    }

    pub(super) fn quad(&self, block: &[Vec<f64>]) -> VectorBlock {
        VectorBlock::of(self.stride, block.iter().map(Vec::as_slice))
    }

    fn vectors(&self, quad: &VectorBlock, count: usize) -> Vec<Vec<f64>> {
        let vector = |v| {
            let mut to = vec![0.0; self.stride];
            quad.get(v, &mut to);
            to
        };
        (0..count).map(vector).collect()
    }

    /// Four random directions, uniform as the proof requires and the same in every run.
    pub(super) fn start(&self) -> Vec<Vec<f64>> {
        let vector = |v: usize| {
            let entry = |i: usize| match i < self.width {
                true => normal(0x5EED, (i * BLOCK_VECTORS + v) as u64),
                false => 0.0,
            };
            (0..self.stride).map(entry).collect()
        };
        orthonormal((0..BLOCK_VECTORS).map(vector).collect(), 0.0)
    }

    /// Appends a block to the basis and returns the products of its image with all of the basis.
    pub(super) fn extend(
        &mut self,
        block: &[Vec<f64>],
        image: &VectorBlock,
    ) -> Vec<[f64; BLOCK_VECTORS]> {
        let before = self.len();
        block.iter().for_each(|vector| self.basis.extend(vector));
        for vector in self.vectors(image, block.len()) {
            self.scale = self.scale.max(length(&vector));
            self.images.extend(vector);
        }
        let along = times(self.rows(&self.basis), &self.none, image);
        for v in 0..block.len() {
            let products = along[..=before + v].iter().map(|four| four[v]);
            self.inner.push(products.collect());
        }
        along
    }

    /// The image orthonormalized against itself and the basis, without vectors in their span.
    pub(super) fn continued(
        &self,
        mut image: VectorBlock,
        along: Vec<[f64; BLOCK_VECTORS]>,
    ) -> Vec<Vec<f64>> {
        /// The relative norm of rounding errors, for an image in the span.
        const ROUNDING: f64 = 1e-13;
        self.take_away(&mut image, along);
        let mut block = orthonormal(self.vectors(&image, BLOCK_VECTORS), ROUNDING * self.scale);
        // Twice is enough (Kahan and Parlett): the second pass removes rounding errors only, unless
        // there was nothing else.
        let mut again = self.quad(&block);
        let along = times(self.rows(&self.basis), &self.none, &again);
        self.take_away(&mut again, along);
        block = self.vectors(&again, block.len());
        orthonormal(block, 0.5)
    }

    fn take_away(&self, from: &mut VectorBlock, mut along: Vec<[f64; BLOCK_VECTORS]>) {
        along
            .iter_mut()
            .flatten()
            .for_each(|number| *number = -*number);
        add_rows(self.rows(&self.basis), &self.none, &mut along, from);
    }

    pub(super) fn ritz(&self, k: usize) -> Result<Ritz, ReduceError> {
        let m = self.len();
        let small = Array2::from_shape_fn((m, m), |(i, j)| self.inner[i.max(j)][i.min(j)]);
        let Eigen { values, vectors } = symmetric_eigen(&small)?;
        let combined = |of: &[f64], from: usize| {
            let number =
                |j| std::array::from_fn(|v| vectors.get((j, from + v)).map_or(0.0, |&y| y));
            let mut numbers: Vec<[f64; BLOCK_VECTORS]> = (0..m).map(number).collect();
            let mut to = VectorBlock::zeros(self.stride);
            add_rows(self.rows(of), &self.none, &mut numbers, &mut to);
            to
        };
        let (mut found, mut residuals) = (Vec::with_capacity(k), Vec::with_capacity(k));
        for from in (0..k).step_by(BLOCK_VECTORS) {
            let count = BLOCK_VECTORS.min(k - from);
            let vectors = self.vectors(&combined(&self.basis, from), count);
            let mut residual = self.vectors(&combined(&self.images, from), count);
            for (v, vector) in vectors.iter().enumerate() {
                let pairs = residual[v].iter_mut().zip(vector);
                pairs.for_each(|(r, u)| *r -= values[from + v] * u);
            }
            // A residual is orthogonal to the basis up to rounding errors, which are removed.
            let mut residual = self.quad(&residual);
            let along = times(self.rows(&self.basis), &self.none, &residual);
            self.take_away(&mut residual, along);
            residuals.extend(self.vectors(&residual, count).iter().map(|r| length(r)));
            found.extend(vectors);
        }
        Ok(Ritz {
            values,
            vectors: found,
            residuals,
        })
    }
}

/// Gram–Schmidt; vectors whose remaining norm is not above `floor` are dropped.
fn orthonormal(vectors: Vec<Vec<f64>>, floor: f64) -> Vec<Vec<f64>> {
    let mut kept: Vec<Vec<f64>> = Vec::with_capacity(vectors.len());
    for mut vector in vectors {
        for other in &kept {
            let along = dot(&vector, other);
            let pairs = vector.iter_mut().zip(other);
            pairs.for_each(|(v, o)| *v -= along * o);
        }
        let length = length(&vector);
        if length > floor {
            vector.iter_mut().for_each(|v| *v /= length);
            kept.push(vector);
        }
    }
    kept
}

/// The dot product, in eight running sums that the compiler keeps in vector registers.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a, rest_a) = a.as_chunks::<LANES>();
    let (b, rest_b) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        (0..LANES).for_each(|l| sums[l] += a[l] * b[l]);
    }
    let rest = rest_a.iter().zip(rest_b).map(|(a, b)| a * b);
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

fn length(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}
