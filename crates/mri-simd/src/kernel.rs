//! Code written once for every instruction set.

use crate::f32x16::F32x16;
use crate::f64x8::F64x8;

/// The instruction sets that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstructionSet {
    /// What the target of the build guarantees: SSE2 on x86-64, NEON on AArch64.
    Portable,
    /// AVX2 and FMA: 16 registers of 256 bits.
    Avx2,
    /// AVX-512 F and DQ: 32 registers of 512 bits.
    Avx512,
}

/// An instruction set as a type, with its vectors. Implemented by this crate alone.
pub trait Simd: sealed::Sealed + Copy + 'static {
    /// 16 lanes of `f32`.
    type F32: F32x16;
    /// 8 lanes of `f64`.
    type F64: F64x8;
    /// Which instruction set this is.
    const INSTRUCTION_SET: InstructionSet;
}

/// A computation that is compiled for every instruction set.
///
/// [`run`](Self::run) and every function it calls with vectors, or whose loops are to use wide
/// vectors, must be `#[inline(always)]`; otherwise they are compiled without the wide instructions,
/// which is correct but slow. The same holds for closures, which cannot be marked: prefer loops.
///
/// The compiler neither reorders floating-point operations nor fuses products and sums, so a kernel
/// without vectors gives the same bits on every instruction set.
pub trait Kernel {
    /// The result.
    type Output;

    /// Runs the computation with the vectors of an instruction set.
    fn run<S: Simd>(self) -> Self::Output;
}

/// Keeps [`Simd`] closed: an implementation promises that its instructions exist.
pub(crate) mod sealed {
    pub trait Sealed {}
}
