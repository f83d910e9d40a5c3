//! Numbers in a few bits.

use half::f16;

/// The `f16` at an offset of a block.
pub(super) fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// The lower half of the bits of a byte for `high` 0, the upper one for 1.
pub(super) fn nibble(byte: u8, high: usize) -> u8 {
    (byte >> (4 * high)) & 0xF
}
