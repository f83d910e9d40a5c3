//! The registers of x86-64 processors.

use std::arch::x86_64::{
    __m256, __m512, _CMP_GE_OQ, _CMP_LT_OQ, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT,
    _mm256_add_epi32, _mm256_add_ps, _mm256_and_ps, _mm256_andnot_ps, _mm256_blendv_ps,
    _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cvtps_epi32, _mm256_div_ps,
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps, _mm256_round_ps,
    _mm256_set1_ps, _mm256_setr_ps, _mm256_slli_epi32, _mm256_storeu_ps, _mm256_sub_ps,
    _mm512_abs_ps, _mm512_add_ps, _mm512_cmp_ps_mask, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_mask_blend_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_rcp14_ps,
    _mm512_roundscale_ps, _mm512_scalef_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
    _mm512_sub_ps,
};
use std::ops::Range;

use super::{LANES, NOTHING, Sixteen, Work};

#[target_feature(enable = "avx512f")]
pub(super) fn with_avx512<const ROWS: usize, const VECTORS: usize>(work: impl Work) {
    work.run::<Avx512, ROWS, VECTORS>();
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn with_avx2<const ROWS: usize, const VECTORS: usize>(work: impl Work) {
    work.run::<Avx2, ROWS, VECTORS>();
}

/// One register of AVX-512. Private, so that only [`with_avx512`] hands it to anyone.
#[derive(Clone, Copy)]
struct Avx512(__m512);

/// Two registers of AVX2. Private, so that only [`with_avx2`] hands it to anyone.
#[derive(Clone, Copy)]
struct Avx2(__m256, __m256);

const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

impl Sixteen for Avx512 {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: work for this type runs only where the processor has AVX-512.
        unsafe { Self(_mm512_set1_ps(value)) }
    }

    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        // SAFETY: as above; the array has as many numbers as are read.
        unsafe { Self(_mm512_loadu_ps(from.as_ptr())) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        // SAFETY: as above; the array has as many numbers as are written.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        // SAFETY: work for this type runs only where the processor has AVX-512.
        unsafe { Self(_mm512_sub_ps(self.0, other.0)) }
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_mul_ps(self.0, other.0)) }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_add_ps(self.0, other.0)) }
    }

    #[inline(always)]
    fn greatest(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_max_ps(self.0, other.0)) }
    }

    #[inline(always)]
    fn plus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_fmadd_ps(a.0, b.0, self.0)) }
    }

    #[inline(always)]
    fn round(self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_roundscale_ps::<NEAREST>(self.0)) }
    }

    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_scalef_ps(self.0, n.0)) }
    }

    #[inline(always)]
    fn reciprocal(self) -> Self {
        // SAFETY: work for this type runs only where the processor has AVX-512.
        let guess = Self(unsafe { _mm512_rcp14_ps(self.0) });
        // One step of Newton's method doubles its 14 bits.
        let rest = Self::splat(2.0).minus(self.times(guess));
        guess.times(rest)
    }

    #[inline(always)]
    fn magnitude(self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_abs_ps(self.0)) }
    }

    #[inline(always)]
    fn least(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(_mm512_min_ps(self.0, other.0)) }
    }

    #[inline(always)]
    fn where_negative(self, sign: Self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe {
            let negative = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(sign.0, _mm512_setzero_ps());
            Self(_mm512_mask_blend_ps(negative, other.0, self.0))
        }
    }

    #[inline(always)]
    fn only(self, lanes: Range<usize>) -> Self {
        let below = |lane: usize| (1_u32 << lane.min(LANES)) - 1;
        let kept = (below(lanes.end) & !below(lanes.start)) as u16;
        let none = Self::splat(NOTHING);
        // SAFETY: as above.
        unsafe { Self(_mm512_mask_blend_ps(kept, none.0, self.0)) }
    }
}

impl Avx2 {
    /// The same with both registers.
    #[inline(always)]
    fn both(self, other: Self, f: impl Fn(__m256, __m256) -> __m256) -> Self {
        Self(f(self.0, other.0), f(self.1, other.1))
    }
}

impl Sixteen for Avx2 {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: work for this type runs only where the processor has AVX2 and FMA.
        let half = unsafe { _mm256_set1_ps(value) };
        Self(half, half)
    }

    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        // SAFETY: as above; eight numbers and the next eight lie in the array.
        unsafe {
            Self(
                _mm256_loadu_ps(from.as_ptr()),
                _mm256_loadu_ps(from.as_ptr().add(LANES / 2)),
            )
        }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        // SAFETY: as above.
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), self.0);
            _mm256_storeu_ps(to.as_mut_ptr().add(LANES / 2), self.1);
        }
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        // SAFETY: work for this type runs only where the processor has AVX2 and FMA.
        self.both(other, |a, b| unsafe { _mm256_sub_ps(a, b) })
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        // SAFETY: as above.
        self.both(other, |a, b| unsafe { _mm256_mul_ps(a, b) })
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        // SAFETY: as above.
        self.both(other, |a, b| unsafe { _mm256_add_ps(a, b) })
    }

    #[inline(always)]
    fn greatest(self, other: Self) -> Self {
        // SAFETY: as above.
        self.both(other, |a, b| unsafe { _mm256_max_ps(a, b) })
    }

    #[inline(always)]
    fn plus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as above.
        unsafe {
            Self(
                _mm256_fmadd_ps(a.0, b.0, self.0),
                _mm256_fmadd_ps(a.1, b.1, self.1),
            )
        }
    }

    #[inline(always)]
    fn round(self) -> Self {
        // SAFETY: as above.
        self.both(self, |a, _| unsafe { _mm256_round_ps::<NEAREST>(a) })
    }

    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        // Into the exponent of the number; below −126 the exponent would leave its bits.
        let n = n.greatest(Self::splat(-126.0));
        // SAFETY: as above.
        self.both(n, |a, n| unsafe {
            let n = _mm256_slli_epi32::<23>(_mm256_cvtps_epi32(n));
            _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), n))
        })
    }

    #[inline(always)]
    fn reciprocal(self) -> Self {
        // SAFETY: work for this type runs only where the processor has AVX2 and FMA.
        Self::splat(1.0).both(self, |one, a| unsafe { _mm256_div_ps(one, a) })
    }

    #[inline(always)]
    fn magnitude(self) -> Self {
        // SAFETY: as above.
        Self::splat(-0.0).both(self, |sign, a| unsafe { _mm256_andnot_ps(sign, a) })
    }

    #[inline(always)]
    fn least(self, other: Self) -> Self {
        // SAFETY: as above.
        self.both(other, |a, b| unsafe { _mm256_min_ps(a, b) })
    }

    #[inline(always)]
    fn where_negative(self, sign: Self, other: Self) -> Self {
        // SAFETY: as above.
        let negative = sign.both(Self::splat(0.0), |a, b| unsafe {
            _mm256_cmp_ps::<_CMP_LT_OQ>(a, b)
        });
        // SAFETY: as above.
        unsafe {
            Self(
                _mm256_blendv_ps(other.0, self.0, negative.0),
                _mm256_blendv_ps(other.1, self.1, negative.1),
            )
        }
    }

    #[inline(always)]
    fn only(self, lanes: Range<usize>) -> Self {
        // SAFETY: as above.
        unsafe {
            let none = _mm256_set1_ps(NOTHING);
            let (start, end) = (
                _mm256_set1_ps(lanes.start.min(LANES) as f32),
                _mm256_set1_ps(lanes.end.min(LANES) as f32),
            );
            let half = |numbers: __m256, first: f32| {
                let lane = _mm256_setr_ps(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0);
                let lane = _mm256_add_ps(lane, _mm256_set1_ps(first));
                let kept = _mm256_and_ps(
                    _mm256_cmp_ps::<_CMP_GE_OQ>(lane, start),
                    _mm256_cmp_ps::<_CMP_LT_OQ>(lane, end),
                );
                _mm256_blendv_ps(none, numbers, kept)
            };
            Self(half(self.0, 0.0), half(self.1, (LANES / 2) as f32))
        }
    }
}
