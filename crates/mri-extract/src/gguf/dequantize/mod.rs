//! From blocks of quantized numbers to `f32`.

mod bits;
mod codebook;
mod k_quants;
mod legacy;
#[cfg(test)]
mod tests;

use half::{bf16, f16};

use super::tensor_type::TensorType;

/// The numbers of a tensor.
pub(crate) fn dequantize(kind: TensorType, bytes: &[u8]) -> Vec<f32> {
    match kind {
        TensorType::F32 => unpack(bytes, |b: &[u8; 4], x: &mut [f32; 1]| {
            x[0] = f32::from_le_bytes(*b);
        }),
        TensorType::F16 => unpack(bytes, |b: &[u8; 2], x: &mut [f32; 1]| {
            x[0] = f16::from_le_bytes(*b).to_f32();
        }),
        TensorType::BF16 => unpack(bytes, |b: &[u8; 2], x: &mut [f32; 1]| {
            x[0] = bf16::from_le_bytes(*b).to_f32();
        }),
        TensorType::Q4_0 => unpack(bytes, legacy::q4_0),
        TensorType::Q4_1 => unpack(bytes, legacy::q4_1),
        TensorType::Q5_0 => unpack(bytes, legacy::q5_0),
        TensorType::Q5_1 => unpack(bytes, legacy::q5_1),
        TensorType::Q8_0 => unpack(bytes, legacy::q8_0),
        TensorType::Q2K => unpack(bytes, k_quants::q2_k),
        TensorType::Q3K => unpack(bytes, k_quants::q3_k),
        TensorType::Q4K => unpack(bytes, k_quants::q4_k),
        TensorType::Q5K => unpack(bytes, k_quants::q5_k),
        TensorType::Q6K => unpack(bytes, k_quants::q6_k),
        TensorType::IQ4NL => unpack(bytes, codebook::iq4_nl),
        TensorType::IQ4XS => unpack(bytes, codebook::iq4_xs),
        TensorType::MXFP4 => unpack(bytes, codebook::mxfp4),
    }
}

/// The numbers of consecutive blocks; bytes after the last whole block are ignored.
fn unpack<const BYTES: usize, const NUMBERS: usize>(
    bytes: &[u8],
    block: impl Fn(&[u8; BYTES], &mut [f32; NUMBERS]),
) -> Vec<f32> {
    let (blocks, _) = bytes.as_chunks::<BYTES>();
    let mut numbers = vec![0.0; blocks.len() * NUMBERS];
    let (out, _) = numbers.as_chunks_mut::<NUMBERS>();
    for (from, to) in blocks.iter().zip(out) {
        block(from, to);
    }
    numbers
}
