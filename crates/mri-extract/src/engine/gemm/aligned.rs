use std::ops::{Deref, DerefMut, Range};

use mri_simd::F32_LANES;

/// The bytes of a cache line.
const LINE_BYTES: usize = 64;

/// A buffer of `f32` that starts on a cache line: a vector across two lines takes two reads.
#[derive(Default)]
pub(super) struct AlignedBuf {
    all: Vec<f32>,
    range: Range<usize>,
}

impl AlignedBuf {
    /// A buffer of `n` zeros.
    pub(super) fn zeros(n: usize) -> Self {
        let mut buffer = Self::default();
        buffer.resize(n);
        buffer
    }

    /// Sets the length; the contents are unspecified afterwards.
    pub(super) fn resize(&mut self, n: usize) {
        if self.all.len() < n + F32_LANES {
            self.all = vec![0.0; n + F32_LANES];
        }
        let start = self.all.as_ptr().align_offset(LINE_BYTES).min(F32_LANES);
        self.range = start..start + n;
    }
}

impl Deref for AlignedBuf {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        &self.all[self.range.clone()]
    }
}

impl DerefMut for AlignedBuf {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.all[self.range.clone()]
    }
}
