//! Four bits that choose one of sixteen numbers.

use super::bits::{half_at, nibble};

/// The numbers of the IQ4 types, closer to each other near zero.
const IQ4: [f32; 16] = [
    -127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0,
    89.0, 113.0,
];

/// Twice the numbers of MXFP4 (Open Compute Project, Microscaling Formats 1.0): a sign, two bits of
/// exponent, one of mantissa.
const MXFP4: [f32; 16] = [
    0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 0.0, -1.0, -2.0, -3.0, -4.0, -6.0, -8.0, -12.0,
];

/// 32 numbers: the lower halves of 16 bytes, then the upper ones.
fn look_up(table: &[f32; 16], scale: f32, bytes: &[u8], out: &mut [f32]) {
    for (i, x) in out.iter_mut().enumerate() {
        *x = scale * table[usize::from(nibble(bytes[i % 16], i / 16))];
    }
}

pub(super) fn iq4_nl(block: &[u8; 18], out: &mut [f32; 32]) {
    look_up(&IQ4, half_at(block, 0), &block[2..], out);
}

pub(super) fn iq4_xs(block: &[u8; 136], out: &mut [f32; 256]) {
    let scale = half_at(block, 0);
    let high = u16::from_le_bytes([block[2], block[3]]);
    for (part, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let low = nibble(block[4 + part / 2], part % 2);
        let high = u8::try_from((high >> (2 * part)) & 3).expect("two bits");
        let own = scale * (f32::from(low | (high << 4)) - 32.0);
        look_up(&IQ4, own, &block[8 + 16 * part..], out);
    }
}

pub(super) fn mxfp4(block: &[u8; 17], out: &mut [f32; 32]) {
    // Half of 2^(e - 127), since the table has twice the numbers; the two smallest are subnormal.
    let exponent = u32::from(block[0]);
    let bits = match exponent {
        0 | 1 => 0x0020_0000 << exponent,
        _ => (exponent - 1) << 23,
    };
    look_up(&MXFP4, f32::from_bits(bits), &block[1..], out);
}
