use tch::{Device, Kind, TchError, Tensor};

use super::packing::Packing;
use crate::engine::spec::{Rotary, RotaryPairs};

/// Sines and cosines for the packed tokens of a micro-batch, shape (tokens, 1, pairs).
pub(super) struct RopeTable {
    cos: Tensor,
    sin: Tensor,
}

impl RopeTable {
    pub(super) fn new(
        rotary: &Rotary,
        packing: &Packing,
        device: Device,
        kind: Kind,
    ) -> Result<Self, TchError> {
        let longest = packing.texts.iter().map(|t| t.length).max().unwrap_or(0) as i64;
        let angles = |length: usize| {
            let frequencies = Tensor::f_from_slice(&rotary.frequencies(length))?.f_unsqueeze(0)?;
            let positions = Tensor::f_arange(longest, (Kind::Float, Device::Cpu))?;
            positions.f_unsqueeze(1)?.f_mul(&frequencies)
        };
        // The angles of texts up to the original length, followed by those of longer ones if they
        // differ.
        let mut table = angles(0)?;
        if let Some(long) = rotary.long_from() {
            table = Tensor::f_cat(&[table, angles(long)?], 0)?;
        }
        let rows: Vec<i64> = packing
            .texts
            .iter()
            .flat_map(|text| {
                let long = rotary.long_from().is_some_and(|from| text.length >= from);
                let first = if long { longest } else { 0 };
                (0..text.length as i64).map(move |i| first + i)
            })
            .collect();
        let rows = Tensor::f_from_slice(&rows)?.f_to_device(device)?;
        let factor = rotary.attention_factor();
        let for_tokens = |table: Tensor| {
            let table = table.f_mul_scalar(factor)?;
            let table = table.f_to_device_(device, kind, false, false)?;
            table.f_index_select(0, &rows)?.f_unsqueeze(1)
        };
        Ok(Self {
            cos: for_tokens(table.f_cos()?)?,
            sin: for_tokens(table.f_sin()?)?,
        })
    }

    /// The table of some tokens.
    pub(super) fn rows(&self, rows: &Tensor) -> Result<Self, TchError> {
        Ok(Self {
            cos: self.cos.f_index_select(0, rows)?,
            sin: self.sin.f_index_select(0, rows)?,
        })
    }

    /// Rotates `heads`, shape (tokens, heads, head width).
    pub(super) fn apply(&self, rotary: &Rotary, heads: &Tensor) -> Result<Tensor, TchError> {
        let (_, _, head_width) = heads.size3()?;
        let width = rotary.width as i64;
        let rotated = heads.f_narrow(2, 0, width)?;
        let rotate = |a: &Tensor, b: &Tensor| {
            let first = a.f_mul(&self.cos)?.f_sub(&b.f_mul(&self.sin)?)?;
            let second = b.f_mul(&self.cos)?.f_add(&a.f_mul(&self.sin)?)?;
            Ok::<_, TchError>((first, second))
        };
        let rotated = match rotary.pairs {
            RotaryPairs::Halves => {
                let half = width / 2;
                let (a, b) = rotate(
                    &rotated.f_narrow(2, 0, half)?,
                    &rotated.f_narrow(2, half, half)?,
                )?;
                let rest = heads.f_narrow(2, width, head_width - width)?;
                return Tensor::f_cat(&[a, b, rest], 2);
            }
            RotaryPairs::Interleaved => {
                let pairs = rotated.f_unflatten(2, [width / 2, 2])?;
                let (a, b) = rotate(&pairs.f_select(3, 0)?, &pairs.f_select(3, 1)?)?;
                Tensor::f_stack(&[a, b], 3)?.f_flatten(2, 3)?
            }
        };
        Tensor::f_cat(&[rotated, heads.f_narrow(2, width, head_width - width)?], 2)
    }
}
