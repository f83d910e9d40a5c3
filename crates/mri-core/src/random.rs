/// The SplitMix64 generator of Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014: 64 bits of state, no dependency, not for cryptography.
///
/// Its outputs can be had in turn ([`next_u64`](Self::next_u64)) or by their number
/// ([`at`](Self::at)). The latter makes a random number a function of the seed and a counter, so
/// that it does not depend on which thread computes it.
///
/// ```
/// # use mri_core::SplitMix64;
/// let mut random = SplitMix64::new(7);
/// let first: Vec<u64> = (0..3).map(|_| random.next_u64()).collect();
/// assert_eq!(first, [0, 1, 2].map(|counter| SplitMix64::at(7, counter)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// The distance between two states: the odd number nearest to 2^64 divided by the golden ratio.
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

    /// The stream of a seed. Every seed is as good as any other, 0 included.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number of the stream, uniform over all 64-bit numbers.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(Self::STEP);
        Self::mix(self.state)
    }

    /// The number with index `counter`, counted from 0, of the stream of `seed`.
    #[must_use]
    pub const fn at(seed: u64, counter: u64) -> u64 {
        Self::mix(seed.wrapping_add(counter.wrapping_add(1).wrapping_mul(Self::STEP)))
    }

    /// The output function: a bijection in which every input bit changes about half of the output
    /// bits ("Mix13" of D. Stafford's variants of MurmurHash3's finalizer).
    #[must_use]
    pub const fn mix(mut z: u64) -> u64 {
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A uniform number in [0, 1), a multiple of 2^-24: all that an `f32` below 1 holds evenly.
    pub const fn next_f32(&mut self) -> f32 {
        (self.next_u64() >> 40) as f32 / (1_u32 << 24) as f32
    }

    /// A uniform number in [0, 1), a multiple of 2^-53: all that an `f64` below 1 holds evenly.
    pub const fn next_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in [0, n): the next output modulo `n`. Its bias, below `n` / 2^64, is nothing for
    /// the counts of rows and tokens this is used for.
    ///
    /// # Panics
    /// If `n` is 0.
    pub const fn next_below(&mut self, n: u64) -> u64 {
        self.next_u64() % n
    }

    /// Puts a slice into a random order (Fisher and Yates, from the last place to the first).
    pub fn shuffle<T>(&mut self, slice: &mut [T]) {
        for i in (1..slice.len()).rev() {
            slice.swap(i, self.next_below(i as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs of the authors' Java and of the C version by S. Vigna for the seed
    /// 1234567, as they stand in many test suites.
    #[test]
    fn gives_the_published_numbers() {
        let mut random = SplitMix64::new(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!([(); 5].map(|()| random.next_u64()), expected);
        for (counter, number) in expected.into_iter().enumerate() {
            assert_eq!(SplitMix64::at(1_234_567, counter as u64), number);
        }
    }

    #[test]
    fn the_counter_wraps_as_the_state_does() {
        assert_eq!(SplitMix64::at(5, u64::MAX), SplitMix64::mix(5));
    }

    #[test]
    fn floats_are_below_one_and_fill_the_interval() {
        let mut random = SplitMix64::new(3);
        let (mut low, mut high, mut sum) = (1.0_f64, 0.0_f64, 0.0);
        for _ in 0..10_000 {
            let (single, double) = (f64::from(random.next_f32()), random.next_f64());
            assert!((0.0..1.0).contains(&single) && (0.0..1.0).contains(&double));
            low = low.min(single.min(double));
            high = high.max(single.max(double));
            sum += single + double;
        }
        // 20,000 uniform numbers: the mean's standard deviation is 0.002.
        assert!((sum / 20_000.0 - 0.5).abs() < 0.01);
        assert!(low < 1e-3 && high > 1.0 - 1e-3);
    }

    #[test]
    fn a_shuffled_slice_has_the_same_elements_in_another_order() {
        let mut order: Vec<usize> = (0..100).collect();
        SplitMix64::new(1).shuffle(&mut order);
        assert!(order.iter().enumerate().filter(|(i, n)| i == *n).count() < 10);
        order.sort_unstable();
        assert!(order.into_iter().eq(0..100));
    }
}
