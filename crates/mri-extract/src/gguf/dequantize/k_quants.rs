//! Super-blocks of 256 numbers: parts of 16 or 32 with small scales (and minima) of their own,
//! which one or two scales of the super-block multiply.

use super::bits::{half_at, nibble};

/// Two bits of each of 32 bytes, then the next two, and so on; after 128 numbers the next 32 bytes.
fn quant2(bytes: &[u8], i: usize) -> u8 {
    (bytes[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3
}

/// The bit of a number in 32 bytes: the lowest bits first, then the next ones.
fn bit(bytes: &[u8], i: usize) -> u8 {
    (bytes[i % 32] >> (i / 32)) & 1
}

/// The lower halves of 32 bytes, then the upper ones, then the next 32 bytes.
fn quant4(bytes: &[u8], i: usize) -> u8 {
    nibble(bytes[i / 64 * 32 + i % 32], i % 64 / 32)
}

pub(super) fn q2_k(block: &[u8; 84], out: &mut [f32; 256]) {
    let (scales, quants) = (&block[..16], &block[16..80]);
    let (scale, min) = (half_at(block, 80), half_at(block, 82));
    for (i, x) in out.iter_mut().enumerate() {
        let part = scales[i / 16];
        let own = scale * f32::from(part & 0xF);
        *x = own * f32::from(quant2(quants, i)) - min * f32::from(part >> 4);
    }
}

pub(super) fn q3_k(block: &[u8; 110], out: &mut [f32; 256]) {
    let (mask, quants, packed) = (&block[..32], &block[32..96], &block[96..108]);
    let scale = half_at(block, 108);
    let scales: [f32; 16] = std::array::from_fn(|part| {
        let low = nibble(packed[part % 8], part / 8);
        let high = (packed[8 + part % 4] >> (part / 4 * 2)) & 3;
        scale * (f32::from(low | (high << 4)) - 32.0)
    });
    for (i, x) in out.iter_mut().enumerate() {
        // The mask has a one where nothing is subtracted.
        let below = if bit(mask, i) == 1 { 0.0 } else { 4.0 };
        *x = scales[i / 16] * (f32::from(quant2(quants, i)) - below);
    }
}

/// The scales and minima of the eight parts, of six bits each.
fn scales_and_minima(packed: &[u8]) -> [(f32, f32); 8] {
    std::array::from_fn(|part| {
        let (scale, min) = if part < 4 {
            (packed[part] & 0x3F, packed[part + 4] & 0x3F)
        } else {
            let low = packed[part + 4];
            (
                (low & 0xF) | ((packed[part - 4] >> 2) & 0x30),
                (low >> 4) | ((packed[part] >> 2) & 0x30),
            )
        };
        (f32::from(scale), f32::from(min))
    })
}

pub(super) fn q4_k(block: &[u8; 144], out: &mut [f32; 256]) {
    let (scale, min) = (half_at(block, 0), half_at(block, 2));
    let parts = scales_and_minima(&block[4..16]);
    for (i, x) in out.iter_mut().enumerate() {
        let (own_scale, own_min) = parts[i / 32];
        *x = scale * own_scale * f32::from(quant4(&block[16..], i)) - min * own_min;
    }
}

pub(super) fn q5_k(block: &[u8; 176], out: &mut [f32; 256]) {
    let (scale, min) = (half_at(block, 0), half_at(block, 2));
    let parts = scales_and_minima(&block[4..16]);
    for (i, x) in out.iter_mut().enumerate() {
        let (own_scale, own_min) = parts[i / 32];
        let quant = quant4(&block[48..], i) | (bit(&block[16..48], i) << 4);
        *x = scale * own_scale * f32::from(quant) - min * own_min;
    }
}

pub(super) fn q6_k(block: &[u8; 210], out: &mut [f32; 256]) {
    let (low, high, scales) = (&block[..128], &block[128..192], &block[192..208]);
    let scale = half_at(block, 208);
    for (i, x) in out.iter_mut().enumerate() {
        let low = nibble(low[i / 128 * 64 + i % 64], i % 128 / 64);
        let quant = low | (quant2(high, i) << 4);
        let own = scale * f32::from(scales[i / 16].cast_signed());
        *x = own * (f32::from(quant) - 32.0);
    }
}
