use mri_core::Pooling;
use tch::{Device, Kind, TchError, Tensor};

use super::packing::{PackedText, Packing};

/// From token states to rows, on the device.
pub(super) struct Pool {
    pooling: Pooling,
    /// In the order of the batch.
    texts: Vec<PackedText>,
    /// The packed rows of the picked tokens, or of all tokens, in the order of the batch.
    rows: Option<Tensor>,
    /// For each text of the batch its place among the packed texts, where one token is picked.
    places: Option<Tensor>,
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
                let picked = texts.iter().map(|t| (t.start + picked(pooling, t)) as i64);
                Some(picked.collect())
            }
            _ => None,
        };
        let places = picks_one(pooling).then(|| {
            let mut places = vec![0_i64; texts.len()];
            for (place, text) in packing.texts.iter().enumerate() {
                places[text.number] = place as i64;
            }
            places
        });
        let index = |rows: Vec<i64>| Tensor::f_from_slice(&rows)?.f_to_device(device);
        Ok(Self {
            pooling,
            texts,
            rows: rows.map(index).transpose()?,
            places: places.map(index).transpose()?,
        })
    }

    /// The rows of a layer. `states` has one row per packed token or, if `picked`, already one per
    /// text in the packed order.
    pub(super) fn apply(&self, states: &Tensor, picked: bool) -> Result<Tensor, TchError> {
        let rows = if picked { &self.places } else { &self.rows };
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

/// Whether the pooling takes one token per text, so that from the queries of the last block on
/// nothing else has to be computed.
pub(super) fn picks_one(pooling: Pooling) -> bool {
    matches!(
        pooling,
        Pooling::First | Pooling::Last | Pooling::Position(_)
    )
}

/// The token that is picked from a text; [`mri_core::TokenBatch::check`] has seen to its existence.
pub(super) fn picked(pooling: Pooling, text: &PackedText) -> usize {
    pooling.picks(text.length).unwrap_or(0)
}
