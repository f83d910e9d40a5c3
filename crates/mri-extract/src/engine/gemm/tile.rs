//! The shape of a register tile on each instruction set.

use mri_simd::{F32_LANES, InstructionSet, Kernel, Level, Simd};

#[cfg(test)]
thread_local! {
    /// The instruction set that a test of this thread asks for.
    pub(super) static FORCED: std::cell::Cell<Option<Level>> = const { std::cell::Cell::new(None) };
}

/// A computation on register tiles of `MR` rows by `NV` vectors, that is `NR = NV · 16` columns.
/// `run` and what it calls have to be `#[inline(always)]`, as for every [`Kernel`].
pub(super) trait TileKernel {
    fn run<S: Simd, const MR: usize, const NV: usize>(self);
}

/// The instruction set of the products; `None` without vectors of 256 bits, where libtorch is
/// faster.
pub(super) fn level() -> Option<Level> {
    #[cfg(test)]
    if let Some(level) = FORCED.get() {
        return Some(level);
    }
    let level = Level::detect();
    (level.instruction_set() != InstructionSet::Portable).then_some(level)
}

/// `NR`, the columns of a tile.
pub(super) fn nr(level: Level) -> usize {
    match level.instruction_set() {
        InstructionSet::Avx512 => 2 * F32_LANES,
        _ => F32_LANES,
    }
}

/// Runs a computation with the tile shape of an instruction set.
#[inline]
pub(super) fn run_tiles(level: Level, kernel: impl TileKernel) {
    level.run(Tiled(kernel));
}

struct Tiled<K>(K);

impl<K: TileKernel> Kernel for Tiled<K> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        if const { matches!(S::INSTRUCTION_SET, InstructionSet::Avx512) } {
            // 24 of 32 registers hold the sums of a tile.
            self.0.run::<S, 12, 2>();
        } else {
            // 12 of 16 registers hold the sums of a tile: a vector of AVX2 is two registers.
            self.0.run::<S, 6, 1>();
        }
    }
}
