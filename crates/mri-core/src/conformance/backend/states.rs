//! The laws of [`Backend::forward`] on good input.

use ndarray::Axis;

use super::compare::{batch, call, largest_magnitude};
use super::{POOLINGS, Run, law};
use crate::backend::{Backend, Capture};
use crate::conformance::Violation;
use crate::layer::Layer;
use crate::model::ModelKind;
use crate::pooling::Pooling;

impl Run<'_> {
    pub(super) fn shapes(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = law::SHAPES;
        for pooling in POOLINGS {
            // Computes nothing the other laws look at, so it is the place for empty input, too.
            for texts in [self.texts.as_slice(), &[]] {
                let all = self.forward(backend, texts, &self.layers, pooling)?;
                let rows = match pooling {
                    Pooling::Tokens => texts.iter().map(Vec::len).sum(),
                    _ => texts.len(),
                };
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

    pub(super) fn same_bytes(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        for pooling in POOLINGS {
            let first = self.forward(backend, &self.texts, &self.layers, pooling)?;
            let again = self.forward(backend, &self.texts, &self.layers, pooling)?;
            if first != again {
                let detail = format!("{pooling}: a second run differs");
                return Err(Violation::new(law::SAME_BYTES, detail));
            }
        }
        Ok(())
    }

    pub(super) fn layers_asked_for(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = law::LAYER_ORDER;
        self.forward(backend, &self.texts, &[], Pooling::First)?;
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

    pub(super) fn neighbors(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        let mut backwards = self.texts.clone();
        backwards.reverse();
        for pooling in [Pooling::First, Pooling::Last, Pooling::Mean] {
            let all = self.forward(backend, &self.texts, &self.layers, pooling)?;
            let mut turned = self.forward(backend, &backwards, &self.layers, pooling)?;
            for ((layer, expected), found) in self.layers.iter().zip(&all).zip(&mut turned) {
                found.invert_axis(Axis(0));
                self.close(
                    law::TEXT_ORDER,
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
                    self.close_rows(
                        law::TEXT_ALONE,
                        alone.row(0),
                        all.row(i),
                        largest_magnitude(all),
                        &what,
                    )?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn poolings(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = law::POOLING;
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
                    self.close_rows(
                        LAW,
                        pooled.row(i),
                        expected.view(),
                        largest_magnitude(tokens),
                        &what,
                    )?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn causality(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = law::CAUSALITY;
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

    pub(super) fn texts_differ(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = law::TEXTS_DIFFER;
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

    pub(super) fn final_norm(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        const LAW: &str = law::FINAL_NORM;
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
}
