//! Vectors of 16 `f32`.

use std::ops::Range;

/// The lanes of an [`F32x16`].
pub const F32_LANES: usize = 16;

/// A vector of 16 `f32`. Operations act lane by lane unless they say otherwise.
pub trait F32x16: Copy {
    /// All lanes equal to `value`.
    fn splat(value: f32) -> Self;

    /// Reads the lanes from memory of any alignment.
    fn load(from: &[f32; F32_LANES]) -> Self;

    /// Writes the lanes to memory of any alignment.
    fn store(self, to: &mut [f32; F32_LANES]);

    /// `self + other`.
    #[must_use]
    fn add(self, other: Self) -> Self;

    /// `self − other`.
    #[must_use]
    fn sub(self, other: Self) -> Self;

    /// `self · other`.
    #[must_use]
    fn mul(self, other: Self) -> Self;

    /// `self · a + b`, rounded once; without FMA it is computed in `f64`.
    #[must_use]
    fn mul_add(self, a: Self, b: Self) -> Self;

    /// `1 / self` with a relative error below 1.9e-7; its last bits depend on the instruction set.
    #[must_use]
    fn recip(self) -> Self;

    /// The absolute value.
    #[must_use]
    fn abs(self) -> Self;

    /// The smaller of two; `other` if either is NaN.
    #[must_use]
    fn min(self, other: Self) -> Self;

    /// The larger of two; `other` if either is NaN.
    #[must_use]
    fn max(self, other: Self) -> Self;

    /// The nearest integer, ties to even.
    #[must_use]
    fn round(self) -> Self;

    /// `self · 2ⁿ` for `self` near 1 and integers `n ≤ 0`; 0 or a number below 2⁻¹²⁵ where the
    /// result is no normal number.
    #[must_use]
    fn scale_by_exp2(self, n: Self) -> Self;

    /// `self` in lanes where `sign < 0`, else `other`.
    #[must_use]
    fn select_negative(self, sign: Self, other: Self) -> Self;

    /// `self` in the lanes of a range, else `other`. Ends past the last lane count as the last.
    #[must_use]
    fn select_range(self, lanes: Range<usize>, other: Self) -> Self;

    /// The polynomial with these coefficients, the highest power first, by Horner's rule.
    #[inline(always)]
    #[must_use]
    fn polynomial<const N: usize>(self, coefficients: [f32; N]) -> Self {
        let mut sum = Self::splat(coefficients[0]);
        for coefficient in &coefficients[1..] {
            sum = sum.mul_add(self, Self::splat(*coefficient));
        }
        sum
    }

    /// `2^self` for finite `self ≤ 0`, with a relative error below 1.5e-7.
    #[inline(always)]
    #[must_use]
    fn exp2(self) -> Self {
        /// The minimax polynomial of degree 6 for 2ˣ on [−½, ½]; relative error 2e-9.
        const COEFFICIENTS: [f32; 7] = [
            0.000_153_458_12,
            0.001_339_993_1,
            0.009_618_489,
            0.055_503_286,
            0.240_226_46,
            std::f32::consts::LN_2,
            1.0,
        ];
        let n = self.round();
        self.sub(n).polynomial(COEFFICIENTS).scale_by_exp2(n)
    }

    /// The largest lane.
    #[inline(always)]
    fn reduce_max(self) -> f32 {
        let mut lanes = [0.0; F32_LANES];
        self.store(&mut lanes);
        let mut width = F32_LANES / 2;
        while width > 0 {
            for l in 0..width {
                let (a, b) = (lanes[l], lanes[l + width]);
                lanes[l] = if a > b { a } else { b };
            }
            width /= 2;
        }
        lanes[0]
    }

    /// The sum of the lanes, added pairwise in a fixed order.
    #[inline(always)]
    fn reduce_sum(self) -> f32 {
        let mut lanes = [0.0; F32_LANES];
        self.store(&mut lanes);
        let mut width = F32_LANES / 2;
        while width > 0 {
            for l in 0..width {
                lanes[l] += lanes[l + width];
            }
            width /= 2;
        }
        lanes[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Kernel, Simd};
    use crate::level::Level;

    /// A function of one vector.
    trait Unary: Copy {
        fn apply<V: F32x16>(self, x: V) -> V;
    }

    struct Map<'a, F>(&'a [f32], F);

    impl<F: Unary> Kernel for Map<'_, F> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn run<S: Simd>(self) -> Vec<f32> {
            let mut out = self.0.to_vec();
            for x in out.as_chunks_mut::<F32_LANES>().0 {
                self.1.apply(S::F32::load(x)).store(x);
            }
            out
        }
    }

    #[derive(Clone, Copy)]
    struct Exp2;
    impl Unary for Exp2 {
        #[inline(always)]
        fn apply<V: F32x16>(self, x: V) -> V {
            x.exp2()
        }
    }

    #[derive(Clone, Copy)]
    struct SelectRange(usize, usize);
    impl Unary for SelectRange {
        #[inline(always)]
        fn apply<V: F32x16>(self, x: V) -> V {
            x.select_range(self.0..self.1, V::splat(-1e30))
        }
    }

    /// Every lane-wise operation at once, so that one wrong instruction shows.
    #[derive(Clone, Copy)]
    struct Everything;
    impl Unary for Everything {
        #[inline(always)]
        fn apply<V: F32x16>(self, x: V) -> V {
            let y = x.sub(V::splat(1.25)).mul(V::splat(3.0)).add(V::splat(0.5));
            let small = y.min(V::splat(4.0)).max(V::splat(-2.0)).abs();
            let negative = x.round().select_negative(x, small);
            negative.mul_add(V::splat(2.0), small)
        }
    }

    #[derive(Clone, Copy)]
    struct Recip;
    impl Unary for Recip {
        #[inline(always)]
        fn apply<V: F32x16>(self, x: V) -> V {
            x.recip()
        }
    }

    #[test]
    fn exp2_is_accurate() {
        let x: Vec<f32> = (0..16_000).map(|i| i as f32 * -0.0075).collect();
        for level in Level::available() {
            for (x, power) in x.iter().zip(level.run(Map(&x, Exp2))) {
                let expected = f64::from(*x).exp2();
                let error = (f64::from(power) / expected - 1.0).abs();
                assert!(error < 1.5e-7, "{level:?}: 2^{x}: {power} for {expected}");
            }
            let far = level.run(Map(&[-150.0, -1e6, -1e30, -1e38].repeat(4), Exp2));
            assert!(far.iter().all(|&x| (0.0..=2e-38).contains(&x)), "{far:?}");
            assert_eq!(level.run(Map(&[0.0; 16], Exp2)), [1.0; 16]);
        }
    }

    #[test]
    fn lanes_outside_a_range_are_replaced() {
        let x: [f32; F32_LANES] = std::array::from_fn(|i| i as f32);
        for level in Level::available() {
            for start in 0..20 {
                for end in 0..20 {
                    let found = level.run(Map(&x, SelectRange(start, end)));
                    for (lane, found) in found.into_iter().enumerate() {
                        let inside = (start..end).contains(&lane);
                        let expected = if inside { lane as f32 } else { -1e30 };
                        assert_eq!(found, expected, "{level:?}: lane {lane} of {start}..{end}");
                    }
                }
            }
        }
    }

    /// The numbers are multiples of 1/8 of moderate size, so that no operation rounds and all
    /// instruction sets have to agree with scalar arithmetic.
    #[test]
    fn operations_act_lane_by_lane() {
        let x: Vec<f32> = (-160..160).map(|i| i as f32 / 8.0).collect();
        for level in Level::available() {
            for (&x, found) in x.iter().zip(level.run(Map(&x, Everything))) {
                let small = ((x - 1.25) * 3.0 + 0.5).clamp(-2.0, 4.0).abs();
                let negative = if x < 0.0 { x.round_ties_even() } else { small };
                assert_eq!(found, negative * 2.0 + small, "{level:?}: {x}");
            }
            let x: Vec<f32> = (1..=3200).map(|i| i as f32 * 0.731).collect();
            for (x, found) in x.iter().zip(level.run(Map(&x, Recip))) {
                let error = (f64::from(found) * f64::from(*x) - 1.0).abs();
                // Newton's step on 14 bits is exact to 4e-9 and rounds three times, by 6e-8 each.
                assert!(error < 1.9e-7, "{level:?}: 1/{x}: {found}");
            }
        }
    }

    struct Reduce([f32; F32_LANES]);

    impl Kernel for Reduce {
        type Output = (f32, f32);

        #[inline(always)]
        fn run<S: Simd>(self) -> (f32, f32) {
            let x = S::F32::load(&self.0);
            (x.reduce_sum(), x.reduce_max())
        }
    }

    #[test]
    fn reductions_use_every_lane() {
        for level in Level::available() {
            for lane in 0..F32_LANES {
                let mut x: [f32; F32_LANES] = std::array::from_fn(|i| i as f32 * 0.25);
                x[lane] += 100.0;
                let sum = x.iter().sum::<f32>();
                assert_eq!(level.run(Reduce(x)), (sum, x[lane]), "{level:?}");
            }
        }
    }
}
