//! Compile-time numbers of components.

/// The largest number of components: the largest for which [`dispatch_dimensions`] compiles
/// kernels.
pub(crate) const MAX_COMPONENTS: usize = 16;

/// Code that is compiled for several numbers of coordinates.
pub(crate) trait DimensionKernel {
    /// What it returns.
    type Output;

    /// Runs with points of `D` coordinates.
    fn run<const D: usize>(self) -> Self::Output;
}

/// Runs a kernel with the smallest compiled `D` of at least `components`, from 2 to
/// [`MAX_COMPONENTS`].
///
/// The compiler keeps a known number of coordinates in registers. Coordinates beyond `components`
/// are 0, and as no force acts along them they stay 0.
pub(crate) fn dispatch_dimensions<K: DimensionKernel>(components: usize, kernel: K) -> K::Output {
    match components {
        0..=2 => kernel.run::<2>(),
        3..=4 => kernel.run::<4>(),
        _ => kernel.run::<MAX_COMPONENTS>(),
    }
}
