use crate::engine::device::{Device, Dtype};

/// How [`TchBackend`](crate::TchBackend) runs a model.
///
/// ```
/// use mri_extract::{Dtype, TchOptions};
///
/// let options = TchOptions::default().with_dtype(Dtype::Bf16).with_threads(4);
/// assert_eq!(options.threads, Some(4));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TchOptions {
    /// The device.
    pub device: Device,
    /// The compute dtype.
    pub dtype: Dtype,
    /// The CPU threads of libtorch, which hold for the whole process; `None` for its default of one
    /// per physical core.
    pub threads: Option<usize>,
}

impl TchOptions {
    /// Sets the device.
    #[must_use]
    pub fn with_device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// Sets the compute dtype.
    #[must_use]
    pub fn with_dtype(mut self, dtype: Dtype) -> Self {
        self.dtype = dtype;
        self
    }

    /// Sets the number of CPU threads; `None` for libtorch's default.
    #[must_use]
    pub fn with_threads(mut self, threads: impl Into<Option<usize>>) -> Self {
        self.threads = threads.into();
        self
    }
}
