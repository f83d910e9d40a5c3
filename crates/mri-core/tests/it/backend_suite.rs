use mri_core::conformance::BackendSuite;
use mri_core::{
    Backend, BackendError, Capture, Layer, ModelInfo, ModelKind, Pooling, Site, SplitMix64,
    TokenBatch,
};
use ndarray::{Array2, Axis, concatenate};

/// A right backend whose `fault` puts in one mistake. Its blocks add the mean of the states so far
/// (of all states, in an encoder) and a half of each state's square.
struct Toy {
    info: ModelInfo,
    fault: Fault,
    calls: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    RefusesGoodInput,
    HasNoWidth,
    TakesNoTokens,
    LacksTheResidualStream,
    OffersNeuronsWithoutTheirNumber,
    ForgetsALayer,
    AddsALayerToNone,
    DropsAText,
    GivesNan,
    SortsLayers,
    KeepsState,
    SortsTexts,
    LetsPaddingIn,
    CountsPaddingInTheMean,
    SeesLaterTokens,
    ForgetsTheFirstToken,
    NormsEveryLayer,
    TakesEmptyTexts,
    TakesAnyToken,
    TakesAnyLayer,
    TakesAnyPosition,
    TakesLongTexts,
    NamesTheWrongText,
    BreaksAfterAnError,
}

impl Toy {
    fn new(kind: ModelKind, fault: Fault) -> Self {
        let mut info = ModelInfo {
            name: "toy".to_owned(),
            family: "toy".to_owned(),
            kind,
            n_blocks: 2,
            width: 4,
            mlp_width: Some(4),
            sites: Site::ALL.to_vec(),
            vocab_size: 50,
            max_length: Some(24),
        };
        match fault {
            Fault::HasNoWidth => info.width = 0,
            Fault::LacksTheResidualStream => info.sites.retain(|&site| site != Site::Resid),
            Fault::OffersNeuronsWithoutTheirNumber => info.mlp_width = None,
            _ => {}
        }
        let calls = 0;
        Self { info, fault, calls }
    }

    /// The states of every token of a text in one layer.
    fn states(&self, text: &[u32], layer: Layer) -> Array2<f32> {
        let number = |token: u32, column: usize| {
            let bits = SplitMix64::at(u64::from(token), column as u64);
            (bits >> 40) as f32 / (1_u32 << 24) as f32 - 0.5
        };
        let mut states = Array2::from_shape_fn((text.len(), self.info.width), |(i, j)| {
            let silent = self.fault == Fault::ForgetsTheFirstToken && i == 0;
            if silent { 0.0 } else { number(text[i], j) }
        });
        let causal = self.info.kind == ModelKind::Decoder && self.fault != Fault::SeesLaterTokens;
        for block in 1..=layer.index {
            let mut attention = states.clone();
            for (i, mut row) in attention.rows_mut().into_iter().enumerate() {
                let seen = if causal { i + 1 } else { text.len() };
                let sum = states.slice(ndarray::s![..seen, ..]).sum_axis(Axis(0));
                row.assign(&(sum / seen as f32));
            }
            let neurons = states.mapv(|v| v * v);
            let output = &neurons * 0.5;
            states = states + &attention + &output;
            if block == layer.index {
                match layer.site {
                    Site::AttnOut => return attention,
                    Site::MlpOut => return output,
                    Site::MlpAct => return neurons,
                    _ => {}
                }
            }
        }
        states
    }

    fn refuses(&self, batch: &TokenBatch, capture: &Capture) -> Result<(), BackendError> {
        let error = match batch.check(&self.info, capture) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        match (self.fault, &error) {
            (Fault::TakesEmptyTexts, BackendError::EmptyText { .. })
            | (Fault::TakesAnyToken, BackendError::UnknownToken { .. })
            | (Fault::TakesAnyLayer, BackendError::UnknownLayer { .. })
            | (Fault::TakesAnyPosition, BackendError::PositionPastEnd { .. })
            | (Fault::TakesLongTexts, BackendError::TextTooLong { .. }) => Ok(()),
            (Fault::NamesTheWrongText, BackendError::EmptyText { text }) => {
                Err(BackendError::EmptyText { text: text - 1 })
            }
            _ => Err(error),
        }
    }
}

impl Backend for Toy {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn tokens_per_batch(&self) -> usize {
        usize::from(self.fault != Fault::TakesNoTokens)
    }

    fn forward(
        &mut self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, BackendError> {
        if let Err(error) = self.refuses(batch, capture) {
            self.calls += u32::from(self.fault == Fault::BreaksAfterAnError);
            return Err(error);
        }
        if self.fault == Fault::RefusesGoodInput {
            return Err(BackendError::EmptyText { text: 0 });
        }
        self.calls += u32::from(self.fault == Fault::KeepsState);
        let mut layers = capture.layers.clone();
        if self.fault == Fault::SortsLayers {
            layers.sort();
        }
        let mut out: Vec<Array2<f32>> = layers
            .iter()
            .map(|&layer| self.matrix(batch, capture, layer))
            .collect();
        match self.fault {
            Fault::ForgetsALayer => drop(out.pop()),
            Fault::AddsALayerToNone if out.is_empty() => out.push(Array2::zeros((1, 4))),
            Fault::GivesNan => {
                let last = out.last_mut().and_then(|matrix| matrix.last_mut());
                last.into_iter().for_each(|value| *value = f32::NAN);
            }
            _ => {}
        }
        Ok(out)
    }
}

impl Toy {
    fn matrix(&self, batch: &TokenBatch, capture: &Capture, layer: Layer) -> Array2<f32> {
        let width = self.info.layer_width(layer).unwrap_or(4);
        let mut rows = vec![Array2::zeros((0, width))];
        let mut texts: Vec<&[u32]> = batch.iter().collect();
        if self.fault == Fault::SortsTexts {
            texts.sort_by_key(|text| text.len());
        }
        for text in texts {
            let states = self.states(text, layer);
            let pooled = capture.pooling.pool(states.view());
            let mut pooled = pooled.unwrap_or_else(|| Array2::zeros((1, width)));
            let padding = batch.longest() as f32;
            match self.fault {
                Fault::LetsPaddingIn => pooled += 0.01 * padding,
                Fault::CountsPaddingInTheMean if capture.pooling == Pooling::Mean => {
                    // By the longest text the model takes, so that neighbors do not matter.
                    pooled *= text.len() as f32 / 24.0;
                }
                _ => {}
            }
            rows.push(pooled);
        }
        if self.fault == Fault::DropsAText && rows.len() > 1 {
            rows.pop();
        }
        let views: Vec<_> = rows.iter().map(|m| m.view()).collect();
        let mut matrix = concatenate(Axis(0), &views).unwrap();
        let last = layer == Layer::resid(self.info.n_blocks);
        if capture.final_norm && (last || self.fault == Fault::NormsEveryLayer) {
            matrix *= 0.5;
        }
        matrix * (1.0 + 0.1 * self.calls as f32)
    }
}

/// Short texts, for time.
fn suite() -> BackendSuite {
    BackendSuite {
        longest: 12,
        ..BackendSuite::default()
    }
}

#[test]
fn a_right_backend_passes() {
    for kind in [ModelKind::Encoder, ModelKind::Decoder] {
        let found = suite().check(&mut Toy::new(kind, Fault::None));
        assert_eq!(found, Ok(()), "{kind:?}");
    }
}

/// Per law the faults that break it, and no law before it.
#[test]
fn every_law_has_a_fault_that_it_names() {
    use Fault::*;
    let shapes = "matrices have one row per text, the layer's columns and finite values";
    let description = "the model's description makes sense";
    let per_layer = "there is one matrix per layer asked for";
    let errors = "bad input gives the right error and leaves the backend as it was";
    let faults = [
        (RefusesGoodInput, "good input gives no error"),
        (HasNoWidth, description),
        (TakesNoTokens, description),
        (LacksTheResidualStream, description),
        (OffersNeuronsWithoutTheirNumber, description),
        (ForgetsALayer, per_layer),
        (AddsALayerToNone, per_layer),
        (DropsAText, shapes),
        (GivesNan, shapes),
        (
            SortsLayers,
            "matrices come in the order asked for, whatever else is recorded",
        ),
        (KeepsState, "the same call gives the same bytes"),
        (SortsTexts, "rows come in the order of the texts"),
        (
            LetsPaddingIn,
            "the row of a text does not depend on its neighbors in the batch",
        ),
        (
            CountsPaddingInTheMean,
            "a pooling is what its definition makes of the token states",
        ),
        (
            SeesLaterTokens,
            "the states of a decoder do not depend on later tokens",
        ),
        (
            ForgetsTheFirstToken,
            "texts that differ have rows that differ",
        ),
        (
            NormsEveryLayer,
            "final_norm concerns the last residual layer only",
        ),
        (TakesEmptyTexts, errors),
        (TakesAnyToken, errors),
        (TakesAnyLayer, errors),
        (TakesAnyPosition, errors),
        (TakesLongTexts, errors),
        (NamesTheWrongText, errors),
        (BreaksAfterAnError, errors),
    ];
    for (fault, law) in faults {
        let mut toy = Toy::new(ModelKind::Decoder, fault);
        let violation = suite().check(&mut toy).unwrap_err();
        assert_eq!(violation.law, law, "{fault:?}: {violation}");
    }
    for law in BackendSuite::LAWS {
        assert!(faults.iter().any(|fault| fault.1 == law), "{law}");
    }
}
