//! Vectors of 8 `f64`.

/// The lanes of an [`F64x8`].
pub const F64_LANES: usize = 8;

/// A vector of 8 `f64`. Operations act lane by lane unless they say otherwise.
pub trait F64x8: Copy {
    /// All lanes equal to `value`.
    fn splat(value: f64) -> Self;

    /// Reads the lanes from memory of any alignment.
    fn load(from: &[f64; F64_LANES]) -> Self;

    /// Reads the lanes from `f32` in memory of any alignment; exact.
    fn load_f32(from: &[f32; F64_LANES]) -> Self;

    /// Writes the lanes to memory of any alignment.
    fn store(self, to: &mut [f64; F64_LANES]);

    /// `self + other`.
    #[must_use]
    fn add(self, other: Self) -> Self;

    /// `self − other`.
    #[must_use]
    fn sub(self, other: Self) -> Self;

    /// `self · a + b`, rounded once with AVX2 and AVX-512; elsewhere the product is rounded first.
    #[must_use]
    fn mul_add(self, a: Self, b: Self) -> Self;

    /// The smaller of two; `other` if either is NaN.
    #[must_use]
    fn min(self, other: Self) -> Self;

    /// The larger of two; `other` if either is NaN.
    #[must_use]
    fn max(self, other: Self) -> Self;

    /// The sum of the lanes, added pairwise in a fixed order.
    #[inline(always)]
    fn reduce_sum(self) -> f64 {
        let mut s = [0.0; F64_LANES];
        self.store(&mut s);
        ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Kernel, Simd};
    use crate::level::Level;

    /// Every operation at once, so that one wrong instruction shows.
    struct Everything([f32; F64_LANES], [f64; F64_LANES]);

    impl Kernel for Everything {
        type Output = ([f64; F64_LANES], f64);

        #[inline(always)]
        fn run<S: Simd>(self) -> Self::Output {
            let (x, y) = (S::F64::load_f32(&self.0), S::F64::load(&self.1));
            let low = x.min(y).sub(S::F64::splat(0.25));
            let high = x.max(y).add(S::F64::splat(1.0));
            let mut out = [0.0; F64_LANES];
            low.mul_add(high, x).store(&mut out);
            (out, y.reduce_sum())
        }
    }

    /// The numbers are small multiples of 1/4, so that nothing rounds.
    #[test]
    fn operations_act_lane_by_lane() {
        let x: [f32; F64_LANES] = std::array::from_fn(|i| i as f32 * 1.75 - 4.0);
        for level in Level::available() {
            for lane in 0..F64_LANES {
                let mut y: [f64; F64_LANES] = std::array::from_fn(|i| i as f64 * 0.5);
                y[lane] -= 64.0;
                let (found, sum) = level.run(Everything(x, y));
                let expected: [f64; F64_LANES] = std::array::from_fn(|i| {
                    let x = f64::from(x[i]);
                    (x.min(y[i]) - 0.25) * (x.max(y[i]) + 1.0) + x
                });
                assert_eq!(found, expected, "{level:?}");
                assert_eq!(sum, y.iter().sum::<f64>(), "{level:?}");
            }
        }
    }
}
