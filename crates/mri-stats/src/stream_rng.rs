use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Random numbers of one numbered draw (a permutation, a bootstrap resample) of one seed.
///
/// ChaCha is counter-based: every draw has a stream of its own, so it is the same whichever thread
/// makes it, and whatever was drawn before.
///
/// ```
/// use mri_stats::{Stream, StreamRng};
///
/// let draw = |number| StreamRng::new(1, Stream::Permutation, number).below(1000);
/// assert_eq!(draw(5), draw(5));
/// assert_ne!(draw(5), draw(6));
/// ```
#[derive(Debug, Clone)]
pub struct StreamRng(ChaCha8Rng);

/// What a draw is for; keeps the streams of different purposes apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stream {
    /// A random assignment of rows to samples.
    Permutation = 0,
    /// Rows drawn with replacement.
    Bootstrap = 1,
}

impl StreamRng {
    /// The stream of draw number `draw`, which is below 2³² (higher bits would run into the
    /// streams of other purposes).
    #[must_use]
    pub fn new(seed: u64, stream: Stream, draw: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(((stream as u64) << 32) | draw as u64);
        Self(rng)
    }

    /// A number below `n`, uniformly (D. Lemire, "Fast random integer generation in an interval",
    /// 2019).
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u64::from(self.0.next_u32()) * u64::from(n);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_uniform_and_streams_differ() {
        let mut hits = [0_u32; 7];
        let mut rng = StreamRng::new(1, Stream::Permutation, 0);
        for _ in 0..70_000 {
            hits[rng.below(7) as usize] += 1;
        }
        // Standard deviation of a count: sqrt(70000 / 7 * 6 / 7) = 93.
        assert!(
            hits.iter().all(|&h| h.abs_diff(10_000) < 5 * 93),
            "{hits:?}"
        );
        let first = |stream, draw| StreamRng::new(1, stream, draw).below(u32::MAX);
        assert_ne!(first(Stream::Permutation, 0), first(Stream::Permutation, 1));
        assert_ne!(first(Stream::Permutation, 0), first(Stream::Bootstrap, 0));
    }

    #[test]
    fn a_range_that_does_not_divide_the_word_stays_uniform() {
        // Of 3 · 2³⁰ values, a third fall on each residue only if the surplus quarter of the words
        // is drawn again: without that, every third value comes twice as often.
        let n = 3 << 30;
        let mut rng = StreamRng::new(2, Stream::Bootstrap, 3);
        let mut hits = [0_u32; 3];
        for _ in 0..30_000 {
            hits[(rng.below(n) % 3) as usize] += 1;
        }
        assert!(hits.iter().all(|&h| h.abs_diff(10_000) < 500), "{hits:?}");
    }
}
