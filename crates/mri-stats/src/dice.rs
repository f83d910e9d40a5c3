use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Random numbers of one numbered draw (a permutation, a resample) of one seed.
///
/// ChaCha is counter-based: every draw has a stream of its own, so that it is the same whichever
/// thread makes it, and whatever was drawn before.
pub(crate) struct Dice(ChaCha8Rng);

/// What a draw is for; keeps the streams of different purposes apart.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Permutation = 0,
    Resample = 1,
}

impl Dice {
    pub(crate) fn new(seed: u64, purpose: Purpose, draw: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(((purpose as u64) << 32) | draw as u64);
        Self(rng)
    }

    /// A number below `n`, each with the same chance (D. Lemire, 2019).
    pub(crate) fn below(&mut self, n: u32) -> u32 {
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
    fn draws_are_even_and_their_own() {
        let mut hits = [0_u32; 7];
        let mut dice = Dice::new(1, Purpose::Permutation, 0);
        for _ in 0..70_000 {
            hits[dice.below(7) as usize] += 1;
        }
        // Standard deviation of a count: sqrt(70000 / 7 * 6 / 7) = 93.
        assert!(
            hits.iter().all(|&h| h.abs_diff(10_000) < 5 * 93),
            "{hits:?}"
        );
        let first = |purpose, draw| Dice::new(1, purpose, draw).below(u32::MAX);
        assert_ne!(
            first(Purpose::Permutation, 0),
            first(Purpose::Permutation, 1)
        );
        assert_ne!(first(Purpose::Permutation, 0), first(Purpose::Resample, 0));
    }
}
