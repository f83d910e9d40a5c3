//! Calls and comparisons that give a [`Violation`] where they fail.

use ndarray::{Array2, ArrayView1};

use super::{Run, law};
use crate::backend::{Backend, Capture};
use crate::batch::TokenBatch;
use crate::conformance::Violation;
use crate::layer::Layer;
use crate::pooling::Pooling;

impl Run<'_> {
    pub(super) fn forward(
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
        call(backend, &batch(texts), &capture)
    }

    pub(super) fn close(
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
        let largest = largest_magnitude(expected);
        for (found, expected) in found.rows().into_iter().zip(expected.rows()) {
            self.close_rows(law, found, expected, largest, what)?;
        }
        Ok(())
    }

    pub(super) fn close_rows(
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

pub(super) fn largest_magnitude(matrix: &Array2<f32>) -> f32 {
    matrix.iter().fold(0.0_f32, |m, x| m.max(x.abs()))
}

pub(super) fn batch(texts: &[Vec<u32>]) -> TokenBatch {
    texts.iter().map(Vec::as_slice).collect()
}

pub(super) fn call(
    backend: &mut dyn Backend,
    batch: &TokenBatch,
    capture: &Capture,
) -> Result<Vec<Array2<f32>>, Violation> {
    let out = backend
        .forward(batch, capture)
        .map_err(|error| Violation::new(law::NO_ERROR, error))?;
    if out.len() == capture.layers.len() {
        return Ok(out);
    }
    let detail = format!("{} matrices for {} layers", out.len(), capture.layers.len());
    Err(Violation::new(law::ONE_PER_LAYER, detail))
}
