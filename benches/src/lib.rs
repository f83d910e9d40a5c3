//! What the benches share.

/// The SplitMix64 generator (Steele, Lea & Flood 2014): made-up input that is the same everywhere.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// The next number, all of whose bits are as good.
    #[expect(clippy::should_implement_trait, reason = "it has no end")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below 1.
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From 0 to 1, never 0.
    pub fn unit(&mut self) -> f32 {
        ((self.next() >> 40) as f32 + 0.5) / (1_u32 << 24) as f32
    }

    /// Standard normal (Box and Muller 1958).
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (std::f32::consts::TAU * self.unit()).cos()
    }

    /// From 0 to below `n`, which is not 0.
    pub fn below(&mut self, n: u64) -> usize {
        (self.next() % n) as usize
    }
}
