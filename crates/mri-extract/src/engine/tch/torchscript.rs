use std::io;
use std::path::Path;

use mri_core::{Backend, BackendError, Capture, ModelInfo, Site, TokenBatch};
use ndarray::Array2;
use tch::{CModule, TchError, Tensor};

use super::microbatch::{run_microbatches, split_by_length};
use super::options::TchOptions;
use super::packing::Packing;
use super::pool::Pool;
use super::recorder::Recorder;
use super::runtime::{engine_error, find_device, forward_error, set_threads};
use crate::engine::device::Device;
use crate::engine::error::ModelError;
use crate::error::ExtractError;
use crate::files;
use crate::regular::read_regular;

/// The tokens that go through a module at once.
const MICROBATCH_TOKENS: usize = 4096;

/// A TorchScript module that returns hidden states, run by libtorch.
///
/// The module takes token ids of shape (texts, tokens), `i64`, and returns one tensor of shape
/// (blocks + 1, texts, tokens, width): the output of the embedding and of every block. The texts of
/// a call have equal length, so the module needs no mask. `recipes/export_torchscript.py` exports
/// most transformers models.
///
/// Only the residual stream can be recorded, and [`Capture::final_norm`] has no effect: the last
/// layer is as the module returns it.
pub struct TorchScriptBackend {
    info: ModelInfo,
    module: CModule,
    device: tch::Device,
}

impl TorchScriptBackend {
    /// Loads a module and its description: `model.json` beside `model.pt`, a [`ModelInfo`] in JSON.
    ///
    /// A module is a program: load only those you trust. [`TchOptions::dtype`] has no effect: a
    /// module computes in the dtype that it was exported in.
    ///
    /// # Errors
    /// [`ModelError`] if a file is missing or invalid, or the device is not available.
    pub fn load(module: &Path, options: &TchOptions) -> Result<Self, ModelError> {
        let info = Self::describe(module)?;
        let device = find_device(options.device)?;
        set_threads(options);
        let mut loaded = CModule::load_on_device(module, device).map_err(engine_error)?;
        loaded.f_set_eval().map_err(engine_error)?;
        Ok(Self {
            info,
            module: loaded,
            device,
        })
    }

    /// Reads the description of a module.
    ///
    /// # Errors
    /// [`ModelError`] if either file is missing or the description is invalid.
    pub fn describe(module: &Path) -> Result<ModelInfo, ModelError> {
        if !module.is_file() {
            return Err(ModelError::MissingFile {
                path: module.to_owned(),
                remedy: "a TorchScript module is a file, as recipes/export_torchscript.py writes it",
            });
        }
        read_info(&module.with_extension("json"))
    }

    /// The SHA-256 of a module and its description, as 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`ExtractError::Io`].
    pub fn hash(module: &Path) -> Result<String, ExtractError> {
        files::hash_of([module, &module.with_extension("json")])
    }

    /// The device in use; never [`Device::Auto`].
    #[must_use]
    pub fn device(&self) -> Device {
        self.device.into()
    }

    /// Runs texts of equal length.
    fn run_microbatch(
        &self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, TchError> {
        let (texts, tokens) = (batch.len() as i64, batch.longest() as i64);
        let ids: Vec<i64> = batch.iter().flatten().map(|&id| i64::from(id)).collect();
        let ids = Tensor::f_from_slice(&ids)?
            .f_view([texts, tokens])?
            .f_to_device(self.device)?;
        let states = self.module.forward_ts(&[ids])?;
        let layers = self.info.n_blocks as i64 + 1;
        let width = self.info.width as i64;
        let expected = [layers, texts, tokens, width];
        if states.size() != expected {
            return Err(TchError::Shape(format!(
                "the module returned shape {:?} instead of {expected:?} (layers, texts, tokens, width)",
                states.size()
            )));
        }
        let packing = Packing::new(batch, true);
        let pool = Pool::new(&packing, capture.pooling, self.device)?;
        let mut recorder = Recorder::new(pool, capture);
        for layer in 0..layers {
            let states = states.f_select(0, layer)?.f_reshape([-1, width])?;
            recorder.record(Site::Resid, layer as usize, &states, false)?;
        }
        recorder.into_host()
    }
}

fn read_info(path: &Path) -> Result<ModelInfo, ModelError> {
    let text = read_regular(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ModelError::MissingFile {
            path: path.to_owned(),
            remedy: "it describes the module beside it; recipes/export_torchscript.py writes both",
        },
        _ => ModelError::Read {
            path: path.to_owned(),
            source,
        },
    })?;
    let info: ModelInfo = serde_json::from_slice(&text).map_err(|source| ModelError::BadJson {
        path: path.to_owned(),
        source,
    })?;
    if info.sites != [Site::Resid] {
        return Err(ModelError::BadConfig {
            path: path.to_owned(),
            key: "sites".to_owned(),
            problem: "has to be [\"resid\"]: a module gives the residual stream only".to_owned(),
        });
    }
    Ok(info)
}

impl Backend for TorchScriptBackend {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn forward(
        &mut self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, BackendError> {
        batch.check(&self.info, capture)?;
        if capture.layers.is_empty() {
            return Ok(Vec::new());
        }
        let microbatches = split_by_length(batch, MICROBATCH_TOKENS);
        let run = |texts: &TokenBatch| self.run_microbatch(texts, capture);
        tch::no_grad(|| run_microbatches(batch, &microbatches, &self.info, capture, run))
            .map_err(forward_error)
    }
}
