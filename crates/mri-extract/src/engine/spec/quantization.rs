/// How the matrices of a model are stored in few bits. Weights are computed with as floating-point
/// numbers: they are converted once, while the model is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quantization {
    /// 8-bit floating-point numbers with scales: one, one per output, or one per block.
    Fp8 {
        /// Outputs and inputs of a block that shares a scale; `None` for other scales.
        block: Option<[usize; 2]>,
    },
    /// GPTQ (Frantar et al. 2022, arXiv:2210.17323): integers packed along the inputs, a scale and
    /// a zero point per output and group of inputs.
    Gptq {
        /// The bits of a weight: 2, 4 or 8.
        bits: u32,
        /// Inputs per group.
        group: usize,
        /// What is added to a stored zero point: 1 in the first format, 0 in the second.
        zero_offset: u32,
    },
    /// AWQ (Lin et al. 2023, arXiv:2306.00978), 4 bits: integers packed along the outputs in the
    /// order of its kernels, a scale and a zero point per output and group of inputs.
    Awq {
        /// Inputs per group.
        group: usize,
    },
    /// MXFP4 of the OCP Microscaling formats: 4-bit floating-point numbers, 32 of them under one
    /// power of two.
    Mxfp4,
}
