//! Random numbers for made-up input, the same everywhere.

use mri_core::SplitMix64;

/// Uniform in the open interval (0, 1), so that it has a logarithm.
pub fn open_uniform(random: &mut SplitMix64) -> f32 {
    ((random.next_u64() >> 40) as f32 + 0.5) / (1_u32 << 24) as f32
}

/// Standard normal (Box and Muller 1958).
pub fn normal(random: &mut SplitMix64) -> f32 {
    let radius = (-2.0 * open_uniform(random).ln()).sqrt();
    radius * (std::f32::consts::TAU * open_uniform(random)).cos()
}
