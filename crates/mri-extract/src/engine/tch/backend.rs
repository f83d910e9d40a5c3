use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use mri_core::{Backend, BackendError, Capture, ModelInfo, TokenBatch};
use ndarray::Array2;
use tch::{Kind, TchError, Tensor};

use super::adapter::Adapter;
use super::forward::Forward;
use super::load::load;
use super::microbatch::{align_tokens, run_parallel, run_within_memory, split_for_threads};
use super::options::TchOptions;
use super::packing::Packing;
use super::pool::Pool;
use super::recorder::Recorder;
use super::runtime::{find_device, forward_error, kind_of, n_threads, set_threads};
use super::weights::ModelWeights;
use crate::engine::adapter_config::AdapterConfig;
use crate::engine::device::Device;
use crate::engine::error::ModelError;
use crate::engine::spec::TransformerSpec;
use crate::engine::weights::Weights;
use crate::model_folder::ModelFolder;

/// The tokens of a micro-batch for our own CPU kernels: few enough that their states stay in a
/// core's caches, enough that weights are not loaded for a few rows.
const PACKED_MICROBATCH_TOKENS: RangeInclusive<usize> = 128..=512;

/// The tokens of a micro-batch for libtorch's CPU products, which pack the weights on every call.
const CPU_MICROBATCH_TOKENS: RangeInclusive<usize> = 256..=2_048;

/// oneDNN, which computes libtorch's CPU products in bf16 and f16, compiles and caches a program
/// for every number of rows it meets: milliseconds each and, for a thousand of them, hundreds of
/// megabytes. Larger micro-batches are extended to a multiple of this many tokens, so that there
/// are few such numbers.
const ONEDNN_TOKENS: usize = 64;

/// The tokens of a CPU batch per thread: enough that the time in which some threads have run out of
/// micro-batches is small beside that of the batch.
const CPU_BATCH_TOKENS: usize = 8_192;

/// The tokens of a GPU batch: enough to keep a large GPU busy with a model of any size. A GPU whose
/// memory is too small for their states gets smaller micro-batches.
const GPU_BATCH_TOKENS: usize = 32_768;

/// A transformer run by libtorch.
///
/// On a CPU every thread runs micro-batches of its own, of a few hundred tokens in f32 or two
/// thousand in other dtypes; on a GPU a batch runs as a whole. The texts of a micro-batch are laid
/// end to end, so that matrix products work on real tokens only (except for a few tokens of
/// alignment in bf16 and f16 on a CPU); only the attention of short texts of unequal length is
/// padded.
///
/// If the pooling picks one token per text, everything past the keys and values of the last
/// captured block is computed for that token alone. Blocks after the last captured layer are not
/// run.
pub struct TchBackend {
    info: ModelInfo,
    spec: TransformerSpec,
    weights: SharedWeights,
    device: tch::Device,
    kind: Kind,
    /// The CPU threads of libtorch.
    threads: usize,
    /// The most tokens of a micro-batch; lowered when the device's memory is too small for them.
    max_tokens: AtomicUsize,
    min_tokens: usize,
}

/// The weights, which several threads read at once.
struct SharedWeights(ModelWeights);

// SAFETY: loaded weights are never changed (in-place operations take a tensor by `&mut`, and what
// is made lazily goes through a `OnceLock`), and libtorch allows any number of threads to read a
// tensor, whose reference count is atomic.
unsafe impl Sync for SharedWeights {}

impl std::ops::Deref for SharedWeights {
    type Target = ModelWeights;

    fn deref(&self) -> &ModelWeights {
        &self.0
    }
}

impl TchBackend {
    /// Loads a model from a folder with `config.json` and safetensors weights.
    ///
    /// # Errors
    /// [`ModelError`] if a file is missing or invalid, the architecture is not supported, the
    /// device is not available, or libtorch fails, for example for lack of memory.
    pub fn load(folder: &Path, options: &TchOptions) -> Result<Self, ModelError> {
        Self::load_folder(&ModelFolder::open(folder, None)?, options)
    }

    /// Loads a model of which the parts are known, and merges its adapter if it has one.
    ///
    /// # Errors
    /// As [`TchBackend::load`]; [`ModelError::UnsupportedAdapter`] and
    /// [`ModelError::AdapterUnused`] for an adapter that cannot be merged.
    pub fn load_folder(folder: &ModelFolder, options: &TchOptions) -> Result<Self, ModelError> {
        let spec = folder.spec()?;
        let device = find_device(options.device)?;
        let stored = Weights::open(folder.transformer())?;
        let adapter = match folder.adapter() {
            Some(adapter) => Some(Adapter::open(AdapterConfig::read(adapter)?, &spec)?),
            None => None,
        };
        let kind = kind_of(options.dtype);
        set_threads(options);
        let weights = tch::no_grad(|| load(&spec, &stored, adapter.as_ref(), device, kind))?;
        let (min_tokens, max_tokens) = match device {
            tch::Device::Cpu if weights.packed() => PACKED_MICROBATCH_TOKENS,
            tch::Device::Cpu => CPU_MICROBATCH_TOKENS,
            // A batch runs as a whole.
            _ => 1..=usize::MAX,
        }
        .into_inner();
        Ok(Self {
            info: spec.model_info(folder.named()),
            max_tokens: AtomicUsize::new(max_tokens),
            min_tokens,
            threads: n_threads(),
            spec,
            weights: SharedWeights(weights),
            device,
            kind,
        })
    }

    /// The description of the model.
    #[must_use]
    pub fn spec(&self) -> &TransformerSpec {
        &self.spec
    }

    /// The device in use; never [`Device::Auto`].
    #[must_use]
    pub fn device(&self) -> Device {
        self.device.into()
    }

    /// The time of one product of two square matrices on this device in the compute dtype, in
    /// seconds: the yardstick for the speed of a recording, which is nearly all matrix products.
    /// The first calls are slower than the rest.
    ///
    /// # Errors
    /// [`BackendError::Engine`] if libtorch fails, for example for lack of memory.
    pub fn time_matmul(&self, size: usize) -> Result<f64, BackendError> {
        let time = || {
            let size = size as i64;
            let a = Tensor::f_ones([size, size], (self.kind, self.device))?;
            // A GPU works asynchronously until a value is read.
            a.f_double_value(&[0, 0])?;
            let start = Instant::now();
            let product = a.f_matmul(&a)?;
            product.f_double_value(&[0, 0])?;
            Ok(start.elapsed().as_secs_f64())
        };
        tch::no_grad(time).map_err(forward_error)
    }

    fn run(&self, batch: &TokenBatch, capture: &Capture) -> Result<Vec<Array2<f32>>, TchError> {
        if capture.layers.is_empty() {
            return Ok(Vec::new());
        }
        let within_memory = |batch: &TokenBatch| {
            run_within_memory(batch, &self.max_tokens, &self.info, capture, &|batch| {
                self.run_microbatch(batch, capture)
            })
        };
        if self.device != tch::Device::Cpu || self.threads == 1 {
            return within_memory(batch);
        }
        let max_tokens = self.max_tokens.load(Ordering::Relaxed);
        let microbatches = split_for_threads(batch, self.min_tokens..=max_tokens, self.threads);
        if microbatches.len() < self.threads {
            return within_memory(batch);
        }
        // A micro-batch per thread rather than all threads in one: the states of its texts stay in
        // a core's caches, and no thread waits for another after every product.
        let (threads, info) = (self.threads, &self.info);
        let rows = run_parallel(batch, &microbatches, info, capture, threads, &|batch| {
            tch::set_num_threads(1);
            tch::no_grad(|| within_memory(batch))
        });
        // libtorch gives new threads the number that was set last.
        tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
        rows
    }

    /// Runs texts that go through the model together. The result may have rows of another text
    /// after theirs.
    fn run_microbatch(
        &self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, TchError> {
        let on_cpu = self.device == tch::Device::Cpu;
        let longest = self.info.max_length.unwrap_or(usize::MAX);
        let by_onednn = on_cpu && self.kind != Kind::Float;
        let aligned = by_onednn
            .then(|| align_tokens(batch, ONEDNN_TOKENS, longest))
            .flatten();
        let batch = aligned.as_ref().unwrap_or(batch);
        let packing = Packing::new(batch, on_cpu);
        let pool = Pool::new(&packing, capture.pooling, self.device)?;
        let mut recorder = Recorder::new(pool, capture);
        let forward = Forward {
            spec: &self.spec,
            weights: &self.weights,
            device: self.device,
            kind: self.kind,
        };
        forward.record(batch, &packing, &mut recorder)?;
        recorder.into_host()
    }
}

impl Backend for TchBackend {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn tokens_per_batch(&self) -> usize {
        match self.device {
            tch::Device::Cpu => CPU_BATCH_TOKENS * self.threads,
            _ => GPU_BATCH_TOKENS,
        }
    }

    fn forward(
        &mut self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, BackendError> {
        batch.check(&self.info, capture)?;
        tch::no_grad(|| self.run(batch, capture)).map_err(forward_error)
    }
}
