//! How the packed texts of a micro-batch are arranged for attention.

use std::cell::RefCell;
use std::rc::Rc;

use mri_core::Pooling;
use tch::{Device, Kind, TchError, Tensor};

use super::attention_bias::GroupScores;
use super::packing::{Group, PackedText, Packing};
use super::pool::picked_token;
use super::rope::RopeTable;
use crate::engine::spec::{Attention, Rotary, ScoreBias};

/// The arrangement of a micro-batch for the attention of its blocks, with what they share.
pub(super) struct AttentionLayout<'a> {
    /// The pooling, if only the queries of its picked tokens are needed.
    pub(super) picked: Option<Pooling>,
    /// The packed rows of the picked tokens, in the packed order of the texts.
    pub(super) picked_rows: Option<Tensor>,
    pub(super) groups: Vec<PaddedGroup<'a>>,
    pub(super) packing: &'a Packing,
    ropes: RefCell<Vec<(Rotary, Rc<RopeTable>)>>,
    biases: RefCell<Vec<AttentionBias>>,
    device: Device,
    kind: Kind,
}

/// What is added to the scores of a group by attention of one kind.
struct AttentionBias {
    group: usize,
    window: Option<usize>,
    bias: ScoreBias,
    capped: bool,
    scores: Option<Tensor>,
}

/// A group of texts and their padding, if they have different lengths.
pub(super) struct PaddedGroup<'a> {
    pub(super) group: &'a Group,
    pub(super) texts: &'a [PackedText],
    padding: Option<Padding>,
}

/// The index from packed rows to a padded block and back.
struct Padding {
    /// The packed row for every row of the padded block; rows past the end of a text repeat its
    /// first row and are masked.
    to_padded: Tensor,
    /// The rows of the padded block that hold real tokens, in packed order.
    from_padded: Tensor,
}

impl PaddedGroup<'_> {
    /// The rows of the texts, padded to the length of the longest.
    pub(super) fn pad(&self, packed: &Tensor) -> Result<Tensor, TchError> {
        match &self.padding {
            None => {
                let count = self.group.count * self.group.longest;
                packed.f_narrow(0, self.texts[0].start as i64, count as i64)
            }
            Some(padding) => packed.f_index_select(0, &padding.to_padded),
        }
    }

    /// The packed rows of a padded block.
    pub(super) fn unpad(&self, padded: Tensor) -> Result<Tensor, TchError> {
        match &self.padding {
            None => Ok(padded),
            Some(padding) => padded.f_index_select(0, &padding.from_padded),
        }
    }
}

impl<'a> AttentionLayout<'a> {
    pub(super) fn new(
        packing: &'a Packing,
        picked: Option<Pooling>,
        device: Device,
        kind: Kind,
    ) -> Result<Self, TchError> {
        let picked_rows = picked.map(|pooling| {
            let rows = packing
                .texts
                .iter()
                .map(|t| (t.start + picked_token(pooling, t)) as i64);
            index(&rows.collect::<Vec<_>>(), device)
        });
        let groups = packing.groups.iter().map(|group| {
            let texts = group.texts(packing);
            Ok(PaddedGroup {
                group,
                texts,
                padding: padding(group, texts, device)?,
            })
        });
        Ok(Self {
            picked,
            picked_rows: picked_rows.transpose()?,
            groups: groups.collect::<Result<_, TchError>>()?,
            packing,
            ropes: RefCell::default(),
            biases: RefCell::default(),
            device,
            kind,
        })
    }

    /// Whether the attention is computed for picked tokens only.
    pub(super) fn picks(&self) -> bool {
        self.picked.is_some()
    }

    /// The rows of the picked tokens; all rows if none are picked.
    pub(super) fn pick(&self, states: Tensor) -> Result<Tensor, TchError> {
        match &self.picked_rows {
            Some(rows) => states.f_index_select(0, rows),
            None => Ok(states),
        }
    }

    /// Sines and cosines, computed once per kind of rotary embedding.
    pub(super) fn rope(&self, rotary: &Rotary) -> Result<Rc<RopeTable>, TchError> {
        let mut ropes = self.ropes.borrow_mut();
        if let Some((_, rope)) = ropes.iter().find(|(other, _)| other == rotary) {
            return Ok(rope.clone());
        }
        let rope = RopeTable::new(rotary, self.packing, self.device, self.kind)?;
        let rope = Rc::new(rope);
        ropes.push((rotary.clone(), rope.clone()));
        Ok(rope)
    }

    /// What is added to the scores of a group, computed once per kind of attention. `relative` is
    /// the model's table of relative position biases.
    pub(super) fn bias(
        &self,
        spec: &Attention,
        relative: Option<&Tensor>,
        group: usize,
    ) -> Result<Option<Tensor>, TchError> {
        let same = |bias: &AttentionBias| {
            bias.group == group
                && bias.window == spec.window
                && bias.bias == spec.bias
                && bias.capped == spec.softcap.is_some()
        };
        let mut biases = self.biases.borrow_mut();
        if let Some(known) = biases.iter().find(|bias| same(bias)) {
            return Ok(known.scores.as_ref().map(Tensor::shallow_clone));
        }
        let padded = &self.groups[group];
        let scores = GroupScores {
            group: padded.group,
            texts: padded.texts,
            picked: self.picked,
            device: self.device,
            kind: self.kind,
        };
        let scores = scores.bias(spec, relative, spec.softcap.is_none())?;
        biases.push(AttentionBias {
            group,
            window: spec.window,
            bias: spec.bias,
            capped: spec.softcap.is_some(),
            scores: scores.as_ref().map(Tensor::shallow_clone),
        });
        Ok(scores)
    }
}

fn padding(
    group: &Group,
    texts: &[PackedText],
    device: Device,
) -> Result<Option<Padding>, TchError> {
    if group.equal_lengths {
        return Ok(None);
    }
    let mut to_padded = Vec::with_capacity(group.count * group.longest);
    let mut from_padded = Vec::new();
    for text in texts {
        for i in 0..group.longest {
            if i < text.length {
                from_padded.push(to_padded.len() as i64);
            }
            let row = text.start + if i < text.length { i } else { 0 };
            to_padded.push(row as i64);
        }
    }
    Ok(Some(Padding {
        to_padded: index(&to_padded, device)?,
        from_padded: index(&from_padded, device)?,
    }))
}

fn index(rows: &[i64], device: Device) -> Result<Tensor, TchError> {
    Tensor::f_from_slice(rows)?.f_to_device(device)
}
