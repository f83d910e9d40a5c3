//! What the tests of the kernels share.

use mri_simd::{F32_LANES, F32x16, Kernel, Level, Simd};

use super::gelu::gelu;
use super::tile::{FORCED, level};

/// Runs a test with each instruction set of this processor.
pub(super) fn at_all_levels(test: impl Fn()) {
    for level in Level::available() {
        FORCED.set(Some(level));
        test();
    }
    FORCED.set(None);
}

/// Pseudo-random numbers between −1 and 1.
pub(super) fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..n).map(next).collect()
}

struct Gelu<'a>(&'a mut [f32]);

impl Kernel for Gelu<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for x in self.0.as_chunks_mut::<F32_LANES>().0 {
            gelu(S::F32::load(x)).store(x);
        }
    }
}

/// The GELU of any number of numbers.
pub(super) fn gelu_of(x: &[f32]) -> Vec<f32> {
    let mut padded = x.to_vec();
    padded.resize(x.len().next_multiple_of(F32_LANES), 0.0);
    level().unwrap().run(Gelu(&mut padded));
    padded.truncate(x.len());
    padded
}
