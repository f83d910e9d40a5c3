//! The libtorch engine: executes a [`TransformerSpec`].

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use mri_core::{Backend, BackendError, Capture, Layer, ModelInfo, Site, TokenBatch};
use ndarray::Array2;
use tch::{Cuda, Kind, TchError, Tensor};

use self::load::ModelWeights;
use self::map::n_threads;
use self::packing::Packing;
use self::parts::{by_shares, filled_up, in_fitting_parts, in_parts_side_by_side};
use self::pool::Pool;
use super::spec::TransformerSpec;
use super::weights::Weights;
use super::{Device, Dtype, ModelError};

pub use self::torchscript::TorchScriptBackend;

mod attention;
mod block;
mod load;
mod map;
mod mask;
mod packing;
mod parts;
mod pool;
mod rotate;
mod torchscript;

const ENGINE: &str = "libtorch";

/// Our own products on a CPU want parts of so many tokens, whose states stay in the cache of a core,
/// and no fewer where they can, so that weights are not loaded for a few rows.
const OWN_PART_TOKENS: RangeInclusive<usize> = 128..=512;

/// libtorch's products on a CPU pack the weights anew each time, which pays for more tokens.
const CPU_PART_TOKENS: RangeInclusive<usize> = 256..=2_048;

/// oneDNN, which does libtorch's products in fewer bits on a CPU, compiles and keeps a program for every
/// number of rows it meets: milliseconds and, for a thousand of them, hundreds of megabytes. Parts
/// of some size are filled up to a multiple of this, so that there are few such numbers.
const FILL_TOKENS: usize = 64;

/// A CPU gets batches of so many tokens per thread, so that the time in which some threads have no
/// part left is small beside that of the batch.
const CPU_BATCH_TOKENS: usize = 8_192;

/// So many tokens keep a large GPU busy with a model of any size. A GPU whose memory is too small
/// for the states of so many gets them in smaller parts.
const GPU_BATCH_TOKENS: usize = 32_768;

/// How [`TchBackend`] runs a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TchOptions {
    /// Where.
    pub device: Device,
    /// In what numbers.
    pub dtype: Dtype,
    /// The CPU threads libtorch may use, for this process as a whole; `None` leaves its default,
    /// one per physical core.
    pub threads: Option<usize>,
}

/// A transformer run by libtorch.
///
/// On a CPU every thread runs texts of its own, some hundred tokens or two thousand at a time; on a GPU
/// a batch runs as a whole. The texts that run together are laid end to end, so that every matrix
/// product works on real tokens only, but for a few in fewer bits on a CPU; only the attention of short texts of unequal length is ever padded. In the last recorded
/// block, where a pooling picks one token per text, everything past the keys and values is
/// computed for that token alone, and blocks behind the last recorded layer are not run at all.
pub struct TchBackend {
    info: ModelInfo,
    spec: TransformerSpec,
    weights: SharedWeights,
    device: tch::Device,
    kind: Kind,
    /// The CPU threads that libtorch may use.
    threads: usize,
    /// So many tokens go through the model at once; fewer from when the device's memory was too
    /// small for them.
    part_tokens: AtomicUsize,
    least_part_tokens: usize,
}

/// The weights, read by several threads at once.
struct SharedWeights(ModelWeights);

// SAFETY: nothing changes a weight once it is loaded (what changes a tensor in place takes it by
// `&mut`, and what is made later is handed over by a `OnceLock`), and libtorch allows any number of
// threads to read a tensor, whose reference count is atomic.
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
    /// [`ModelError`]: what is missing or wrong in the folder, an unsupported architecture, a
    /// device that is not there, or what libtorch reports (such as too little memory).
    pub fn load(folder: &Path, options: &TchOptions) -> Result<Self, ModelError> {
        let spec = TransformerSpec::read(folder)?;
        let device = find_device(options.device)?;
        let stored = Weights::open(folder)?;
        let kind = kind_of(options.dtype);
        set_threads(options);
        let weights = tch::no_grad(|| ModelWeights::load(&spec, &stored, device, kind))?;
        let (least_part_tokens, part_tokens) = match device {
            tch::Device::Cpu if weights.packed() => OWN_PART_TOKENS,
            tch::Device::Cpu => CPU_PART_TOKENS,
            // A batch runs as a whole.
            _ => 1..=usize::MAX,
        }
        .into_inner();
        Ok(Self {
            info: spec.model_info(folder),
            part_tokens: AtomicUsize::new(part_tokens),
            least_part_tokens,
            threads: n_threads(),
            spec,
            weights: SharedWeights(weights),
            device,
            kind,
        })
    }

    /// What the model computes.
    #[must_use]
    pub fn spec(&self) -> &TransformerSpec {
        &self.spec
    }

    /// The device in use; never [`Device::Auto`].
    #[must_use]
    pub fn device(&self) -> Device {
        self.device.into()
    }

    /// How long one product of two square matrices takes on this device and in these numbers, in
    /// seconds: what the speed of a recording is to be measured against, which is nearly all matrix
    /// products. The first calls are slower than the rest.
    ///
    /// # Errors
    /// What libtorch reports, such as too little memory.
    pub fn time_matmul(&self, size: usize) -> Result<f64, BackendError> {
        let time = || {
            let size = size as i64;
            let a = Tensor::f_ones([size, size], (self.kind, self.device))?;
            // A device works behind its caller's back until a value is asked for.
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
        let fitting = |part: &TokenBatch| {
            in_fitting_parts(part, &self.part_tokens, &self.info, capture, &|part| {
                self.run_part(part, capture)
            })
        };
        if self.device != tch::Device::Cpu || self.threads == 1 {
            return fitting(batch);
        }
        let most = self.part_tokens.load(Ordering::Relaxed);
        let parts = by_shares(batch, self.least_part_tokens..=most, self.threads);
        if parts.len() < self.threads {
            return fitting(batch);
        }
        // One part per thread rather than all threads in one part: a core keeps the states of its
        // texts, and no thread waits for another after every product.
        let (threads, info) = (self.threads, &self.info);
        let rows = in_parts_side_by_side(batch, &parts, info, capture, threads, &|part| {
            tch::set_num_threads(1);
            tch::no_grad(|| fitting(part))
        });
        // libtorch gives the number that was set last to threads that it has not seen yet.
        tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
        rows
    }

    /// Runs texts that go through the model together. There may be rows of another text behind theirs.
    fn run_part(
        &self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, TchError> {
        let on_cpu = self.device == tch::Device::Cpu;
        let longest = self.info.max_length.unwrap_or(usize::MAX);
        let by_onednn = on_cpu && self.kind != Kind::Float;
        let filled = by_onednn
            .then(|| filled_up(batch, FILL_TOKENS, longest))
            .flatten();
        let batch = filled.as_ref().unwrap_or(batch);
        let packing = Packing::new(batch, on_cpu);
        let pool = Pool::new(&packing, capture.pooling, self.device)?;
        let mut recorder = Recorder {
            pool,
            capture,
            rows: capture.layers.iter().map(|_| None).collect(),
        };
        self.record_layers(batch, &packing, &mut recorder)?;
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

/// Collects the pooled rows of the layers asked for, on the device, while the model runs.
struct Recorder<'a> {
    pool: Pool,
    capture: &'a Capture,
    /// One entry per layer asked for, filled when the layer is reached.
    rows: Vec<Option<Tensor>>,
}

impl Recorder<'_> {
    /// Whether a layer was asked for.
    fn wants(&self, site: Site, index: usize) -> bool {
        self.capture.layers.contains(&Layer { site, index })
    }

    /// Keeps the pooled rows of a layer, if it was asked for. `states` has one row per token, or
    /// one per text if `picked`.
    fn record(
        &mut self,
        site: Site,
        index: usize,
        states: &Tensor,
        picked: bool,
    ) -> Result<(), TchError> {
        let wanted = Layer { site, index };
        for (layer, rows) in self.capture.layers.iter().zip(&mut self.rows) {
            if *layer == wanted {
                *rows = Some(self.pool.apply(states, picked)?);
            }
        }
        Ok(())
    }

    /// All rows, copied to the host in one go.
    fn into_host(self) -> Result<Vec<Array2<f32>>, TchError> {
        let missing = || TchError::Shape("a layer was not reached".to_owned());
        let rows: Vec<Tensor> = self
            .rows
            .into_iter()
            .collect::<Option<_>>()
            .ok_or_else(missing)?;
        let flat: Vec<Tensor> = rows
            .iter()
            .map(|t| t.f_reshape(-1))
            .collect::<Result<_, _>>()?;
        let flat =
            Tensor::f_cat(&flat, 0)?.f_to_device_(tch::Device::Cpu, Kind::Float, false, false)?;
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

fn forward_error(source: TchError) -> BackendError {
    BackendError::Engine {
        engine: ENGINE,
        source: Box::new(source),
    }
}

fn engine_error(source: TchError) -> ModelError {
    ModelError::Engine {
        engine: ENGINE,
        source: Box::new(source),
    }
}

fn set_threads(options: &TchOptions) {
    if let Some(threads) = options.threads {
        tch::set_num_threads(i32::try_from(threads.max(1)).unwrap_or(i32::MAX));
    }
}

fn kind_of(dtype: Dtype) -> Kind {
    match dtype {
        Dtype::F32 => Kind::Float,
        Dtype::Bf16 => Kind::BFloat16,
        Dtype::F16 => Kind::Half,
    }
}

impl From<tch::Device> for Device {
    fn from(device: tch::Device) -> Self {
        match device {
            tch::Device::Cuda(n) => Self::Cuda(n),
            _ => Self::Cpu,
        }
    }
}

fn find_device(asked: Device) -> Result<tch::Device, ModelError> {
    let found = if Cuda::is_available() {
        usize::try_from(Cuda::device_count()).unwrap_or(0)
    } else {
        0
    };
    match asked {
        Device::Cpu => Ok(tch::Device::Cpu),
        Device::Auto if found == 0 => Ok(tch::Device::Cpu),
        Device::Auto => Ok(tch::Device::Cuda(0)),
        Device::Cuda(n) if n < found => Ok(tch::Device::Cuda(n)),
        Device::Cuda(_) => Err(ModelError::NoDevice {
            asked: asked.to_string(),
            problem: if found == 0 {
                "this libtorch finds no CUDA device; use cpu, or a libtorch with CUDA".to_owned()
            } else {
                format!("this machine has {found}, numbered from 0")
            },
        }),
    }
}
