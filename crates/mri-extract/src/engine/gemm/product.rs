//! Products of states and packed weights on a CPU.
//!
//! A library's product packs its operands on every call, which pays only for large ones, and the
//! states of many tokens do not fit a core's caches on their way from one product to the next. Here
//! weights are packed once, when they are loaded, so that the tokens of a text or two run at the
//! full rate. Blocking and packing follow Goto & van de Geijn, Anatomy of high-performance matrix
//! multiplication (2008), with the names of BLIS (Van Zee & van de Geijn 2015): `MR × NR` register
//! tiles, `KC` terms and `MC` rows per block.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use mri_simd::{F32_LANES, F32x16, Level, Simd, prefetch_l1};

use super::aligned::AlignedBuf;
use super::gelu::gelu;
use super::microkernel::{
    KC, PACKED_STRIDE, StridedRows, copy_with, multiply_tile, row_tiles, with_rows,
};
use super::tile::{TileKernel, level, nr, run_tiles};
use crate::engine::parallel::parallel_for_each;

/// Rows pass through the panels in blocks of about this many: a block stays in the second-level
/// cache, and a panel is read once per block.
const MC: usize = 252;

/// The least operations per thread, about 50 µs of work; a smaller product uses fewer threads.
const MIN_OPERATIONS: usize = 8_000_000;

/// The weights of a linear layer, packed into panels of `NR` outputs: for each input the weights to
/// the panel's outputs.
#[derive(Clone)]
pub(in crate::engine) struct PackedWeights {
    level: Level,
    data: Arc<AlignedBuf>,
    /// The first panel in `data`.
    first: usize,
    inputs: usize,
    outputs: usize,
}

/// What is done with the products of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Epilogue {
    /// Store them.
    Store,
    /// Add them to what the output holds.
    Accumulate,
    /// Store their GELU.
    Gelu,
}

impl PackedWeights {
    /// Packs weights of shape (outputs, inputs); `None` if the processor has no wide vectors.
    pub(in crate::engine) fn pack(weights: &[f32], [outputs, inputs]: [usize; 2]) -> Option<Self> {
        let level = level()?;
        let nr = nr(level);
        let mut data = AlignedBuf::zeros(outputs.next_multiple_of(nr) * inputs);
        for (output, weights) in weights.chunks_exact(inputs.max(1)).enumerate() {
            let panel = &mut data[output / nr * nr * inputs..];
            for (to, weight) in panel.chunks_exact_mut(nr).zip(weights) {
                to[output % nr] = *weight;
            }
        }
        Some(Self {
            level,
            data: Arc::new(data),
            first: 0,
            inputs,
            outputs,
        })
    }

    /// The number of outputs.
    pub(in crate::engine) fn outputs(&self) -> usize {
        self.outputs
    }

    /// The number of inputs.
    pub(in crate::engine) fn inputs(&self) -> usize {
        self.inputs
    }

    /// The weights in row-major order, shape (outputs, inputs).
    pub(in crate::engine) fn unpack(&self) -> Vec<f32> {
        let nr = nr(self.level);
        let mut weights = Vec::with_capacity(self.outputs * self.inputs);
        for output in 0..self.outputs {
            let panel = self.panel(output / nr, nr);
            weights.extend(panel.iter().skip(output % nr).step_by(nr));
        }
        weights
    }

    /// A view of some of the outputs; `None` unless they start at a panel.
    pub(in crate::engine) fn slice(&self, outputs: Range<usize>) -> Option<Self> {
        let nr = nr(self.level);
        outputs.start.is_multiple_of(nr).then(|| Self {
            level: self.level,
            data: self.data.clone(),
            first: self.first + outputs.start / nr,
            inputs: self.inputs,
            outputs: outputs.len(),
        })
    }

    #[inline(always)]
    fn panel(&self, panel: usize, nr: usize) -> &[f32] {
        let size = nr * self.inputs;
        &self.data[(self.first + panel) * size..][..size]
    }

    /// Applies the layer to `out.len() / outputs` rows, on up to `threads` threads, and writes the
    /// results contiguously to `out`. The bits of a row depend on nothing but that row.
    ///
    /// # Panics
    /// If rows are missing or a row or the bias is too short.
    pub(in crate::engine) fn multiply(
        &self,
        rows: StridedRows<'_>,
        bias: Option<&[f32]>,
        out: &mut [f32],
        epilogue: Epilogue,
        threads: usize,
    ) {
        let n = out.len() / self.outputs.max(1);
        let operations = 2 * n * self.inputs * self.outputs;
        let threads = threads.min(operations / MIN_OPERATIONS).max(1);
        let share = n.div_ceil(threads).max(1);
        let jobs = out.chunks_mut((share * self.outputs).max(1)).enumerate();
        parallel_for_each(threads, jobs.collect(), |(number, out)| {
            PACKED_ROWS.with_borrow_mut(|packed| {
                let product = Product {
                    weights: self,
                    rows: rows.skip(number * share),
                    bias,
                    out,
                    epilogue,
                    packed,
                };
                run_tiles(self.level, product);
            });
        });
    }
}

thread_local! {
    /// The packed rows of a block.
    static PACKED_ROWS: RefCell<AlignedBuf> = RefCell::default();
}

/// One thread's share of a product.
struct Product<'a> {
    weights: &'a PackedWeights,
    rows: StridedRows<'a>,
    bias: Option<&'a [f32]>,
    out: &'a mut [f32],
    epilogue: Epilogue,
    packed: &'a mut AlignedBuf,
}

impl TileKernel for Product<'_> {
    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self) {
        let (nr, inputs) = (NV * F32_LANES, self.weights.inputs);
        let outputs = self.weights.outputs;
        // Equal blocks: a short last one would spend its time on loading and storing sums.
        let kc = block_size(inputs, KC, 1);
        let mc = block_size(self.out.len() / outputs.max(1), MC, MR);
        for (block, out) in self.out.chunks_mut(mc.max(1) * outputs.max(1)).enumerate() {
            let n = out.len() / outputs;
            self.packed.resize(n * PACKED_STRIDE);
            // Without inputs the bias is still to be written.
            for start in (0..inputs.max(1)).step_by(kc.max(1)) {
                let depth = kc.min(inputs - start);
                for (r, to) in self.packed.chunks_exact_mut(PACKED_STRIDE).enumerate() {
                    let row = self.rows.slice(block * mc + r, start, depth);
                    copy_with::<S>(row, to, |x| x);
                }
                let prefetched = (nr * depth).div_ceil(n.div_ceil(MR));
                for panel in 0..outputs.div_ceil(nr) {
                    let columns = panel * nr..outputs.min((panel + 1) * nr);
                    let mut bias = [[0.0; F32_LANES]; NV];
                    if let Some(all) = self.bias.filter(|_| start == 0) {
                        bias.as_flattened_mut()[..columns.len()]
                            .copy_from_slice(&all[columns.clone()]);
                    }
                    let product = PanelProduct::<S, NV> {
                        depth,
                        panel: &self.weights.panel(panel, nr)[start * nr..],
                        bias: std::array::from_fn(|v| S::F32::load(&bias[v])),
                        accumulate: self.epilogue == Epilogue::Accumulate || start > 0,
                        gelu: self.epilogue == Epilogue::Gelu && start + depth == inputs,
                        outputs,
                        columns,
                    };
                    // While the rows pass this panel, the same block of the next is prefetched.
                    let mut next = product.panel.as_ptr().wrapping_add(nr * inputs);
                    for tile in row_tiles(n, MR) {
                        let first = tile.start;
                        let rows = &self.packed[first * PACKED_STRIDE..];
                        let out = &mut out[first * outputs..];
                        with_rows!(tile.len(), MR, R => product.write::<R>(rows, next, out));
                        next = next.wrapping_add(prefetched);
                    }
                }
            }
        }
    }
}

/// The size of the fewest equal blocks of at most `most` that `n` can be cut into, rounded up to a
/// multiple of `unit`.
#[inline(always)]
fn block_size(n: usize, most: usize, unit: usize) -> usize {
    n.div_ceil(n.div_ceil(most).max(1)).next_multiple_of(unit)
}

/// The product of packed rows and a block of one panel.
struct PanelProduct<'a, S: Simd, const NV: usize> {
    depth: usize,
    panel: &'a [f32],
    bias: [S::F32; NV],
    /// Add to what the output holds.
    accumulate: bool,
    gelu: bool,
    /// The outputs of the layer: the stride of the output.
    outputs: usize,
    /// The outputs of the panel.
    columns: Range<usize>,
}

impl<S: Simd, const NV: usize> PanelProduct<'_, S, NV> {
    /// Writes the products of a tile of `R` rows.
    #[inline(always)]
    fn write<const R: usize>(&self, rows: &[f32], next: *const f32, out: &mut [f32]) {
        if self.accumulate {
            let start = out.as_ptr().wrapping_add(self.columns.start);
            for r in 0..R {
                for v in 0..NV {
                    prefetch_l1(start.wrapping_add(r * self.outputs + v * F32_LANES));
                }
            }
        }
        let sums = multiply_tile::<S, R, NV>([self.bias; R], self.depth, rows, self.panel, next);
        for (r, sums) in sums.iter().enumerate() {
            let out = &mut out[r * self.outputs..][self.columns.clone()];
            if let Some(out) = out.as_chunks_mut::<F32_LANES>().0.first_chunk_mut() {
                self.apply_epilogue(sums, out);
                continue;
            }
            // The last outputs, where their number is no multiple of `NR`.
            let mut lanes = [[0.0; F32_LANES]; NV];
            let n = out.len();
            lanes.as_flattened_mut()[..n].copy_from_slice(out);
            self.apply_epilogue(sums, &mut lanes);
            out.copy_from_slice(&lanes.as_flattened()[..n]);
        }
    }

    /// Writes the sums of a row.
    #[inline(always)]
    fn apply_epilogue(&self, sums: &[S::F32; NV], out: &mut [[f32; F32_LANES]; NV]) {
        for (to, sum) in out.iter_mut().zip(sums) {
            let sum = if self.accumulate {
                S::F32::load(to).add(*sum)
            } else {
                *sum
            };
            let sum = if self.gelu { gelu(sum) } else { sum };
            sum.store(to);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{at_all_levels, gelu_of, numbers};
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn products_are_those_of_the_definition(
            n in 0_usize..60,
            inputs in 0_usize..900,
            outputs in 1_usize..100,
            gap in 0_usize..3,
            with_bias: bool,
            threads in 1_usize..4,
            seed: u64,
        ) {
            let stride = inputs + gap;
            let rows = numbers(n * stride, seed);
            let weights = numbers(outputs * inputs, seed ^ 1);
            let bias = numbers(outputs, seed ^ 2);
            let before = numbers(n * outputs, seed ^ 3);
            let rows = StridedRows { data: &rows, stride };
            at_all_levels(|| {
                let packed = PackedWeights::pack(&weights, [outputs, inputs]).unwrap();
                assert_eq!(packed.unpack(), weights);
                let multiply = |epilogue| {
                    let mut out = before.clone();
                    packed.multiply(rows, with_bias.then_some(&bias[..]), &mut out, epilogue, threads);
                    out
                };
                assert_eq!(multiply(Epilogue::Gelu), gelu_of(&multiply(Epilogue::Store)));
                for epilogue in [Epilogue::Store, Epilogue::Accumulate] {
                    let out = multiply(epilogue);
                    for (i, out) in out.iter().enumerate() {
                        let (row, output) = (i / outputs, i % outputs);
                        let terms = rows.slice(row, 0, inputs).iter().zip(&weights[output * inputs..]);
                        let mut sum: f64 = terms.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                        sum += if with_bias { f64::from(bias[output]) } else { 0.0 };
                        sum += if epilogue == Epilogue::Accumulate { f64::from(before[i]) } else { 0.0 };
                        // Each of the additions rounds once, and the sums stay below `inputs`.
                        let bound = 1e-6 + 1e-7 * inputs as f64;
                        assert!((f64::from(*out) - sum).abs() <= bound, "{out} for {sum}");
                    }
                }
            });
        }
    }

    /// Neither threads nor the other rows nor a slice of the outputs change a bit of a row.
    #[test]
    fn a_row_depends_on_nothing_else() {
        let (n, inputs, outputs) = (67, 500, 200);
        let rows = numbers(n * inputs, 5);
        let weights = numbers(outputs * inputs, 6);
        let bias = numbers(outputs, 7);
        let all = StridedRows {
            data: &rows,
            stride: inputs,
        };
        at_all_levels(|| {
            let packed = PackedWeights::pack(&weights, [outputs, inputs]).unwrap();
            let multiply = |packed: &PackedWeights, rows, n, bias: &[f32], threads| {
                let mut out = vec![f32::NAN; n * packed.outputs()];
                packed.multiply(rows, Some(bias), &mut out, Epilogue::Gelu, threads);
                out
            };
            let whole = multiply(&packed, all, n, &bias, 1);
            assert!(whole.iter().all(|x| x.is_finite()));
            for row in [0, 11, 66] {
                let one = multiply(&packed, all.skip(row), 1, &bias, 1);
                assert_eq!(one, whole[row * outputs..][..outputs]);
            }
            let part = packed.slice(64..170).unwrap();
            assert_eq!(part.unpack(), weights[64 * inputs..170 * inputs]);
            let part = multiply(&part, all, n, &bias[64..170], 1);
            for row in 0..n {
                assert_eq!(part[row * 106..][..106], whole[row * outputs + 64..][..106]);
            }
            assert!(packed.slice(3..9).is_none());
        });
        // Enough work for several threads.
        let packed = PackedWeights::pack(&weights, [outputs, inputs]).unwrap();
        let rows = numbers(700 * inputs, 8);
        let all = StridedRows {
            data: &rows,
            stride: inputs,
        };
        let of = |threads| {
            let mut out = vec![0.0; 700 * outputs];
            packed.multiply(all, None, &mut out, Epilogue::Store, threads);
            out
        };
        assert_eq!(of(1), of(3));
    }
}
