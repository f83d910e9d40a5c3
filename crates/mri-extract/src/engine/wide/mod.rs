//! Products and attention in single precision on CPUs with wide vectors.
//!
//! libtorch leaves a sixth of a core's rate unused where texts are short: its products pack the weights
//! anew whenever they are called, which pays for a thousand tokens or more, whose states do not fit
//! the caches; its attention starts a library's product for every head. Here weights are packed
//! once and the states of a text or two stay in the caches of the core that works on them.
//! Everything else, other numbers and other processors are libtorch's.
//!
//! All of it names its instructions through [`Sixteen`]: the sums of a tile have to stay in registers, and
//! the compiler does not find that arrangement by itself.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
use std::ops::Range;

mod attention;
mod product;
mod tile;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(super) use attention::{Heads, Text};
pub(super) use product::{Panels, Then};
pub(super) use tile::Rows;

/// Numbers handled together.
const LANES: usize = 16;

/// A score below any other, whose power is 0. It is finite, so that it can be subtracted from itself.
const NOTHING: f32 = -1e30;

/// Sixteen numbers in registers.
trait Sixteen: Copy {
    fn splat(value: f32) -> Self;
    fn load(from: &[f32; LANES]) -> Self;
    fn store(self, to: &mut [f32; LANES]);
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    /// `self + a·b`, rounded once.
    fn plus_product(self, a: Self, b: Self) -> Self;
    /// To 1e-7 of themselves.
    fn reciprocal(self) -> Self;
    /// Without their signs.
    fn magnitude(self) -> Self;
    /// The lesser of two, lane by lane.
    fn least(self, other: Self) -> Self;
    /// The greater of two, lane by lane.
    fn greatest(self, other: Self) -> Self;
    /// The nearest whole numbers.
    fn round(self) -> Self;
    /// `self·2ⁿ` for numbers near 1 and whole `n` up to 0; 0 or nearly so where that is no normal number.
    fn scale(self, n: Self) -> Self;
    /// `self` where `sign` is below 0, else `other`.
    fn where_negative(self, sign: Self, other: Self) -> Self;
    /// [`NOTHING`] in all lanes but those of `lanes`.
    fn only(self, lanes: Range<usize>) -> Self;

    /// The polynomial with these coefficients, that of the highest power first.
    #[inline(always)]
    fn polynomial<const N: usize>(self, coefficients: [f32; N]) -> Self {
        let mut sum = Self::splat(coefficients[0]);
        for coefficient in &coefficients[1..] {
            sum = Self::splat(*coefficient).plus_product(sum, self);
        }
        sum
    }

    /// 2 to the power of finite numbers up to 0, to 1e-7 of itself.
    #[inline(always)]
    fn exp2(self) -> Self {
        // The polynomial of degree 6 for 2ˣ with the least relative error, 2e-9, from −½ to ½.
        const SERIES: [f32; 7] = [
            0.000_153_458_12,
            0.001_339_993_1,
            0.009_618_489,
            0.055_503_286,
            0.240_226_46,
            std::f32::consts::LN_2,
            1.0,
        ];
        let n = self.round();
        self.minus(n).polynomial(SERIES).scale(n)
    }

    /// `x·Φ(x)` with Φ the distribution function of the normal distribution, to 2e-6 of itself and
    /// 3e-7 of `x`: the Gaussian error linear unit, with the error function of Abramowitz & Stegun 7.1.28.
    #[inline(always)]
    fn gelu(self) -> Self {
        /// Of `x/√2`, and the square root of one half multiplied in.
        const SERIES: [f32; 7] = [
            0.000_005_383,
            0.000_048_906_25,
            0.000_038_036,
            0.003_277_626_4,
            0.021_141_006,
            0.049_867_347,
            1.0,
        ];
        // Beyond this the tail is 0 in `f32` anyway.
        let size = self.magnitude().least(Self::splat(14.0));
        let mut power = size.polynomial(SERIES);
        for _ in 0..4 {
            power = power.times(power);
        }
        // Half of 1 − erf(|x|/√2), times |x|.
        let tail = power.reciprocal().times(size).times(Self::splat(0.5));
        let negative = Self::splat(0.0).minus(tail);
        negative.where_negative(self, self.minus(tail))
    }

    /// The greatest of all.
    #[inline(always)]
    fn maximum(self) -> f32 {
        self.fold(|a, b| if a > b { a } else { b })
    }

    /// The sum of all, in a fixed order.
    #[inline(always)]
    fn sum(self) -> f32 {
        self.fold(|a, b| a + b)
    }

    #[inline(always)]
    fn fold(self, of: impl Fn(f32, f32) -> f32) -> f32 {
        let mut lanes = [0.0; LANES];
        self.store(&mut lanes);
        let mut width = LANES / 2;
        while width > 0 {
            for l in 0..width {
                lanes[l] = of(lanes[l], lanes[l + width]);
            }
            width /= 2;
        }
        lanes[0]
    }
}

/// Work written for any kind of [`Sixteen`], on tiles of `ROWS` rows by `VECTORS` times sixteen columns that
/// fill the registers. Whatever `run` calls with them must be `#[inline(always)]`, or it is compiled
/// without the instructions.
trait Work {
    /// Does the work.
    fn run<S: Sixteen, const ROWS: usize, const VECTORS: usize>(self);
}

/// What registers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Registers {
    Avx512,
    Avx2,
}

impl Registers {
    /// The widest of this processor, if they are any wider than what the compiler assumes.
    fn widest() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && !tests_want_avx2() {
                return Some(Self::Avx512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Some(Self::Avx2);
            }
        }
        None
    }
}

/// The columns of a tile; `None` where the processor has no wide registers and [`widest`] does nothing.
fn columns() -> Option<usize> {
    Registers::widest().map(|registers| match registers {
        Registers::Avx512 => 2 * LANES,
        Registers::Avx2 => LANES,
    })
}

/// Does the work with the widest registers that this processor has, or leaves it and returns it.
#[inline]
fn widest<W: Work>(work: W) -> Result<(), W> {
    match Registers::widest() {
        // Of 32 registers, 24 hold the sums of a tile.
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor was just asked for the feature.
        Some(Registers::Avx512) => unsafe { x86::with_avx512::<12, 2>(work) },
        // Of 16 registers, 12 hold the sums of a tile.
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Some(Registers::Avx2) => unsafe { x86::with_avx2::<6, 1>(work) },
        _ => return Err(work),
    }
    Ok(())
}

#[cfg(not(test))]
fn tests_want_avx2() -> bool {
    false
}

#[cfg(test)]
use tests::tests_want_avx2;

/// Asks for the line of the cache with a number that is soon to be loaded; for nothing if there is none at
/// that address.
#[inline(always)]
fn ask_for(number: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which never fails whatever the address.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(number.cast());
    }
}

/// The same for a number that is loaded some time after, into a larger cache.
#[inline(always)]
fn ask_later(number: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as above.
    unsafe {
        _mm_prefetch::<_MM_HINT_T1>(number.cast());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static AVX2: Cell<bool> = const { Cell::new(false) };
    }

    pub(super) fn tests_want_avx2() -> bool {
        AVX2.get()
    }

    /// Runs a test with each kind of registers that this processor has.
    pub(super) fn with_all_registers(test: impl Fn()) {
        for avx2 in [false, true] {
            AVX2.set(avx2);
            if Registers::widest().is_some() {
                test();
            }
        }
        AVX2.set(false);
    }

    /// The numbers of a function of sixteen, one by one.
    struct Each<'a, F>(&'a mut [f32], F);

    /// What is done to sixteen numbers.
    pub(super) trait Of {
        fn of<S: Sixteen>(&self, x: S) -> S;
    }

    impl<F: Of> Work for Each<'_, F> {
        #[inline(always)]
        fn run<S: Sixteen, const ROWS: usize, const VECTORS: usize>(self) {
            for x in self.0.as_chunks_mut::<LANES>().0 {
                self.1.of(S::load(x)).store(x);
            }
        }
    }

    struct Exp2;
    impl Of for Exp2 {
        #[inline(always)]
        fn of<S: Sixteen>(&self, x: S) -> S {
            x.exp2()
        }
    }

    pub(super) struct Gelu;
    impl Of for Gelu {
        #[inline(always)]
        fn of<S: Sixteen>(&self, x: S) -> S {
            x.gelu()
        }
    }

    struct Only(Range<usize>);
    impl Of for Only {
        #[inline(always)]
        fn of<S: Sixteen>(&self, x: S) -> S {
            x.only(self.0.clone())
        }
    }

    /// The function of numbers, however many.
    pub(super) fn each(of: impl Of, x: &[f32]) -> Vec<f32> {
        let mut padded = x.to_vec();
        padded.resize(x.len().next_multiple_of(LANES), 0.0);
        assert!(widest(Each(&mut padded, of)).is_ok());
        padded.truncate(x.len());
        padded
    }

    #[test]
    fn powers_of_two_are_those_of_the_standard_library() {
        let x: Vec<f32> = (0..16_000).map(|i| i as f32 * -0.0075).collect();
        with_all_registers(|| {
            for (x, power) in x.iter().zip(each(Exp2, &x)) {
                let expected = f64::from(*x).exp2();
                let error = (f64::from(power) / expected - 1.0).abs();
                assert!(error < 1.5e-7, "2^{x}: {power} for {expected}");
            }
            let far = each(Exp2, &[-150.0, -1e6, -1e30, NOTHING].repeat(4));
            assert!(far.iter().all(|&x| (0.0..=2e-38).contains(&x)), "{far:?}");
            assert_eq!(each(Exp2, &[0.0; 16]), [1.0; 16]);
        });
    }

    /// The distribution function of the normal distribution, by Simpson's rule.
    fn normal(x: f64) -> f64 {
        let density = |t: f64| (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let (n, h) = (2_000, x / 2_000.0);
        let sum: f64 = (0..=n)
            .map(|i| {
                let weight = match i {
                    0 => 1.0,
                    i if i == n => 1.0,
                    i if i % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                weight * density(f64::from(i) * h)
            })
            .sum();
        0.5 + sum * h / 3.0
    }

    #[test]
    fn the_error_unit_is_x_times_the_normal_distribution() {
        let x: Vec<f32> = (-800..800).map(|i| i as f32 * 0.0101).collect();
        with_all_registers(|| {
            for (&x, unit) in x.iter().zip(each(Gelu, &x)) {
                let x = f64::from(x);
                let expected = x * normal(x);
                let bound = 2e-6 * expected.abs() + 3e-7 * x.abs();
                let error = (f64::from(unit) - expected).abs();
                assert!(error <= bound, "{x}: {unit} for {expected}");
            }
            let ends = [0.0, 1e30, f32::INFINITY, -30.0].repeat(4);
            let units = each(Gelu, &ends);
            assert_eq!(units[..3], ends[..3]);
            assert!(units[3].abs() < 1e-20);
            assert!(each(Gelu, &[f32::NAN; 16]).iter().all(|x| x.is_nan()));
        });
    }

    #[test]
    fn lanes_outside_are_hidden() {
        let x: [f32; LANES] = std::array::from_fn(|i| i as f32);
        with_all_registers(|| {
            for start in 0..20 {
                for end in 0..20 {
                    let kept = each(Only(start..end), &x);
                    for (lane, kept) in kept.into_iter().enumerate() {
                        let inside = (start..end).contains(&lane);
                        let expected = if inside { lane as f32 } else { NOTHING };
                        assert_eq!(kept, expected, "lane {lane} of {start}..{end}");
                    }
                }
            }
        });
    }
}
