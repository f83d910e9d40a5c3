//! libtorch's devices, dtypes, threads and errors in terms of ours.

use mri_core::BackendError;
use tch::{Cuda, Kind, TchError};

use super::options::TchOptions;
use crate::engine::device::{Device, Dtype};
use crate::engine::error::ModelError;

const ENGINE: &str = "libtorch";

pub(super) fn forward_error(source: TchError) -> BackendError {
    BackendError::Engine {
        engine: ENGINE,
        source: Box::new(source),
    }
}

pub(super) fn engine_error(source: TchError) -> ModelError {
    ModelError::Engine {
        engine: ENGINE,
        source: Box::new(source),
    }
}

pub(super) fn set_threads(options: &TchOptions) {
    if let Some(threads) = options.threads {
        tch::set_num_threads(i32::try_from(threads.max(1)).unwrap_or(i32::MAX));
    }
}

/// The threads that libtorch uses for work started on this thread.
pub(super) fn n_threads() -> usize {
    usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1)
}

pub(super) fn kind_of(dtype: Dtype) -> Kind {
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

/// The libtorch device for a requested one.
pub(super) fn find_device(requested: Device) -> Result<tch::Device, ModelError> {
    let found = if Cuda::is_available() {
        usize::try_from(Cuda::device_count()).unwrap_or(0)
    } else {
        0
    };
    match requested {
        Device::Cpu => Ok(tch::Device::Cpu),
        Device::Auto if found == 0 => Ok(tch::Device::Cpu),
        Device::Auto => Ok(tch::Device::Cuda(0)),
        Device::Cuda(n) if n < found => Ok(tch::Device::Cuda(n)),
        Device::Cuda(_) => Err(ModelError::NoDevice {
            device: requested.to_string(),
            problem: if found == 0 {
                "libtorch finds no CUDA device; use cpu, or a libtorch with CUDA".to_owned()
            } else {
                format!("this machine has {found} CUDA devices, numbered from 0")
            },
        }),
    }
}
