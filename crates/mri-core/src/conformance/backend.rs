use ndarray::{Array2, ArrayView1, Axis};

use super::Violation;
use crate::{
    Backend, BackendError, Capture, Layer, ModelInfo, ModelKind, Pooling, Site, SplitMix64,
    TokenBatch,
};

/// The laws of [`Backend`], checked on made-up texts.
///
/// ```
/// # use mri_core::conformance::{BackendSuite, Violation};
/// # fn check(backend: &mut dyn mri_core::Backend) -> Result<(), Violation> {
/// BackendSuite::default().check(backend)
/// # }
/// ```
///
/// The suite checks that
///
/// - matrices have the shapes that [`ModelInfo`] promises, in the order asked for, all finite;
/// - a text's row depends on nothing but the text: not on its neighbours in the batch, their
///   order, the other layers recorded, or what ran before; the same call gives the same bytes;
/// - every pooling is what its definition makes of the rows of [`Pooling::Tokens`];
/// - a decoder's states do not depend on later tokens, and texts that differ have rows that differ;
/// - [`Capture::final_norm`] concerns the last residual layer only;
/// - bad input gives the right [`BackendError`] and leaves the backend as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct BackendSuite {
    /// Chooses the texts.
    pub seed: u64,
    /// How far equal rows may differ, as a share of the layer's largest absolute value. The default,
    /// 2e-4, suits engines that compute in `f32`; bfloat16 needs about 5e-2.
    pub tolerance: f32,
    /// The longest text, where the model takes that many tokens.
    pub longest: usize,
}

impl Default for BackendSuite {
    fn default() -> Self {
        Self {
            seed: 0,
            tolerance: 2e-4,
            longest: 48,
        }
    }
}

const DESCRIPTION: &str = "the model's description makes sense";

const POOLINGS: [Pooling; 6] = [
    Pooling::First,
    Pooling::Last,
    Pooling::Mean,
    Pooling::Max,
    Pooling::Position(0),
    Pooling::Tokens,
];

impl BackendSuite {
    /// Runs the whole suite.
    ///
    /// # Errors
    /// The first [`Violation`] found.
    pub fn check(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        let info = backend.model().clone();
        let run = Run {
            suite: self,
            texts: self.texts(&info),
            layers: every_layer(&info),
            info,
        };
        run.model_info()?;
        if backend.tokens_per_batch() == 0 {
            let detail = "tokens_per_batch is 0";
            return Err(Violation::new(DESCRIPTION, detail));
        }
        run.shapes(backend)?;
        run.layers_asked_for(backend)?;
        run.neighbours(backend)?;
        run.poolings(backend)?;
        run.order_in_time(backend)?;
        run.texts_differ(backend)?;
        run.final_norm(backend)?;
        run.errors(backend)
    }

    /// Texts of many lengths, some of them equal, the longest neither first nor last.
    fn texts(&self, info: &ModelInfo) -> Vec<Vec<u32>> {
        let limit = info
            .max_length
            .unwrap_or(usize::MAX)
            .min(self.longest)
            .max(1);
        let mut random = SplitMix64::new(self.seed);
        [3, 1, 8, limit, 2, 5, 13, 5, 1, 21]
            .into_iter()
            .map(|length| {
                let ids = (0..length.min(limit))
                    .map(|_| random.next_below(info.vocab_size.max(1) as u64));
                ids.map(|id| id as u32).collect()
            })
            .collect()
    }
}

fn every_layer(info: &ModelInfo) -> Vec<Layer> {
    let sites = info.sites.iter();
    sites.flat_map(|&site| info.layers(site)).collect()
}

struct Run<'a> {
    suite: &'a BackendSuite,
    info: ModelInfo,
    texts: Vec<Vec<u32>>,
    layers: Vec<Layer>,
}

impl Run<'_> {
    fn model_info(&self) -> Result<(), Violation> {
        const LAW: &str = DESCRIPTION;
        let info = &self.info;
        let counts = [info.n_blocks, info.width, info.vocab_size];
        if counts.contains(&0) || info.max_length == Some(0) || info.mlp_width == Some(0) {
            return Err(Violation::new(LAW, format!("a count is zero in {info:?}")));
        }
        if !info.sites.contains(&Site::Resid) {
            return Err(Violation::new(
                LAW,
                "the residual stream cannot be recorded",
            ));
        }
        if info.sites.contains(&Site::MlpAct) && info.mlp_width.is_none() {
            return Err(Violation::new(
                LAW,
                "mlp_act is offered, but mlp_width is None",
            ));
        }
        Ok(())
    }

    fn shapes(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = "matrices have one row per text, the layer's columns and finite values";
        for pooling in POOLINGS {
            // Computes nothing the other laws look at, so it is the place for empty input, too.
            for texts in [self.texts.as_slice(), &[]] {
                let all = self.forward(backend, texts, &self.layers, pooling)?;
                let rows = match pooling {
                    Pooling::Tokens => texts.iter().map(Vec::len).sum(),
                    _ => texts.len(),
                };
                if all.len() != self.layers.len() {
                    let detail = format!("{} matrices for {} layers", all.len(), self.layers.len());
                    return Err(Violation::new(LAW, detail));
                }
                for (&layer, matrix) in self.layers.iter().zip(&all) {
                    let expected = (rows, self.info.layer_width(layer).unwrap_or(0));
                    if matrix.dim() != expected {
                        let found = matrix.dim();
                        let detail =
                            format!("{layer}, {pooling}: shape {found:?} instead of {expected:?}");
                        return Err(Violation::new(LAW, detail));
                    }
                    if matrix.iter().any(|x| !x.is_finite()) {
                        let detail = format!("{layer}, {pooling}: a value is not finite");
                        return Err(Violation::new(LAW, detail));
                    }
                }
            }
        }
        Ok(())
    }

    fn layers_asked_for(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = "matrices come in the order asked for, whatever else is recorded";
        let nothing = self.forward(backend, &self.texts, &[], Pooling::First)?;
        if !nothing.is_empty() {
            return Err(Violation::new(
                LAW,
                "no layer was asked for, yet there are matrices",
            ));
        }
        for pooling in [Pooling::First, Pooling::Last, Pooling::Mean] {
            let all = self.forward(backend, &self.texts, &self.layers, pooling)?;
            let mut backwards = self.layers.clone();
            backwards.reverse();
            let reversed = self.forward(backend, &self.texts, &backwards, pooling)?;
            for ((&layer, expected), found) in
                self.layers.iter().zip(&all).zip(reversed.iter().rev())
            {
                self.close(
                    LAW,
                    found,
                    expected,
                    &format!("{layer}, {pooling}, asked for backwards"),
                )?;
                let alone = self.forward(backend, &self.texts, &[layer], pooling)?;
                self.close(
                    LAW,
                    &alone[0],
                    expected,
                    &format!("{layer}, {pooling}, alone"),
                )?;
            }
        }
        Ok(())
    }

    fn neighbours(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const ALONE: &str = "the row of a text does not depend on its neighbours in the batch";
        const ORDER: &str = "rows come in the order of the texts";
        const AGAIN: &str = "the same call gives the same bytes";
        let mut backwards = self.texts.clone();
        backwards.reverse();
        for pooling in [Pooling::First, Pooling::Last, Pooling::Mean] {
            let all = self.forward(backend, &self.texts, &self.layers, pooling)?;
            let again = self.forward(backend, &self.texts, &self.layers, pooling)?;
            if all != again {
                return Err(Violation::new(
                    AGAIN,
                    format!("{pooling}: a second run differs"),
                ));
            }
            let mut turned = self.forward(backend, &backwards, &self.layers, pooling)?;
            for ((layer, expected), found) in self.layers.iter().zip(&all).zip(&mut turned) {
                found.invert_axis(Axis(0));
                self.close(
                    ORDER,
                    found,
                    expected,
                    &format!("{layer}, {pooling}, texts backwards"),
                )?;
            }
            for (i, text) in self.texts.iter().enumerate() {
                let alone =
                    self.forward(backend, std::slice::from_ref(text), &self.layers, pooling)?;
                for ((layer, all), alone) in self.layers.iter().zip(&all).zip(&alone) {
                    let what = format!("{layer}, {pooling}, text {i} of {} tokens", text.len());
                    self.close_rows(ALONE, alone.row(0), all.row(i), scale(all), &what)?;
                }
            }
        }
        Ok(())
    }

    fn poolings(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = "a pooling is what its definition makes of the token states";
        let tokens = self.forward(backend, &self.texts, &self.layers, Pooling::Tokens)?;
        for pooling in POOLINGS {
            let pooled = self.forward(backend, &self.texts, &self.layers, pooling)?;
            for ((layer, tokens), pooled) in self.layers.iter().zip(&tokens).zip(&pooled) {
                let mut start = 0;
                for (i, text) in self.texts.iter().enumerate() {
                    let states = tokens.slice(ndarray::s![start..start + text.len(), ..]);
                    start += text.len();
                    let expected = match (pooling, pooling.picks(text.len())) {
                        (Pooling::Tokens, _) => continue,
                        (_, Some(token)) => states.row(token).to_owned(),
                        (Pooling::Mean, None) => {
                            let sum = states.map(|&x| f64::from(x)).sum_axis(Axis(0));
                            sum.map(|x| (x / text.len() as f64) as f32)
                        }
                        (_, None) => {
                            let largest = |m: f32, &x: &f32| m.max(x);
                            states.map_axis(Axis(0), |c| c.fold(f32::NEG_INFINITY, largest))
                        }
                    };
                    let what = format!("{layer}, {pooling}, text {i} of {} tokens", text.len());
                    self.close_rows(LAW, pooled.row(i), expected.view(), scale(tokens), &what)?;
                }
            }
        }
        Ok(())
    }

    fn order_in_time(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = "the states of a decoder do not depend on later tokens";
        if self.info.kind != ModelKind::Decoder {
            return Ok(());
        }
        let long: Vec<_> = self.texts.iter().filter(|t| t.len() > 4).cloned().collect();
        let short: Vec<_> = long.iter().map(|text| text[..4].to_vec()).collect();
        let expected = self.forward(backend, &short, &self.layers, Pooling::Last)?;
        let found = self.forward(backend, &long, &self.layers, Pooling::Position(3))?;
        for ((layer, found), expected) in self.layers.iter().zip(&found).zip(&expected) {
            self.close(LAW, found, expected, &format!("{layer}, position 3"))?;
        }
        Ok(())
    }

    fn texts_differ(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = "texts that differ have rows that differ";
        let longest = self.texts.iter().max_by_key(|text| text.len());
        let Some(text) = longest.filter(|_| self.info.vocab_size > 1) else {
            return Ok(());
        };
        let mut other = text.clone();
        other[0] = u32::from(other[0] == 0);
        let last = [Layer::resid(self.info.n_blocks)];
        for pooling in [Pooling::First, Pooling::Mean] {
            let out = self.forward(backend, &[text.clone(), other.clone()], &last, pooling)?;
            if out[0].row(0) == out[0].row(1) {
                let detail = format!("{pooling}: another first token changes nothing");
                return Err(Violation::new(LAW, detail));
            }
        }
        Ok(())
    }

    fn final_norm(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = "final_norm concerns the last residual layer only";
        let batch = batch(&self.texts);
        let mut capture = Capture {
            layers: self.layers.clone(),
            pooling: Pooling::Mean,
            final_norm: true,
        };
        let with = call(backend, &batch, &capture)?;
        capture.final_norm = false;
        let without = call(backend, &batch, &capture)?;
        for ((&layer, with), without) in self.layers.iter().zip(&with).zip(&without) {
            if layer != Layer::resid(self.info.n_blocks) {
                self.close(LAW, without, with, &layer.to_string())?;
            }
        }
        Ok(())
    }

    fn errors(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = "bad input gives the right error and leaves the backend as it was";
        let layers = [Layer::resid(self.info.n_blocks)];
        let before = self.forward(backend, &self.texts, &layers, Pooling::First)?;
        let capture = |layer, pooling| Capture {
            layers: vec![layer],
            pooling,
            final_norm: true,
        };
        let good = vec![0_u32];
        let vocab = u32::try_from(self.info.vocab_size).unwrap_or(u32::MAX);
        let first = capture(Layer::resid(0), Pooling::First);
        let beyond = Layer::resid(self.info.n_blocks + 1);
        let zeroth = Layer {
            site: Site::AttnOut,
            index: 0,
        };
        type Fits = fn(&BackendError) -> bool;
        let empty: Fits = |e| matches!(e, BackendError::EmptyText { text: 1 });
        let unknown: Fits = |e| matches!(e, BackendError::UnknownToken { text: 1, .. });
        let layer: Fits = |e| matches!(e, BackendError::UnknownLayer { .. });
        let position: Fits = |e| matches!(e, BackendError::PositionPastEnd { text: 1, .. });
        let long: Fits = |e| matches!(e, BackendError::TextTooLong { text: 1, .. });
        let mut cases = vec![
            ("a text without tokens", vec![], first.clone(), empty),
            ("an unknown token", vec![vocab], first.clone(), unknown),
            (
                "a layer past the last",
                vec![0],
                capture(beyond, Pooling::First),
                layer,
            ),
            (
                "attn_out.00",
                vec![0],
                capture(zeroth, Pooling::First),
                layer,
            ),
            (
                "a position past the end",
                vec![0],
                capture(Layer::resid(0), Pooling::Position(1)),
                position,
            ),
        ];
        if let Some(limit) = self.info.max_length {
            cases.push(("a text that is too long", vec![0; limit + 1], first, long));
        }
        for (what, bad, capture, fits) in cases {
            let first = if capture.pooling == Pooling::Position(1) {
                vec![0, 0]
            } else {
                good.clone()
            };
            // Two tokens may already be too many for the neighbour of the bad text.
            if self
                .info
                .max_length
                .is_some_and(|limit| first.len() > limit)
            {
                continue;
            }
            match backend.forward(&batch(&[first, bad]), &capture) {
                Err(error) if fits(&error) => {}
                Err(error) => {
                    return Err(Violation::new(
                        LAW,
                        format!("{what} gives another error: {error}"),
                    ));
                }
                Ok(_) => return Err(Violation::new(LAW, format!("{what} gives no error"))),
            }
        }
        let after = self.forward(backend, &self.texts, &layers, Pooling::First)?;
        if before != after {
            return Err(Violation::new(LAW, "rows differ after the errors"));
        }
        Ok(())
    }

    fn forward(
        &self,
        backend: &mut dyn Backend,
        texts: &[Vec<u32>],
        layers: &[Layer],
        pooling: Pooling,
    ) -> Result<Vec<Array2<f32>>, Violation> {
        let capture = Capture {
            layers: layers.to_vec(),
            pooling,
            final_norm: true,
        };
        let out = call(backend, &batch(texts), &capture)?;
        if out.len() == layers.len() {
            return Ok(out);
        }
        let detail = format!("{} matrices for {} layers", out.len(), layers.len());
        Err(Violation::new("one matrix per layer asked for", detail))
    }

    fn close(
        &self,
        law: &'static str,
        found: &Array2<f32>,
        expected: &Array2<f32>,
        what: &str,
    ) -> Result<(), Violation> {
        if found.dim() != expected.dim() {
            let detail = format!("{what}: {:?} instead of {:?}", found.dim(), expected.dim());
            return Err(Violation::new(law, detail));
        }
        let largest = scale(expected);
        for (found, expected) in found.rows().into_iter().zip(expected.rows()) {
            self.close_rows(law, found, expected, largest, what)?;
        }
        Ok(())
    }

    fn close_rows(
        &self,
        law: &'static str,
        found: ArrayView1<'_, f32>,
        expected: ArrayView1<'_, f32>,
        largest: f32,
        what: &str,
    ) -> Result<(), Violation> {
        let error = found
            .iter()
            .zip(expected)
            .fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
        if error <= self.suite.tolerance * largest {
            return Ok(());
        }
        let detail = format!("{what}: off by {error}, where values go up to {largest}");
        Err(Violation::new(law, detail))
    }
}

/// The largest absolute value.
fn scale(matrix: &Array2<f32>) -> f32 {
    matrix.iter().fold(0.0_f32, |m, x| m.max(x.abs()))
}

fn batch(texts: &[Vec<u32>]) -> TokenBatch {
    texts.iter().map(Vec::as_slice).collect()
}

fn call(
    backend: &mut dyn Backend,
    batch: &TokenBatch,
    capture: &Capture,
) -> Result<Vec<Array2<f32>>, Violation> {
    backend
        .forward(batch, capture)
        .map_err(|error| Violation::new("good input gives no error", error))
}
