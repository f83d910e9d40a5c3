//! Slices of the memory of CPU tensors in `f32`.

use std::ptr::NonNull;
use std::slice;

use tch::{Device, Kind, TchError, Tensor};

use crate::engine::gemm::StridedRows;

/// The numbers of a contiguous `f32` tensor on the CPU.
pub(super) fn as_slice(tensor: &Tensor) -> Option<&[f32]> {
    if !tensor.is_contiguous() {
        return None;
    }
    let start = start(tensor)?;
    // SAFETY: `numel` numbers of this type lie there as long as the tensor lives. Memory that
    // libtorch allocated without writing to it holds arbitrary numbers, all of which are valid.
    Some(unsafe { slice::from_raw_parts(start, tensor.numel()) })
}

/// The numbers of a contiguous `f32` tensor on the CPU, for writing. No other handle of the tensor
/// may be read at the same time.
pub(super) fn as_slice_mut(tensor: &mut Tensor) -> Option<&mut [f32]> {
    if !tensor.is_contiguous() {
        return None;
    }
    let start = start(tensor)?;
    // SAFETY: as for `as_slice`.
    Some(unsafe { slice::from_raw_parts_mut(start, tensor.numel()) })
}

/// The rows of an `f32` matrix on the CPU, which may be columns of a wider one.
pub(super) fn as_rows(tensor: &Tensor) -> Option<StridedRows<'_>> {
    let (n, width) = tensor.size2().ok()?;
    let strides = tensor.stride();
    let stride = usize::try_from(strides[0]).ok()?;
    if strides[1] != 1 {
        return None;
    }
    let length = match n {
        0 => 0,
        _ => (n as usize - 1) * stride + width as usize,
    };
    let start = start(tensor)?;
    // SAFETY: the slice ends with the last number of the last row.
    let data = unsafe { slice::from_raw_parts(start, length) };
    Some(StridedRows { data, stride })
}

/// The error for a tensor without such a slice.
pub(super) fn not_a_slice() -> TchError {
    TchError::Shape("tensor is not contiguous f32 on the CPU".to_owned())
}

/// The address of the first number, if it is an `f32` in host memory.
fn start(tensor: &Tensor) -> Option<*mut f32> {
    if tensor.device() != Device::Cpu || tensor.f_kind().ok()? != Kind::Float {
        return None;
    }
    let start = NonNull::new(tensor.data_ptr().cast::<f32>());
    // A slice needs a non-null address even if it is empty.
    Some(start.unwrap_or(NonNull::dangling()).as_ptr())
}
