//! Vectors of x86-64 processors.
//!
//! Every intrinsic below is sound for one reason: its type is private to this crate and reaches a
//! kernel only through [`run_avx512`] or [`run_avx2`], which a [`Level`](crate::Level) calls after
//! the processor said that it has the instructions.

mod avx2;
mod avx512;

use self::avx2::Avx2;
use self::avx512::Avx512;
use crate::kernel::Kernel;

/// Runs a kernel compiled for AVX-512.
#[target_feature(enable = "avx512f,avx512dq")]
pub(crate) fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

/// Runs a kernel compiled for AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(crate) fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}
