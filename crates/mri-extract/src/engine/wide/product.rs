//! Products of states and weights on a CPU.
//!
//! A library's product packs its operands whenever it is called: that pays for large ones only, and the
//! states of many tokens do not fit the caches of a core on their way from one product to the next.
//! Here the weights are packed once, when they are loaded, so that the tokens of a text or two run at
//! the full rate. Blocks and packing follow Goto & van de Geijn, Anatomy of high-performance matrix
//! multiplication (2008).

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use super::tile::{DEPTH, Numbers, Rows, STRIDE, copy, product, tiles, with_rows};
use super::{LANES, Sixteen, Work, ask_for, columns, widest};
use crate::engine::side_by_side::side_by_side;

/// Rows are taken through the panels in groups of about so many: their numbers stay in the second
/// cache, and a panel is read once per group.
const GROUP: usize = 252;

/// Fewer operations per thread, some 50 µs of them, are done by one.
const LEAST_OPERATIONS: usize = 8_000_000;

/// The weights of a linear map, packed in panels as wide as a tile: for each input the weights to a
/// panel's outputs.
#[derive(Clone)]
pub(in crate::engine) struct Panels {
    numbers: Arc<Numbers>,
    /// The panels of this map among all.
    first: usize,
    inputs: usize,
    outputs: usize,
}

/// What becomes of products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Then {
    /// They are written as they are.
    Write,
    /// They are added to what is there.
    Add,
    /// Their Gaussian error linear units are written.
    Gelu,
}

impl Panels {
    /// Packs weights of shape (outputs, inputs), if this processor has wide vectors.
    pub(in crate::engine) fn pack(weights: &[f32], [outputs, inputs]: [usize; 2]) -> Option<Self> {
        let columns = columns()?;
        let mut numbers = Numbers::zeros(outputs.next_multiple_of(columns) * inputs);
        for (output, weights) in weights.chunks_exact(inputs.max(1)).enumerate() {
            let panel = &mut numbers[output / columns * columns * inputs..];
            for (to, weight) in panel.chunks_exact_mut(columns).zip(weights) {
                to[output % columns] = *weight;
            }
        }
        Some(Self {
            numbers: Arc::new(numbers),
            first: 0,
            inputs,
            outputs,
        })
    }

    /// The map's number of outputs.
    pub(in crate::engine) fn outputs(&self) -> usize {
        self.outputs
    }

    /// The map's number of inputs.
    pub(in crate::engine) fn inputs(&self) -> usize {
        self.inputs
    }

    /// The weights as they were packed.
    pub(in crate::engine) fn unpack(&self) -> Vec<f32> {
        let columns = columns().unwrap_or(1);
        let mut weights = Vec::with_capacity(self.outputs * self.inputs);
        for output in 0..self.outputs {
            let panel = self.panel(output / columns, columns);
            weights.extend(panel.iter().skip(output % columns).step_by(columns));
        }
        weights
    }

    /// The map to some of the outputs, if they start with a panel. Nothing is copied.
    pub(in crate::engine) fn part(&self, outputs: Range<usize>) -> Option<Self> {
        let columns = columns()?;
        outputs.start.is_multiple_of(columns).then(|| Self {
            numbers: self.numbers.clone(),
            first: self.first + outputs.start / columns,
            inputs: self.inputs,
            outputs: outputs.len(),
        })
    }

    #[inline(always)]
    fn panel(&self, panel: usize, columns: usize) -> &[f32] {
        let size = columns * self.inputs;
        &self.numbers[(self.first + panel) * size..][..size]
    }

    /// Writes the products of rows and weights, plus the bias where there is one, to `out`, one row
    /// directly after the other, as `then` says. A row's bits depend on nothing but that row.
    ///
    /// # Panics
    /// If rows are missing or a row or the bias is too short.
    pub(in crate::engine) fn multiply(
        &self,
        rows: Rows<'_>,
        bias: Option<&[f32]>,
        out: &mut [f32],
        then: Then,
        threads: usize,
    ) {
        let n = out.len() / self.outputs.max(1);
        let operations = 2 * n * self.inputs * self.outputs;
        let threads = threads.min(operations / LEAST_OPERATIONS).max(1);
        let share = n.div_ceil(threads).max(1);
        let jobs = out.chunks_mut((share * self.outputs).max(1)).enumerate();
        side_by_side(threads, jobs.collect(), |(number, out)| {
            PACKED.with_borrow_mut(|packed| {
                let done = widest(Multiply {
                    panels: self,
                    rows: rows.from(number * share),
                    bias,
                    out,
                    then,
                    packed,
                });
                assert!(done.is_ok(), "weights are only packed for wide vectors");
            });
        });
    }
}

thread_local! {
    /// The rows of a group.
    static PACKED: RefCell<Numbers> = RefCell::default();
}

struct Multiply<'a> {
    panels: &'a Panels,
    rows: Rows<'a>,
    bias: Option<&'a [f32]>,
    out: &'a mut [f32],
    then: Then,
    packed: &'a mut Numbers,
}

impl Work for Multiply<'_> {
    #[inline(always)]
    fn run<S: Sixteen, const ROWS: usize, const VECTORS: usize>(self) {
        let (columns, inputs) = (VECTORS * LANES, self.panels.inputs);
        let outputs = self.panels.outputs;
        // Equal blocks: a short last one would spend its time on loading and storing sums.
        let depth = even(inputs, DEPTH, 1);
        let group = even(self.out.len() / outputs.max(1), GROUP, ROWS);
        for (number, out) in self
            .out
            .chunks_mut(group.max(1) * outputs.max(1))
            .enumerate()
        {
            let n = out.len() / outputs;
            self.packed.resize(n * STRIDE);
            // Without inputs the bias is still to be written.
            for start in (0..inputs.max(1)).step_by(depth.max(1)) {
                let depth = depth.min(inputs - start);
                for (r, to) in self.packed.chunks_exact_mut(STRIDE).enumerate() {
                    let row = self.rows.part(number * group + r, start, depth);
                    copy::<S>(row, to, |numbers| numbers);
                }
                let share = (columns * depth).div_ceil(n.div_ceil(ROWS));
                for panel in 0..outputs.div_ceil(columns) {
                    let from = panel * columns..outputs.min((panel + 1) * columns);
                    let mut bias = [[0.0; LANES]; VECTORS];
                    if let Some(all) = self.bias.filter(|_| start == 0) {
                        bias.as_flattened_mut()[..from.len()].copy_from_slice(&all[from.clone()]);
                    }
                    let sums = Sums::<S, VECTORS> {
                        depth,
                        panel: &self.panels.panel(panel, columns)[start * columns..],
                        bias: std::array::from_fn(|v| S::load(&bias[v])),
                        onto: self.then == Then::Add || start > 0,
                        gelu: self.then == Then::Gelu && start + depth == inputs,
                        outputs,
                        from,
                    };
                    // While the rows pass this panel, the same of the next is asked for.
                    let mut later = sums.panel.as_ptr().wrapping_add(columns * inputs);
                    for tile in tiles(n, ROWS) {
                        let first = tile.start;
                        let rows = &self.packed[first * STRIDE..];
                        let out = &mut out[first * outputs..];
                        with_rows!(tile.len(), ROWS, R => sums.write::<R>(rows, later, out));
                        later = later.wrapping_add(share);
                    }
                }
            }
        }
    }
}

/// The size of the fewest equal parts of at most `most` that `n` can be cut into, rounded up to a
/// multiple of `unit`.
#[inline(always)]
fn even(n: usize, most: usize, unit: usize) -> usize {
    n.div_ceil(n.div_ceil(most).max(1)).next_multiple_of(unit)
}

/// What happens to the products of a panel.
struct Sums<'a, S, const VECTORS: usize> {
    depth: usize,
    panel: &'a [f32],
    bias: [S; VECTORS],
    onto: bool,
    gelu: bool,
    /// Numbers per row.
    outputs: usize,
    /// Where in a row they belong.
    from: Range<usize>,
}

impl<S: Sixteen, const VECTORS: usize> Sums<'_, S, VECTORS> {
    #[inline(always)]
    fn write<const R: usize>(&self, rows: &[f32], later: *const f32, out: &mut [f32]) {
        if self.onto {
            let start = out.as_ptr().wrapping_add(self.from.start);
            for r in 0..R {
                for v in 0..VECTORS {
                    ask_for(start.wrapping_add(r * self.outputs + v * LANES));
                }
            }
        }
        let sums = product([self.bias; R], self.depth, rows, self.panel, later);
        for (r, sums) in sums.iter().enumerate() {
            let out = &mut out[r * self.outputs..][self.from.clone()];
            if let Some(out) = out.as_chunks_mut::<LANES>().0.first_chunk_mut() {
                self.finish(sums, out);
                continue;
            }
            // The last outputs of a map with an uneven number of them.
            let mut lanes = [[0.0; LANES]; VECTORS];
            let n = out.len();
            lanes.as_flattened_mut()[..n].copy_from_slice(out);
            self.finish(sums, &mut lanes);
            out.copy_from_slice(&lanes.as_flattened()[..n]);
        }
    }

    /// Writes the sums of a row.
    #[inline(always)]
    fn finish(&self, sums: &[S; VECTORS], out: &mut [[f32; LANES]; VECTORS]) {
        for (to, sum) in out.iter_mut().zip(sums) {
            let sum = if self.onto {
                S::load(to).plus(*sum)
            } else {
                *sum
            };
            let sum = if self.gelu { sum.gelu() } else { sum };
            sum.store(to);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::super::tests::{Gelu, each, with_all_registers};
    use super::*;

    /// Numbers between −1 and 1 that look like any.
    pub(in super::super) fn numbers(n: usize, seed: u64) -> Vec<f32> {
        let mut state = seed;
        let next = |_| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
        };
        (0..n).map(next).collect()
    }

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
            let rows = Rows { numbers: &rows, stride };
            with_all_registers(|| {
                let panels = Panels::pack(&weights, [outputs, inputs]).unwrap();
                assert_eq!(panels.unpack(), weights);
                let multiply = |then| {
                    let mut out = before.clone();
                    panels.multiply(rows, with_bias.then_some(&bias[..]), &mut out, then, threads);
                    out
                };
                assert_eq!(multiply(Then::Gelu), each(Gelu, &multiply(Then::Write)));
                for then in [Then::Write, Then::Add] {
                    let out = multiply(then);
                    for (i, out) in out.iter().enumerate() {
                        let (row, output) = (i / outputs, i % outputs);
                        let terms = rows.part(row, 0, inputs).iter().zip(&weights[output * inputs..]);
                        let mut sum: f64 = terms.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                        sum += if with_bias { f64::from(bias[output]) } else { 0.0 };
                        sum += if then == Then::Add { f64::from(before[i]) } else { 0.0 };
                        // Each of the additions rounds once, and the sums stay below `inputs`.
                        let bound = 1e-6 + 1e-7 * inputs as f64;
                        assert!((f64::from(*out) - sum).abs() <= bound, "{out} for {sum}");
                    }
                }
            });
        }
    }

    /// Threads and the rows beside it change no bit of a row, nor does a part of the map.
    #[test]
    fn a_row_depends_on_nothing_else() {
        let (n, inputs, outputs) = (67, 500, 200);
        let rows = numbers(n * inputs, 5);
        let weights = numbers(outputs * inputs, 6);
        let bias = numbers(outputs, 7);
        let all = Rows {
            numbers: &rows,
            stride: inputs,
        };
        with_all_registers(|| {
            let panels = Panels::pack(&weights, [outputs, inputs]).unwrap();
            let multiply = |panels: &Panels, rows, n, bias: &[f32], threads| {
                let mut out = vec![f32::NAN; n * panels.outputs()];
                panels.multiply(rows, Some(bias), &mut out, Then::Gelu, threads);
                out
            };
            let whole = multiply(&panels, all, n, &bias, 1);
            assert!(whole.iter().all(|x| x.is_finite()));
            for row in [0, 11, 66] {
                let one = multiply(&panels, all.from(row), 1, &bias, 1);
                assert_eq!(one, whole[row * outputs..][..outputs]);
            }
            let part = panels.part(64..170).unwrap();
            assert_eq!(part.unpack(), weights[64 * inputs..170 * inputs]);
            let part = multiply(&part, all, n, &bias[64..170], 1);
            for row in 0..n {
                assert_eq!(part[row * 106..][..106], whole[row * outputs + 64..][..106]);
            }
            assert!(panels.part(3..9).is_none());
        });
        // Enough work for several threads.
        let panels = Panels::pack(&weights, [outputs, inputs]).unwrap();
        let rows = numbers(700 * inputs, 8);
        let all = Rows {
            numbers: &rows,
            stride: inputs,
        };
        let of = |threads| {
            let mut out = vec![0.0; 700 * outputs];
            panels.multiply(all, None, &mut out, Then::Write, threads);
            out
        };
        assert_eq!(of(1), of(3));
    }
}
