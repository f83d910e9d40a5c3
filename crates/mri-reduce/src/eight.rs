//! Eight numbers of double precision at a time, in whatever registers the processor has.
//!
//! Unlike the kernels of `simd.rs`, which the compiler turns into vectors, these name the
//! instructions: the sums of a pass over the rows must stay in registers, four rows by four vectors
//! at once, and the compiler does not find that arrangement. Products are fused with sums where the
//! processor can, so processors without that differ in the last bits; on one of them the same rows
//! give the same bits however many threads there are.

/// Numbers handled together.
pub(crate) const LANES: usize = 8;

/// Eight numbers.
pub(crate) trait Eight: Copy {
    fn splat(value: f64) -> Self;
    fn load(from: &[f64; LANES]) -> Self;
    fn widen(from: &[f32; LANES]) -> Self;
    fn store(self, to: &mut [f64; LANES]);
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn least(self, other: Self) -> Self;
    fn greatest(self, other: Self) -> Self;
    /// `self + a·b`.
    fn plus_product(self, a: Self, b: Self) -> Self;

    /// The sum of all eight, in a fixed order.
    #[inline(always)]
    fn sum(self) -> f64 {
        let mut s = [0.0; LANES];
        self.store(&mut s);
        ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
    }
}

/// Work written for any kind of [`Eight`]. Whatever `run` calls with them must be
/// `#[inline(always)]`, or it is compiled without the instructions.
pub(crate) trait Work {
    /// Does the work.
    fn run<E: Eight>(self);
}

/// Does the work with the widest registers that this processor has.
#[inline]
pub(crate) fn widest(work: impl Work) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor was just asked for the feature.
            return unsafe { x86::with_avx512(work) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: as above.
            return unsafe { x86::with_avx2(work) };
        }
    }
    work.run::<Plain>();
}

/// For any processor.
#[derive(Clone, Copy)]
pub(crate) struct Plain([f64; LANES]);

impl Plain {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self(std::array::from_fn(|l| f(self.0[l], other.0[l])))
    }
}

impl Eight for Plain {
    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    fn load(from: &[f64; LANES]) -> Self {
        Self(*from)
    }

    #[inline(always)]
    fn widen(from: &[f32; LANES]) -> Self {
        Self(from.map(f64::from))
    }

    #[inline(always)]
    fn store(self, to: &mut [f64; LANES]) {
        *to = self.0;
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn least(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn greatest(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn plus_product(self, a: Self, b: Self) -> Self {
        self.plus(a.zip(b, |a, b| a * b))
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256d, __m512d, _mm_loadu_ps, _mm256_add_pd, _mm256_cvtps_pd, _mm256_fmadd_pd,
        _mm256_loadu_pd, _mm256_loadu_ps, _mm256_max_pd, _mm256_min_pd, _mm256_set1_pd,
        _mm256_storeu_pd, _mm256_sub_pd, _mm512_add_pd, _mm512_cvtps_pd, _mm512_fmadd_pd,
        _mm512_loadu_pd, _mm512_max_pd, _mm512_min_pd, _mm512_set1_pd, _mm512_storeu_pd,
        _mm512_sub_pd,
    };

    use super::{Eight, LANES, Work};

    #[target_feature(enable = "avx512f")]
    pub(super) fn with_avx512(work: impl Work) {
        work.run::<Avx512>();
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn with_avx2(work: impl Work) {
        work.run::<Avx2>();
    }

    /// One register of AVX-512. Private, so that only [`with_avx512`] hands it to anyone.
    #[derive(Clone, Copy)]
    struct Avx512(__m512d);

    /// Two registers of AVX2. Private, so that only [`with_avx2`] hands it to anyone.
    #[derive(Clone, Copy)]
    struct Avx2(__m256d, __m256d);

    impl Eight for Avx512 {
        #[inline(always)]
        fn splat(value: f64) -> Self {
            // SAFETY: work for this type runs only where the processor has AVX-512.
            unsafe { Self(_mm512_set1_pd(value)) }
        }

        #[inline(always)]
        fn load(from: &[f64; LANES]) -> Self {
            // SAFETY: as for `splat`; eight numbers are there to be read.
            unsafe { Self(_mm512_loadu_pd(from.as_ptr())) }
        }

        #[inline(always)]
        fn widen(from: &[f32; LANES]) -> Self {
            // SAFETY: as for `load`.
            unsafe { Self(_mm512_cvtps_pd(_mm256_loadu_ps(from.as_ptr()))) }
        }

        #[inline(always)]
        fn store(self, to: &mut [f64; LANES]) {
            // SAFETY: as for `splat`; eight numbers may be written.
            unsafe { _mm512_storeu_pd(to.as_mut_ptr(), self.0) }
        }

        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe { Self(_mm512_add_pd(self.0, other.0)) }
        }

        #[inline(always)]
        fn minus(self, other: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe { Self(_mm512_sub_pd(self.0, other.0)) }
        }

        #[inline(always)]
        fn least(self, other: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe { Self(_mm512_min_pd(self.0, other.0)) }
        }

        #[inline(always)]
        fn greatest(self, other: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe { Self(_mm512_max_pd(self.0, other.0)) }
        }

        #[inline(always)]
        fn plus_product(self, a: Self, b: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe { Self(_mm512_fmadd_pd(a.0, b.0, self.0)) }
        }
    }

    impl Eight for Avx2 {
        #[inline(always)]
        fn splat(value: f64) -> Self {
            // SAFETY: work for this type runs only where the processor has AVX2 and FMA.
            let half = unsafe { _mm256_set1_pd(value) };
            Self(half, half)
        }

        #[inline(always)]
        fn load(from: &[f64; LANES]) -> Self {
            // SAFETY: as for `splat`; two times four numbers are there to be read.
            unsafe {
                let at = from.as_ptr();
                Self(_mm256_loadu_pd(at), _mm256_loadu_pd(at.add(4)))
            }
        }

        #[inline(always)]
        fn widen(from: &[f32; LANES]) -> Self {
            // SAFETY: as for `load`.
            unsafe {
                let at = from.as_ptr();
                let (low, high) = (_mm_loadu_ps(at), _mm_loadu_ps(at.add(4)));
                Self(_mm256_cvtps_pd(low), _mm256_cvtps_pd(high))
            }
        }

        #[inline(always)]
        fn store(self, to: &mut [f64; LANES]) {
            // SAFETY: as for `splat`; two times four numbers may be written.
            unsafe {
                let at = to.as_mut_ptr();
                _mm256_storeu_pd(at, self.0);
                _mm256_storeu_pd(at.add(4), self.1);
            }
        }

        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe {
                Self(
                    _mm256_add_pd(self.0, other.0),
                    _mm256_add_pd(self.1, other.1),
                )
            }
        }

        #[inline(always)]
        fn minus(self, other: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe {
                Self(
                    _mm256_sub_pd(self.0, other.0),
                    _mm256_sub_pd(self.1, other.1),
                )
            }
        }

        #[inline(always)]
        fn least(self, other: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe {
                Self(
                    _mm256_min_pd(self.0, other.0),
                    _mm256_min_pd(self.1, other.1),
                )
            }
        }

        #[inline(always)]
        fn greatest(self, other: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe {
                Self(
                    _mm256_max_pd(self.0, other.0),
                    _mm256_max_pd(self.1, other.1),
                )
            }
        }

        #[inline(always)]
        fn plus_product(self, a: Self, b: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe {
                Self(
                    _mm256_fmadd_pd(a.0, b.0, self.0),
                    _mm256_fmadd_pd(a.1, b.1, self.1),
                )
            }
        }
    }
}
