use mri_core::Pooling;
use tch::{Device, Kind, TchError, Tensor};

use super::packing::{PackedText, Packing};

/// Pools token states to rows, on the device.
pub(super) struct Pool {
    pooling: Pooling,
    /// The texts in the order of the batch.
    texts: Vec<PackedText>,
    /// The packed rows of the picked tokens or, for `Pooling::Tokens`, of all tokens, in the order
    /// of the batch.
    rows: Option<Tensor>,
    /// For each text of the batch its index among the packed texts, if one token is picked.
    packed_index: Option<Tensor>,
}

impl Pool {
    pub(super) fn new(
        packing: &Packing,
        pooling: Pooling,
        device: Device,
    ) -> Result<Self, TchError> {
        let texts = packing.in_batch_order();
        let rows: Option<Vec<i64>> = match pooling {
            Pooling::Tokens => {
                let all = texts.iter().flat_map(|t| t.start..t.start + t.length);
                Some(all.map(|row| row as i64).collect())
            }
            _ if picks_one(pooling) => {
                let picked = texts
                    .iter()
                    .map(|t| (t.start + picked_token(pooling, t)) as i64);
                Some(picked.collect())
            }
            _ => None,
        };
        let packed_index = picks_one(pooling).then(|| {
            let mut packed_index = vec![0_i64; texts.len()];
            for (index, text) in packing.texts.iter().enumerate() {
                packed_index[text.number] = index as i64;
            }
            packed_index
        });
        let index = |rows: Vec<i64>| Tensor::f_from_slice(&rows)?.f_to_device(device);
        Ok(Self {
            pooling,
            texts,
            rows: rows.map(index).transpose()?,
            packed_index: packed_index.map(index).transpose()?,
        })
    }

    /// The pooled rows of a layer. `states` has one row per packed token or, if `picked`, already
    /// one per text in packed order.
    pub(super) fn apply(&self, states: &Tensor, picked: bool) -> Result<Tensor, TchError> {
        let rows = if picked {
            &self.packed_index
        } else {
            &self.rows
        };
        if let Some(rows) = rows {
            return states.f_index_select(0, rows)?.f_to_kind(Kind::Float);
        }
        let pooled = self.texts.iter().map(|text| {
            let states = states.f_narrow(0, text.start as i64, text.length as i64)?;
            if self.pooling == Pooling::Max {
                states.f_amax(0, false)?.f_to_kind(Kind::Float)
            } else {
                states.f_mean_dim(0, false, Kind::Float)
            }
        });
        Tensor::f_stack(&pooled.collect::<Result<Vec<_>, _>>()?, 0)
    }
}

/// Whether the pooling picks one token per text: nothing else is needed from the queries of the
/// last block on.
pub(super) fn picks_one(pooling: Pooling) -> bool {
    matches!(
        pooling,
        Pooling::First | Pooling::Last | Pooling::Position(_)
    )
}

/// The picked token of a text, which [`mri_core::TokenBatch::check`] has found to exist.
pub(super) fn picked_token(pooling: Pooling, text: &PackedText) -> usize {
    pooling.picks(text.length).unwrap_or(0)
}
