use mri_simd::{F32_LANES, F32x16, Simd};

use super::microkernel::PACKED_STRIDE;

/// The score of a masked key, whose softmax weight is 0. Finite, so that the difference of two is 0
/// and not NaN.
pub(super) const MASKED: f32 = -1e30;

/// The running maxima and sums of a softmax over `R` rows whose scores, in powers of 2, come in
/// blocks.
pub(super) struct OnlineSoftmax<const R: usize> {
    maxima: [f32; R],
    totals: [f32; R],
}

impl<const R: usize> OnlineSoftmax<R> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self {
            maxima: [MASKED; R],
            totals: [0.0; R],
        }
    }

    /// The sums of the unnormalized weights.
    #[inline(always)]
    pub(super) fn totals(&self) -> &[f32; R] {
        &self.totals
    }

    /// Replaces the first `n_scores` scores of each packed row by their unnormalized weights.
    /// `sums`, the weighted sums of the blocks before, of `width` columns per row, are rescaled
    /// where a maximum rises.
    #[inline(always)]
    pub(super) fn add_block<S: Simd>(
        &mut self,
        block_maxima: &[S::F32; R],
        scores: &mut [f32],
        n_scores: usize,
        sums: &mut [f32],
        width: usize,
        first_block: bool,
    ) {
        for r in 0..R {
            let before = self.maxima[r];
            let max = before.max(block_maxima[r].reduce_max());
            // No visible key yet: every weight is 0 whatever is subtracted.
            let subtracted = if max == MASKED { 0.0 } else { max };
            let rescale = if first_block {
                0.0
            } else {
                (before - subtracted).exp2()
            };
            let scores = &mut scores[r * PACKED_STRIDE..][..n_scores];
            let mut total = S::F32::splat(0.0);
            for scores in scores.as_chunks_mut::<F32_LANES>().0 {
                let weights = S::F32::load(scores).sub(S::F32::splat(subtracted)).exp2();
                weights.store(scores);
                total = total.add(weights);
            }
            self.totals[r] = self.totals[r] * rescale + total.reduce_sum();
            if before != max && !first_block {
                for sum in &mut sums[r * width..][..width] {
                    *sum *= rescale;
                }
            }
            self.maxima[r] = max;
        }
    }
}
