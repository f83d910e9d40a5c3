//! What bad input has to give.

use super::compare::batch;
use super::{Run, law};
use crate::backend::{Backend, BackendError, Capture};
use crate::conformance::Violation;
use crate::layer::{Layer, Site};
use crate::pooling::Pooling;

/// Input that has to be refused.
struct Case {
    what: &'static str,
    /// A good text and a bad one.
    texts: [Vec<u32>; 2],
    layer: Layer,
    pooling: Pooling,
    fits: Fits,
}

type Fits = fn(&BackendError) -> bool;

impl Run<'_> {
    pub(super) fn errors(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        let violation = |detail: String| Err(Violation::new(law::ERRORS, detail));
        let layers = [Layer::resid(self.info.n_blocks)];
        let before = self.forward(backend, &self.texts, &layers, Pooling::First)?;
        for case in self.cases() {
            let what = case.what;
            let capture = Capture {
                layers: vec![case.layer],
                pooling: case.pooling,
                final_norm: true,
            };
            match backend.forward(&batch(&case.texts), &capture) {
                Err(error) if (case.fits)(&error) => {}
                Err(error) => return violation(format!("{what} gives another error: {error}")),
                Ok(_) => return violation(format!("{what} gives no error")),
            }
        }
        let after = self.forward(backend, &self.texts, &layers, Pooling::First)?;
        if before != after {
            return violation("rows differ after the errors".to_owned());
        }
        Ok(())
    }

    fn cases(&self) -> Vec<Case> {
        let vocab = u32::try_from(self.info.vocab_size).unwrap_or(u32::MAX);
        let good = Case {
            what: "",
            texts: [vec![0], vec![0]],
            layer: Layer::resid(0),
            pooling: Pooling::First,
            fits: |_| false,
        };
        let with_text = |what, bad: Vec<u32>, fits: Fits| Case {
            what,
            texts: [vec![0], bad],
            fits,
            ..good
        };
        let with_layer = |what, layer| Case {
            what,
            texts: [vec![0], vec![0]],
            layer,
            fits: |e| matches!(e, BackendError::UnknownLayer { .. }),
            ..good
        };
        let attention_of_none = Layer {
            site: Site::AttnOut,
            index: 0,
        };
        let mut cases = vec![
            with_text("a text without tokens", vec![], |e| {
                matches!(e, BackendError::EmptyText { text: 1 })
            }),
            with_text("an unknown token", vec![vocab], |e| {
                matches!(e, BackendError::UnknownToken { text: 1, .. })
            }),
            with_layer(
                "a layer past the last",
                Layer::resid(self.info.n_blocks + 1),
            ),
            with_layer("attn_out.00", attention_of_none),
        ];
        let limit = self.info.max_length;
        if let Some(limit) = limit {
            cases.push(with_text(
                "a text that is too long",
                vec![0; limit + 1],
                |e| matches!(e, BackendError::TextTooLong { text: 1, .. }),
            ));
        }
        // Two tokens may already be too many for the neighbor of the bad text.
        if limit.is_none_or(|limit| limit >= 2) {
            cases.push(Case {
                what: "a position past the end",
                texts: [vec![0, 0], vec![0]],
                pooling: Pooling::Position(1),
                fits: |e| matches!(e, BackendError::PositionPastEnd { text: 1, .. }),
                ..good
            });
        }
        cases
    }
}
