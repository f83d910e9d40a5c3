//! Arithmetic on arrays of lanes, which the compiler turns into vectors within a
//! [`Kernel`](mri_simd::Kernel). Every instruction set gives the same bits.

use mri_simd::F32_LANES as LANES;

/// One number per lane.
pub(crate) type Lanes = [f32; LANES];

/// The base-2 logarithm of a positive normal number; absolute error below 2e-6.
#[inline(always)]
fn log2(x: f32) -> f32 {
    /// The bits of √½: the mantissa lies between √½ and √2.
    const LOW: i32 = 0x3f35_04f3;
    let bits = x.to_bits() as i32;
    let exponent = (bits - LOW) >> 23;
    let mantissa = f32::from_bits((bits - (exponent << 23)) as u32);
    // ln m = 2·artanh((m−1)/(m+1)); for |s| ≤ 0.172 the next term is below 2e-6.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let series = 1.0 + square * (1.0 / 3.0 + square * (1.0 / 5.0));
    exponent as f32 + s * series * (2.0 * std::f32::consts::LOG2_E)
}

/// `2^x` for `x` between −120 and 120; relative error below 3e-6.
#[inline(always)]
fn exp2(x: f32) -> f32 {
    /// Adding it leaves the nearest integer in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let shifted = x + ROUND;
    let f = (x - (shifted - ROUND)) * std::f32::consts::LN_2;
    // The exponential series; for |f| ≤ 0.347 the next term is below 3e-6.
    let series =
        1.0 + f * (1.0 + f * (1.0 / 2.0 + f * (1.0 / 6.0 + f * (1.0 / 24.0 + f * (1.0 / 120.0)))));
    f32::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// `x^p` for a positive normal `x`, clamped between 2⁻¹²⁰ and 2¹²⁰; relative error below 1e-5.
#[inline(always)]
pub(crate) fn power(x: f32, p: f32) -> f32 {
    exp2((log2(x) * p).clamp(-120.0, 120.0))
}

/// The squared Euclidean distance of two rows whose length is a multiple of [`LANES`].
#[inline(always)]
pub(crate) fn square_distance(a: &[f32], b: &[f32]) -> f32 {
    square_distances(a, [b])[0]
}

/// The squared distances of a row to several, read together; the same bits as one by one, and
/// symmetric.
#[inline(always)]
pub(crate) fn square_distances<const N: usize>(a: &[f32], others: [&[f32]; N]) -> [f32; N] {
    let mut sums = [[0.0_f32; LANES]; N];
    // All have the length of `a`, so that no bound is checked below.
    let others = others.map(|other| &other[..a.len()]);
    for (c, x) in a.chunks_exact(LANES).enumerate() {
        for (sums, other) in sums.iter_mut().zip(&others) {
            let y = &other[c * LANES..][..LANES];
            for l in 0..LANES {
                let d = x[l] - y[l];
                sums[l] += d * d;
            }
        }
    }
    sums.map(total)
}

#[inline(always)]
fn total(mut sums: Lanes) -> f32 {
    // Pairwise: a plain sum would be a chain of sixteen dependent additions.
    let mut width = LANES / 2;
    while width > 0 {
        for l in 0..width {
            sums[l] += sums[l + width];
        }
        width /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use mri_simd::{Kernel, Level, Simd, dispatch};

    use super::*;

    struct Powers<'a>(&'a [f32], f32);

    impl Kernel for Powers<'_> {
        type Output = Vec<u32>;

        #[inline(always)]
        fn run<S: Simd>(self) -> Vec<u32> {
            self.0.iter().map(|&x| power(x, self.1).to_bits()).collect()
        }
    }

    /// From 1e-12 to 1e12, with every kind of mantissa.
    fn numbers() -> Vec<f32> {
        (0..40_000)
            .map(|i| 10_f32.powf(i as f32 * 6e-4 - 12.0))
            .collect()
    }

    #[test]
    fn powers_equal_the_standard_librarys() {
        for p in [0.25, 0.895, 1.0, 1.9] {
            for &x in &numbers() {
                let (got, expected) = (f64::from(power(x, p)), f64::from(x).powf(f64::from(p)));
                let error = (got / expected - 1.0).abs();
                assert!(error < 2e-5, "{x} to {p}: {got} for {expected}");
            }
        }
        assert!(power(1e30, 9.0).is_finite() && power(1e-30, 9.0) > 0.0);
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let x = numbers();
        let expected = dispatch(Powers(&x, 0.895));
        for level in Level::available() {
            assert_eq!(level.run(Powers(&x, 0.895)), expected, "{level:?}");
        }
    }
}
