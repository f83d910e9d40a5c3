//! Weights stored in few bits as `f32` matrices of shape (outputs, inputs).
//!
//! The formulas are those of the packages that write the files; a value is computed in `f32` where
//! they round it to half precision.

use half::f16;

/// The nibbles of an AWQ word, in the order of the columns that they hold.
const AWQ_SHIFTS: [u32; 8] = [0, 16, 4, 20, 8, 24, 12, 28];

/// The values of the 4-bit floating-point numbers e2m1.
const E2M1: [f32; 16] = [
    0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0,
];

/// The numbers that share a scale in MXFP4.
pub(super) const MX_BLOCK: usize = 32;

/// An 8-bit floating-point number with 4 bits of exponent and without infinities (e4m3fn).
pub(super) fn e4m3(byte: u8) -> f32 {
    let sign = if byte & 0x80 == 0 { 1.0 } else { -1.0 };
    let (exponent, mantissa) = (i32::from((byte >> 3) & 0xf), f32::from(byte & 7));
    sign * match (exponent, byte & 7) {
        (0xf, 7) => f32::NAN,
        (0, _) => mantissa / 8.0 * 2.0_f32.powi(-6),
        _ => (1.0 + mantissa / 8.0) * 2.0_f32.powi(exponent - 7),
    }
}

/// An 8-bit floating-point number with 5 bits of exponent: the upper half of an `f16`.
pub(super) fn e5m2(byte: u8) -> f32 {
    f16::from_bits(u16::from(byte) << 8).to_f32()
}

/// A power of two as 8 bits of exponent.
pub(super) fn e8m0(byte: u8) -> f32 {
    match byte {
        u8::MAX => f32::NAN,
        _ => f64::from(2.0_f32).powi(i32::from(byte) - 127) as f32,
    }
}

/// Scales over blocks of a matrix, of shape (blocks of outputs, blocks of inputs).
pub(super) struct Scales<'a> {
    pub(super) values: &'a [f32],
    pub(super) block: [usize; 2],
    pub(super) per_row: usize,
}

/// Multiplies every value by the scale of its block.
pub(super) fn scale(values: &mut [f32], inputs: usize, scales: &Scales<'_>) {
    for (output, row) in values.chunks_exact_mut(inputs).enumerate() {
        let first = output / scales.block[0] * scales.per_row;
        for (input, value) in row.iter_mut().enumerate() {
            *value *= scales.values[first + input / scales.block[1]];
        }
    }
}

/// A matrix in groups of inputs: integers, scales and zero points.
pub(super) struct Groups<'a> {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) weights: &'a [u32],
    pub(super) zeros: &'a [u32],
    /// Shape (groups, outputs).
    pub(super) scales: &'a [f32],
    /// The group of every input.
    pub(super) group_of: &'a [usize],
}

impl Groups<'_> {
    /// GPTQ: a word holds `32 / bits` weights that follow each other along the inputs, or zero
    /// points that do so along the outputs.
    pub(super) fn gptq(&self, bits: u32, zero_offset: u32) -> Vec<f32> {
        let (mask, per_word) = ((1 << bits) - 1, (32 / bits) as usize);
        let field = |word: u32, place: usize| (word >> (bits * place as u32)) & mask;
        let zero = |group: usize, output: usize| {
            let word = self.zeros[group * self.outputs.div_ceil(per_word) + output / per_word];
            (field(word, output % per_word) + zero_offset) & mask
        };
        self.matrix(
            |input, output| {
                let word = self.weights[input / per_word * self.outputs + output];
                field(word, input % per_word)
            },
            zero,
        )
    }

    /// AWQ: a word holds eight weights or zero points along the outputs.
    pub(super) fn awq(&self) -> Vec<f32> {
        let field = |words: &[u32], row: usize, output: usize| {
            (words[row * (self.outputs / 8) + output / 8] >> AWQ_SHIFTS[output % 8]) & 0xf
        };
        self.matrix(
            |input, output| field(self.weights, input, output),
            |group, output| field(self.zeros, group, output),
        )
    }

    fn matrix(
        &self,
        weight: impl Fn(usize, usize) -> u32,
        zero: impl Fn(usize, usize) -> u32,
    ) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.outputs * self.inputs);
        for output in 0..self.outputs {
            for input in 0..self.inputs {
                let group = self.group_of[input];
                let steps = f64::from(weight(input, output)) - f64::from(zero(group, output));
                out.push(steps as f32 * self.scales[group * self.outputs + output]);
            }
        }
        out
    }
}

/// MXFP4: two numbers per byte, the lower half first, and a scale per [`MX_BLOCK`] numbers.
pub(super) fn mxfp4(bytes: &[u8], scales: &[u8]) -> Vec<f32> {
    let blocks = bytes.chunks_exact(MX_BLOCK / 2).zip(scales);
    let values = blocks.flat_map(|(block, &scale)| {
        let scale = e8m0(scale);
        let pairs = block.iter();
        pairs.flat_map(move |byte| {
            [byte & 0xf, byte >> 4].map(|number| E2M1[usize::from(number)] * scale)
        })
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bit_floats_have_the_values_of_their_definition() {
        let found = [0x00, 0x01, 0x07, 0x08, 0x38, 0x7e, 0xb8, 0xfe].map(e4m3);
        let wanted = [
            0.0,
            1.0 / 512.0,
            7.0 / 512.0,
            1.0 / 64.0,
            1.0,
            448.0,
            -1.0,
            -448.0,
        ];
        assert_eq!(found, wanted);
        assert!(e4m3(0x7f).is_nan() && e4m3(0xff).is_nan());
        assert_eq!(
            [0x3c, 0x7b, 0xbc, 0x01].map(e5m2),
            [1.0, 57344.0, -1.0, 2.0_f32.powi(-16)]
        );
        assert_eq!(
            [0, 127, 128, 254].map(e8m0),
            [2.0_f32.powi(-127), 1.0, 2.0, 2.0_f32.powi(127)]
        );
    }
}
