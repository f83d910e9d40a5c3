//! Vectors of fixed width, dispatched to the widest instruction set of the processor at run time.
//!
//! A [`Kernel`] is written once, generic over a [`Simd`] instruction set with its vectors of 16
//! `f32` ([`F32x16`]) and 8 `f64` ([`F64x8`]). [`dispatch`] runs the version compiled for the
//! widest set that this processor has; [`Level::available`] lists all of them, so that tests can
//! run each. Kernels may also use plain arrays and leave the vectors to the compiler.
//!
//! ```
//! use mri_simd::{F32_LANES, F32x16, Kernel, Level, Simd, dispatch};
//!
//! /// The dot product of two slices whose length is a multiple of 16.
//! struct Dot<'a>(&'a [f32], &'a [f32]);
//!
//! impl Kernel for Dot<'_> {
//!     type Output = f32;
//!
//!     #[inline(always)]
//!     fn run<S: Simd>(self) -> f32 {
//!         let (a, b) = (self.0.as_chunks::<F32_LANES>().0, self.1.as_chunks::<F32_LANES>().0);
//!         let mut sum = S::F32::splat(0.0);
//!         for (a, b) in a.iter().zip(b) {
//!             sum = S::F32::load(a).mul_add(S::F32::load(b), sum);
//!         }
//!         sum.reduce_sum()
//!     }
//! }
//!
//! let (a, b) = ([0.5; 64], [2.0; 64]);
//! assert_eq!(dispatch(Dot(&a, &b)), 64.0);
//! for level in Level::available() {
//!     assert_eq!(level.run(Dot(&a, &b)), 64.0);
//! }
//! ```
//!
//! # Why fixed widths
//!
//! Crates such as `pulp` offer vectors of the register's own width: 16 `f32` with AVX-512, 8 with
//! AVX2. A sum over lanes then depends on the width, and so do its bits. Here a vector is one
//! register of AVX-512 or two of AVX2, and sums over lanes are made in one fixed order, so AVX-512
//! and AVX2 give the same bits for everything but [`F32x16::recip`]. Nor has `pulp` the
//! instructions that the attention and GELU kernels of `mri-extract` need (`vrcp14ps`,
//! `vscalefps`), or prefetch.
//!
//! The portable [`F64x8::mul_add`] rounds the product before the sum, so its results differ from
//! those of processors with FMA in the last bits.

#![warn(missing_docs)]

mod f32x16;
mod f64x8;
mod kernel;
mod level;
mod portable;
mod prefetch;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use f32x16::{F32_LANES, F32x16};
pub use f64x8::{F64_LANES, F64x8};
pub use kernel::{InstructionSet, Kernel, Simd};
pub use level::{Level, dispatch};
pub use prefetch::{prefetch_l1, prefetch_l2};
