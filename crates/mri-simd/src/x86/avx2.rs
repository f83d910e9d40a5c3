//! Vectors of two AVX2 registers.

use std::arch::x86_64::{
    __m256, __m256d, _CMP_GE_OQ, _CMP_LT_OQ, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT,
    _mm_loadu_ps, _mm256_add_epi32, _mm256_add_pd, _mm256_add_ps, _mm256_and_ps, _mm256_andnot_ps,
    _mm256_blendv_ps, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cvtps_epi32,
    _mm256_cvtps_pd, _mm256_div_ps, _mm256_fmadd_pd, _mm256_fmadd_ps, _mm256_loadu_pd,
    _mm256_loadu_ps, _mm256_max_pd, _mm256_max_ps, _mm256_min_pd, _mm256_min_ps, _mm256_mul_ps,
    _mm256_round_ps, _mm256_set1_pd, _mm256_set1_ps, _mm256_setr_ps, _mm256_setzero_ps,
    _mm256_slli_epi32, _mm256_storeu_pd, _mm256_storeu_ps, _mm256_sub_pd, _mm256_sub_ps,
};
use std::ops::Range;

use crate::f32x16::{F32_LANES, F32x16};
use crate::f64x8::{F64_LANES, F64x8};
use crate::kernel::{InstructionSet, Simd, sealed};

/// AVX2 and FMA.
#[derive(Clone, Copy)]
pub(crate) struct Avx2;

impl sealed::Sealed for Avx2 {}

impl Simd for Avx2 {
    type F32 = F32Pair;
    type F64 = F64Pair;
    const INSTRUCTION_SET: InstructionSet = InstructionSet::Avx2;
}

/// 16 `f32` in two registers.
#[derive(Clone, Copy)]
pub(crate) struct F32Pair(__m256, __m256);

/// 8 `f64` in two registers.
#[derive(Clone, Copy)]
pub(crate) struct F64Pair(__m256d, __m256d);

/// Methods that are the same instruction on both registers of two vectors.
macro_rules! binary {
    ($($name:ident => $instruction:ident),*) => {$(
        #[inline(always)]
        fn $name(self, other: Self) -> Self {
            // SAFETY: this type is used on processors with AVX2 and FMA only.
            unsafe { Self($instruction(self.0, other.0), $instruction(self.1, other.1)) }
        }
    )*};
}

impl F32x16 for F32Pair {
    binary!(
        add => _mm256_add_ps,
        sub => _mm256_sub_ps,
        mul => _mm256_mul_ps,
        min => _mm256_min_ps,
        max => _mm256_max_ps
    );

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: this type is used on processors with AVX2 and FMA only.
        let half = unsafe { _mm256_set1_ps(value) };
        Self(half, half)
    }

    #[inline(always)]
    fn load(from: &[f32; F32_LANES]) -> Self {
        let [low, high] = halves(from);
        // SAFETY: as for `splat`; each half has as many lanes as are read.
        unsafe { Self(_mm256_loadu_ps(low), _mm256_loadu_ps(high)) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; F32_LANES]) {
        let (low, high) = to.split_at_mut(F32_LANES / 2);
        // SAFETY: as for `splat`; each half has as many lanes as are written.
        unsafe {
            _mm256_storeu_ps(low.as_mut_ptr(), self.0);
            _mm256_storeu_ps(high.as_mut_ptr(), self.1);
        }
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        // SAFETY: as for `splat`.
        unsafe {
            Self(
                _mm256_fmadd_ps(self.0, a.0, b.0),
                _mm256_fmadd_ps(self.1, a.1, b.1),
            )
        }
    }

    #[inline(always)]
    fn recip(self) -> Self {
        // SAFETY: as for `splat`.
        unsafe {
            let one = _mm256_set1_ps(1.0);
            Self(_mm256_div_ps(one, self.0), _mm256_div_ps(one, self.1))
        }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: as for `splat`.
        unsafe {
            let sign = _mm256_set1_ps(-0.0);
            Self(
                _mm256_andnot_ps(sign, self.0),
                _mm256_andnot_ps(sign, self.1),
            )
        }
    }

    #[inline(always)]
    fn round(self) -> Self {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        // SAFETY: as for `splat`.
        unsafe {
            Self(
                _mm256_round_ps::<NEAREST>(self.0),
                _mm256_round_ps::<NEAREST>(self.1),
            )
        }
    }

    #[inline(always)]
    fn scale_by_exp2(self, n: Self) -> Self {
        // Added to the exponent's bits; below −126 the exponent would leave them.
        let n = n.max(Self::splat(-126.0));
        // SAFETY: as for `splat`.
        unsafe { Self(add_exponent(self.0, n.0), add_exponent(self.1, n.1)) }
    }

    #[inline(always)]
    fn select_negative(self, sign: Self, other: Self) -> Self {
        // SAFETY: as for `splat`.
        unsafe {
            let zero = _mm256_setzero_ps();
            let low = _mm256_cmp_ps::<_CMP_LT_OQ>(sign.0, zero);
            let high = _mm256_cmp_ps::<_CMP_LT_OQ>(sign.1, zero);
            Self(
                _mm256_blendv_ps(other.0, self.0, low),
                _mm256_blendv_ps(other.1, self.1, high),
            )
        }
    }

    #[inline(always)]
    fn select_range(self, lanes: Range<usize>, other: Self) -> Self {
        let start = lanes.start.min(F32_LANES) as f32;
        let end = lanes.end.min(F32_LANES) as f32;
        // SAFETY: as for `splat`.
        unsafe {
            let low = lanes_between(0.0, start, end);
            let high = lanes_between((F32_LANES / 2) as f32, start, end);
            Self(
                _mm256_blendv_ps(other.0, self.0, low),
                _mm256_blendv_ps(other.1, self.1, high),
            )
        }
    }
}

impl F64x8 for F64Pair {
    binary!(
        add => _mm256_add_pd,
        sub => _mm256_sub_pd,
        min => _mm256_min_pd,
        max => _mm256_max_pd
    );

    #[inline(always)]
    fn splat(value: f64) -> Self {
        // SAFETY: this type is used on processors with AVX2 and FMA only.
        let half = unsafe { _mm256_set1_pd(value) };
        Self(half, half)
    }

    #[inline(always)]
    fn load(from: &[f64; F64_LANES]) -> Self {
        let [low, high] = halves(from);
        // SAFETY: as for `splat`; each half has as many lanes as are read.
        unsafe { Self(_mm256_loadu_pd(low), _mm256_loadu_pd(high)) }
    }

    #[inline(always)]
    fn load_f32(from: &[f32; F64_LANES]) -> Self {
        let [low, high] = halves(from);
        // SAFETY: as for `load`.
        unsafe {
            Self(
                _mm256_cvtps_pd(_mm_loadu_ps(low)),
                _mm256_cvtps_pd(_mm_loadu_ps(high)),
            )
        }
    }

    #[inline(always)]
    fn store(self, to: &mut [f64; F64_LANES]) {
        let (low, high) = to.split_at_mut(F64_LANES / 2);
        // SAFETY: as for `splat`; each half has as many lanes as are written.
        unsafe {
            _mm256_storeu_pd(low.as_mut_ptr(), self.0);
            _mm256_storeu_pd(high.as_mut_ptr(), self.1);
        }
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        // SAFETY: as for `splat`.
        unsafe {
            Self(
                _mm256_fmadd_pd(self.0, a.0, b.0),
                _mm256_fmadd_pd(self.1, a.1, b.1),
            )
        }
    }
}

/// The addresses of the two halves of an array.
#[inline(always)]
fn halves<T, const N: usize>(array: &[T; N]) -> [*const T; 2] {
    let (low, high) = array.split_at(N / 2);
    [low.as_ptr(), high.as_ptr()]
}

/// Adds integers to the exponents of numbers.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn add_exponent(x: __m256, n: __m256) -> __m256 {
    // SAFETY: the caller's.
    unsafe {
        let n = _mm256_slli_epi32::<23>(_mm256_cvtps_epi32(n));
        _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), n))
    }
}

/// A mask of the lanes whose number, counted from `first`, lies in `start..end`.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn lanes_between(first: f32, start: f32, end: f32) -> __m256 {
    // SAFETY: the caller's.
    unsafe {
        let lane = _mm256_setr_ps(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0);
        let lane = _mm256_add_ps(lane, _mm256_set1_ps(first));
        _mm256_and_ps(
            _mm256_cmp_ps::<_CMP_GE_OQ>(lane, _mm256_set1_ps(start)),
            _mm256_cmp_ps::<_CMP_LT_OQ>(lane, _mm256_set1_ps(end)),
        )
    }
}
