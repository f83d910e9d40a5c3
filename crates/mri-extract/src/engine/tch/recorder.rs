use mri_core::{Capture, Layer, Site};
use ndarray::Array2;
use tch::{Device, Kind, TchError, Tensor};

use super::pool::Pool;

/// Collects the pooled rows of the captured layers on the device while the model runs.
pub(super) struct Recorder<'a> {
    pool: Pool,
    capture: &'a Capture,
    /// One entry per captured layer, filled when the layer is reached.
    rows: Vec<Option<Tensor>>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(pool: Pool, capture: &'a Capture) -> Self {
        Self {
            pool,
            capture,
            rows: capture.layers.iter().map(|_| None).collect(),
        }
    }

    pub(super) fn capture(&self) -> &'a Capture {
        self.capture
    }

    /// Whether a layer is captured.
    pub(super) fn captures(&self, site: Site, index: usize) -> bool {
        self.capture.layers.contains(&Layer { site, index })
    }

    /// Pools and keeps the states of a layer, if it is captured. `states` has one row per token, or
    /// one per text if `picked`.
    pub(super) fn record(
        &mut self,
        site: Site,
        index: usize,
        states: &Tensor,
        picked: bool,
    ) -> Result<(), TchError> {
        let reached = Layer { site, index };
        for (layer, rows) in self.capture.layers.iter().zip(&mut self.rows) {
            if *layer == reached {
                *rows = Some(self.pool.apply(states, picked)?);
            }
        }
        Ok(())
    }

    /// The rows of all layers, copied to the host in one transfer.
    pub(super) fn into_host(self) -> Result<Vec<Array2<f32>>, TchError> {
        let missing = || TchError::Shape("a captured layer was not reached".to_owned());
        let rows: Vec<Tensor> = self
            .rows
            .into_iter()
            .collect::<Option<_>>()
            .ok_or_else(missing)?;
        let flat: Vec<Tensor> = rows
            .iter()
            .map(|t| t.f_reshape(-1))
            .collect::<Result<_, _>>()?;
        let flat = Tensor::f_cat(&flat, 0)?.f_to_device_(Device::Cpu, Kind::Float, false, false)?;
        let mut host = vec![0.0_f32; flat.numel()];
        flat.f_copy_data(&mut host, flat.numel())?;
        let mut rest = host.as_slice();
        let mut out = Vec::with_capacity(rows.len());
        for tensor in &rows {
            let (n, width) = tensor.size2()?;
            let shape = (n as usize, width as usize);
            let (this, after) = rest.split_at(shape.0 * shape.1);
            rest = after;
            let matrix = Array2::from_shape_vec(shape, this.to_vec());
            out.push(matrix.map_err(|e| TchError::Shape(e.to_string()))?);
        }
        Ok(out)
    }
}
