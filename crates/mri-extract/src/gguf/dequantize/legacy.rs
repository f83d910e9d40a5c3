//! Blocks of 32 numbers with one scale, and for the types that end with 1 a minimum.

use super::bits::{half_at, nibble};

/// The number of a block's column: the lower halves of 16 bytes, then the upper ones.
fn quant(nibbles: &[u8], i: usize) -> u8 {
    nibble(nibbles[i % 16], i / 16)
}

/// The number of a block's column with its fifth bit, which lies in `high`.
fn quant5(high: &[u8], nibbles: &[u8], i: usize) -> u8 {
    let bit = (high[i / 8] >> (i % 8)) & 1;
    quant(nibbles, i) | (bit << 4)
}

pub(super) fn q4_0(block: &[u8; 18], out: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    for (i, x) in out.iter_mut().enumerate() {
        *x = scale * (f32::from(quant(&block[2..], i)) - 8.0);
    }
}

pub(super) fn q4_1(block: &[u8; 20], out: &mut [f32; 32]) {
    let (scale, min) = (half_at(block, 0), half_at(block, 2));
    for (i, x) in out.iter_mut().enumerate() {
        *x = scale * f32::from(quant(&block[4..], i)) + min;
    }
}

pub(super) fn q5_0(block: &[u8; 22], out: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    for (i, x) in out.iter_mut().enumerate() {
        *x = scale * (f32::from(quant5(&block[2..6], &block[6..], i)) - 16.0);
    }
}

pub(super) fn q5_1(block: &[u8; 24], out: &mut [f32; 32]) {
    let (scale, min) = (half_at(block, 0), half_at(block, 2));
    for (i, x) in out.iter_mut().enumerate() {
        *x = scale * f32::from(quant5(&block[4..8], &block[8..], i)) + min;
    }
}

pub(super) fn q8_0(block: &[u8; 34], out: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    for (x, &byte) in out.iter_mut().zip(&block[2..]) {
        *x = scale * f32::from(byte.cast_signed());
    }
}
