//! Vectors for any processor: arrays, which the compiler turns into what registers there are.

use std::ops::Range;

use crate::f32x16::{F32_LANES, F32x16};
use crate::f64x8::{F64_LANES, F64x8};
use crate::kernel::{InstructionSet, Simd, sealed};

/// The instructions that the build's target guarantees.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl sealed::Sealed for Portable {}

impl Simd for Portable {
    type F32 = F32Array;
    type F64 = F64Array;
    const INSTRUCTION_SET: InstructionSet = InstructionSet::Portable;
}

/// 16 `f32` in an array.
#[derive(Clone, Copy)]
pub(crate) struct F32Array([f32; F32_LANES]);

/// 8 `f64` in an array.
#[derive(Clone, Copy)]
pub(crate) struct F64Array([f64; F64_LANES]);

impl F32Array {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|l| f(self.0[l], other.0[l])))
    }
}

impl F64Array {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self(std::array::from_fn(|l| f(self.0[l], other.0[l])))
    }
}

impl F32x16 for F32Array {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; F32_LANES])
    }

    #[inline(always)]
    fn load(from: &[f32; F32_LANES]) -> Self {
        Self(*from)
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; F32_LANES]) {
        *to = self.0;
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        // Not `f32::mul_add`, which is a slow library call where the target has no FMA. The product
        // is exact in `f64`.
        Self(std::array::from_fn(|l| {
            let sum = f64::from(self.0[l]) * f64::from(a.0[l]) + f64::from(b.0[l]);
            sum as f32
        }))
    }

    #[inline(always)]
    fn recip(self) -> Self {
        Self(self.0.map(f32::recip))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.map(f32::abs))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn round(self) -> Self {
        Self(self.0.map(f32::round_ties_even))
    }

    #[inline(always)]
    fn scale_by_exp2(self, n: Self) -> Self {
        // Added to the exponent's bits; below −126 the exponent would leave them.
        self.zip(n, |x, n| {
            let n = n.max(-126.0) as i32;
            f32::from_bits(x.to_bits().wrapping_add((n << 23) as u32))
        })
    }

    #[inline(always)]
    fn select_negative(self, sign: Self, other: Self) -> Self {
        Self(std::array::from_fn(|l| {
            let from = if sign.0[l] < 0.0 { self } else { other };
            from.0[l]
        }))
    }

    #[inline(always)]
    fn select_range(self, lanes: Range<usize>, other: Self) -> Self {
        Self(std::array::from_fn(|l| {
            let from = if lanes.contains(&l) { self } else { other };
            from.0[l]
        }))
    }
}

impl F64x8 for F64Array {
    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self([value; F64_LANES])
    }

    #[inline(always)]
    fn load(from: &[f64; F64_LANES]) -> Self {
        Self(*from)
    }

    #[inline(always)]
    fn load_f32(from: &[f32; F64_LANES]) -> Self {
        Self(from.map(f64::from))
    }

    #[inline(always)]
    fn store(self, to: &mut [f64; F64_LANES]) {
        *to = self.0;
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        self.zip(a, |x, a| x * a).add(b)
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }
}
