//! Vectors of one AVX-512 register.

use std::arch::x86_64::{
    __m512, __m512d, _CMP_LT_OQ, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT, _mm256_loadu_ps,
    _mm512_abs_ps, _mm512_add_pd, _mm512_add_ps, _mm512_cmp_ps_mask, _mm512_cvtps_pd,
    _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_loadu_pd, _mm512_loadu_ps, _mm512_mask_blend_ps,
    _mm512_max_pd, _mm512_max_ps, _mm512_min_pd, _mm512_min_ps, _mm512_mul_ps, _mm512_rcp14_ps,
    _mm512_roundscale_ps, _mm512_scalef_ps, _mm512_set1_pd, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_storeu_pd, _mm512_storeu_ps, _mm512_sub_pd, _mm512_sub_ps,
};
use std::ops::Range;

use crate::f32x16::{F32_LANES, F32x16};
use crate::f64x8::{F64_LANES, F64x8};
use crate::kernel::{InstructionSet, Simd, sealed};

/// AVX-512 F and DQ.
#[derive(Clone, Copy)]
pub(crate) struct Avx512;

impl sealed::Sealed for Avx512 {}

impl Simd for Avx512 {
    type F32 = F32Register;
    type F64 = F64Register;
    const INSTRUCTION_SET: InstructionSet = InstructionSet::Avx512;
}

/// 16 `f32` in a register.
#[derive(Clone, Copy)]
pub(crate) struct F32Register(__m512);

/// 8 `f64` in a register.
#[derive(Clone, Copy)]
pub(crate) struct F64Register(__m512d);

/// Methods that are one instruction on two vectors.
macro_rules! binary {
    ($($name:ident => $instruction:ident),*) => {$(
        #[inline(always)]
        fn $name(self, other: Self) -> Self {
            // SAFETY: this type is used on processors with AVX-512 only.
            unsafe { Self($instruction(self.0, other.0)) }
        }
    )*};
}

impl F32x16 for F32Register {
    binary!(
        add => _mm512_add_ps,
        sub => _mm512_sub_ps,
        mul => _mm512_mul_ps,
        min => _mm512_min_ps,
        max => _mm512_max_ps,
        scale_by_exp2 => _mm512_scalef_ps
    );

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: this type is used on processors with AVX-512 only.
        unsafe { Self(_mm512_set1_ps(value)) }
    }

    #[inline(always)]
    fn load(from: &[f32; F32_LANES]) -> Self {
        // SAFETY: as for `splat`; the array has as many lanes as are read.
        unsafe { Self(_mm512_loadu_ps(from.as_ptr())) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; F32_LANES]) {
        // SAFETY: as for `splat`; the array has as many lanes as are written.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        // SAFETY: as for `splat`.
        unsafe { Self(_mm512_fmadd_ps(self.0, a.0, b.0)) }
    }

    #[inline(always)]
    fn recip(self) -> Self {
        // SAFETY: as for `splat`.
        let guess = Self(unsafe { _mm512_rcp14_ps(self.0) });
        // One step of Newton's method doubles the 14 correct bits.
        guess.mul(Self::splat(2.0).sub(self.mul(guess)))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: as for `splat`.
        unsafe { Self(_mm512_abs_ps(self.0)) }
    }

    #[inline(always)]
    fn round(self) -> Self {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        // SAFETY: as for `splat`.
        unsafe { Self(_mm512_roundscale_ps::<NEAREST>(self.0)) }
    }

    #[inline(always)]
    fn select_negative(self, sign: Self, other: Self) -> Self {
        // SAFETY: as for `splat`.
        unsafe {
            let negative = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(sign.0, _mm512_setzero_ps());
            Self(_mm512_mask_blend_ps(negative, other.0, self.0))
        }
    }

    #[inline(always)]
    fn select_range(self, lanes: Range<usize>, other: Self) -> Self {
        let below = |lane: usize| (1_u32 << lane.min(F32_LANES)) - 1;
        let inside = (below(lanes.end) & !below(lanes.start)) as u16;
        // SAFETY: as for `splat`.
        unsafe { Self(_mm512_mask_blend_ps(inside, other.0, self.0)) }
    }
}

impl F64x8 for F64Register {
    binary!(
        add => _mm512_add_pd,
        sub => _mm512_sub_pd,
        min => _mm512_min_pd,
        max => _mm512_max_pd
    );

    #[inline(always)]
    fn splat(value: f64) -> Self {
        // SAFETY: this type is used on processors with AVX-512 only.
        unsafe { Self(_mm512_set1_pd(value)) }
    }

    #[inline(always)]
    fn load(from: &[f64; F64_LANES]) -> Self {
        // SAFETY: as for `splat`; the array has as many lanes as are read.
        unsafe { Self(_mm512_loadu_pd(from.as_ptr())) }
    }

    #[inline(always)]
    fn load_f32(from: &[f32; F64_LANES]) -> Self {
        // SAFETY: as for `load`.
        unsafe { Self(_mm512_cvtps_pd(_mm256_loadu_ps(from.as_ptr()))) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f64; F64_LANES]) {
        // SAFETY: as for `splat`; the array has as many lanes as are written.
        unsafe { _mm512_storeu_pd(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        // SAFETY: as for `splat`.
        unsafe { Self(_mm512_fmadd_pd(self.0, a.0, b.0)) }
    }
}
