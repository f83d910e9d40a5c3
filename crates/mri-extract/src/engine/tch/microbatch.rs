use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use mri_core::{Capture, ModelInfo, Pooling, TokenBatch};
use ndarray::{Array2, s};
use tch::TchError;

use crate::engine::parallel::parallel_for_each;

/// One matrix per captured layer.
type Rows = Result<Vec<Array2<f32>>, TchError>;

/// Runs texts that go through the model together. Rows after those of the texts are ignored.
type RunTexts<'a> = dyn Fn(&TokenBatch) -> Rows + 'a;

/// The rows of a batch, filled in micro-batch by micro-batch.
struct Assembly<'a> {
    texts: Vec<&'a [u32]>,
    /// The first row and the number of rows of each text.
    rows: Vec<(usize, usize)>,
    layers: Vec<Array2<f32>>,
}

impl<'a> Assembly<'a> {
    fn new(batch: &'a TokenBatch, info: &ModelInfo, capture: &Capture) -> Self {
        let texts: Vec<&[u32]> = batch.iter().collect();
        let mut rows = Vec::with_capacity(texts.len());
        let mut n_rows = 0;
        for text in &texts {
            let count = match capture.pooling {
                Pooling::Tokens => text.len(),
                _ => 1,
            };
            rows.push((n_rows, count));
            n_rows += count;
        }
        let empty = |&layer| Array2::zeros((n_rows, info.layer_width(layer).unwrap_or(0)));
        Self {
            texts,
            rows,
            layers: capture.layers.iter().map(empty).collect(),
        }
    }

    /// The texts with these indices.
    fn select(&self, texts: &[usize]) -> TokenBatch {
        texts.iter().map(|&text| self.texts[text]).collect()
    }

    /// Inserts the rows of the texts with these indices.
    fn insert(&mut self, texts: &[usize], found: &[Array2<f32>]) -> Result<(), TchError> {
        for (layer, found) in self.layers.iter_mut().zip(found) {
            let mut from = 0;
            for &text in texts {
                let (to, n) = self.rows[text];
                if layer.ncols() != found.ncols() || from + n > found.nrows() {
                    let problem = format!("a layer has shape {:?}", found.dim());
                    return Err(TchError::Shape(problem));
                }
                layer
                    .slice_mut(s![to..to + n, ..])
                    .assign(&found.slice(s![from..from + n, ..]));
                from += n;
            }
        }
        Ok(())
    }
}

/// Runs micro-batches one after the other and returns the rows in the order of the batch. Each
/// micro-batch lists texts by index; together they list every text once.
pub(super) fn run_microbatches(
    batch: &TokenBatch,
    microbatches: &[Vec<usize>],
    info: &ModelInfo,
    capture: &Capture,
    mut run: impl FnMut(&TokenBatch) -> Rows,
) -> Rows {
    let mut assembly = Assembly::new(batch, info, capture);
    for texts in microbatches {
        let found = run(&assembly.select(texts))?;
        assembly.insert(texts, &found)?;
    }
    Ok(assembly.layers)
}

/// Like [`run_microbatches`], on threads that each take the next micro-batch when they are free.
pub(super) fn run_parallel(
    batch: &TokenBatch,
    microbatches: &[Vec<usize>],
    info: &ModelInfo,
    capture: &Capture,
    threads: usize,
    run: &(dyn Fn(&TokenBatch) -> Rows + Sync),
) -> Rows {
    let mut assembly = Assembly::new(batch, info, capture);
    let failed = AtomicBool::new(false);
    let done = Mutex::new(Vec::new());
    parallel_for_each(threads, microbatches.iter().collect(), |texts| {
        if !failed.load(Ordering::Relaxed) {
            let found = run(&assembly.select(texts));
            failed.fetch_or(found.is_err(), Ordering::Relaxed);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((texts, found));
        }
    });
    for (texts, found) in done.into_inner().unwrap_or_else(PoisonError::into_inner) {
        assembly.insert(texts, &found?)?;
    }
    Ok(assembly.layers)
}

/// Runs a batch in micro-batches of at most `max_tokens` tokens. One that does not fit into memory
/// is halved, and `max_tokens` lowered for all that follow; a single text that does not fit is an
/// error.
pub(super) fn run_within_memory(
    batch: &TokenBatch,
    max_tokens: &AtomicUsize,
    info: &ModelInfo,
    capture: &Capture,
    run: &RunTexts<'_>,
) -> Rows {
    let microbatches = split_by_tokens(batch, max_tokens.load(Ordering::Relaxed));
    run_microbatches(batch, &microbatches, info, capture, |texts| {
        match run(texts) {
            Err(e) if texts.len() > 1 && out_of_memory(&e) => {
                max_tokens.fetch_min(texts.n_tokens().div_ceil(2), Ordering::Relaxed);
                run_within_memory(texts, max_tokens, info, capture, run)
            }
            result => result,
        }
    })
}

/// Whether an error is libtorch's for lack of memory on a CPU or GPU.
fn out_of_memory(error: &TchError) -> bool {
    let TchError::Torch(text) = error else {
        return false;
    };
    text.contains("out of memory") || text.contains("can't allocate memory")
}

/// Splits a batch into micro-batches of texts of similar length with at most `max_tokens` tokens,
/// or one text.
pub(super) fn split_by_tokens(batch: &TokenBatch, max_tokens: usize) -> Vec<Vec<usize>> {
    split_for_threads(batch, 0..=max_tokens, 1)
}

/// Like [`split_by_tokens`], for threads that each take the next micro-batch: none is larger than a
/// thread's share of the tokens left or the lower end of `tokens`, so that all threads finish at
/// nearly the same time (guided self-scheduling, Polychronopoulos & Kuck 1987).
pub(super) fn split_for_threads(
    batch: &TokenBatch,
    tokens: RangeInclusive<usize>,
    threads: usize,
) -> Vec<Vec<usize>> {
    let (min_tokens, max_tokens) = tokens.into_inner();
    let lengths: Vec<usize> = batch.iter().map(<[u32]>::len).collect();
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&text| std::cmp::Reverse(lengths[text]));
    let mut microbatches: Vec<Vec<usize>> = Vec::new();
    let (mut tokens, mut limit, mut left) = (0, 0, batch.n_tokens());
    for text in order {
        match microbatches.last_mut() {
            Some(texts) if tokens + lengths[text] <= limit => {
                texts.push(text);
                tokens += lengths[text];
            }
            _ => {
                tokens = lengths[text];
                limit = max_tokens.min((left / threads).max(min_tokens));
                microbatches.push(vec![text]);
            }
        }
        left -= lengths[text];
    }
    microbatches
}

/// Splits a batch into micro-batches of texts of equal length with at most `max_tokens` tokens, or
/// one text.
pub(super) fn split_by_length(batch: &TokenBatch, max_tokens: usize) -> Vec<Vec<usize>> {
    let lengths: Vec<usize> = batch.iter().map(<[u32]>::len).collect();
    let mut microbatches: Vec<Vec<usize>> = Vec::new();
    for text in split_by_tokens(batch, 0).into_iter().flatten() {
        match microbatches.last_mut() {
            Some(texts)
                if lengths[texts[0]] == lengths[text]
                    && (texts.len() + 1) * lengths[text] <= max_tokens =>
            {
                texts.push(text);
            }
            _ => microbatches.push(vec![text]),
        }
    }
    microbatches
}

/// The texts of a micro-batch and a further one that brings the tokens to a multiple of `unit`;
/// `None` if they are one already, if the micro-batch is so small that the addition would dominate
/// its time, or if the further text would be longer than `longest`.
pub(super) fn align_tokens(batch: &TokenBatch, unit: usize, longest: usize) -> Option<TokenBatch> {
    let tokens = batch.n_tokens();
    let more = tokens.next_multiple_of(unit) - tokens;
    let token = *batch.iter().next()?.first()?;
    if more == 0 || more > longest || tokens < 4 * unit {
        return None;
    }
    let filler = vec![token; more];
    Some(batch.iter().chain([filler.as_slice()]).collect())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::engine::fake::FakeBackend;

    /// The device has room for `room` tokens.
    #[test]
    fn what_does_not_fit_is_halved_and_comes_back_in_order() {
        use mri_core::{Backend, Layer, ModelKind};

        let mut fake = FakeBackend::new(ModelKind::Encoder, 2, 4);
        let info = fake.model().clone();
        let lengths = [3_usize, 40, 1, 3, 12, 3, 3, 40];
        let batch: TokenBatch = lengths.iter().map(|&n| &[1_u32; 64][..n]).collect();
        let capture = Capture {
            layers: vec![Layer::resid(2)],
            pooling: Pooling::Tokens,
            final_norm: true,
        };
        let expected = fake.forward(&batch, &capture).unwrap();
        for room in [40, 41, 64, 104, 105, 1000] {
            let (ran, runs) = (Cell::new(0), Cell::new(0));
            let run = |texts: &TokenBatch| {
                runs.set(runs.get() + 1);
                if texts.n_tokens() > room {
                    let text = "CUDA out of memory. Tried to allocate 20.00 MiB.";
                    return Err(TchError::Torch(text.to_owned()));
                }
                ran.set(ran.get() + texts.n_tokens());
                Ok(fake.clone().forward(texts, &capture).unwrap())
            };
            let tokens = AtomicUsize::new(usize::MAX);
            let found = run_within_memory(&batch, &tokens, &info, &capture, &run).unwrap();
            assert_eq!(found, expected, "room for {room} tokens");
            assert_eq!(ran.get(), batch.n_tokens(), "every text once");
            // The next batch does not fail again.
            let before = runs.get();
            run_within_memory(&batch, &tokens, &info, &capture, &run).unwrap();
            assert!(runs.get() - before <= before);
            assert!(tokens.load(Ordering::Relaxed) <= room || room >= batch.n_tokens());
        }
        let none = |_: &TokenBatch| Err(TchError::Torch("out of memory".to_owned()));
        let tokens = AtomicUsize::new(usize::MAX);
        assert!(run_within_memory(&batch, &tokens, &info, &capture, &none).is_err());
    }

    #[test]
    fn threads_put_every_row_in_its_place_and_hand_on_a_failure() {
        use mri_core::{Backend, Layer, ModelKind};

        let mut fake = FakeBackend::new(ModelKind::Encoder, 2, 4);
        let info = fake.model().clone();
        let texts: Vec<Vec<u32>> = (1..60)
            .map(|n| vec![n % 7 + 1; n as usize % 11 + 1])
            .collect();
        let batch: TokenBatch = texts.iter().map(Vec::as_slice).collect();
        for pooling in [Pooling::Tokens, Pooling::Last] {
            let capture = Capture {
                layers: vec![Layer::resid(1), Layer::resid(2)],
                pooling,
                final_norm: true,
            };
            let expected = fake.forward(&batch, &capture).unwrap();
            let microbatches = split_by_tokens(&batch, 12);
            let run = |texts: &TokenBatch| Ok(fake.clone().forward(texts, &capture).unwrap());
            for threads in [1, 3, 40] {
                let found =
                    run_parallel(&batch, &microbatches, &info, &capture, threads, &run).unwrap();
                assert_eq!(found, expected, "{threads} threads");
            }
            let fail = |texts: &TokenBatch| match texts.len() {
                1 => Err(TchError::Shape("a single text".to_owned())),
                _ => run(texts),
            };
            assert!(run_parallel(&batch, &microbatches, &info, &capture, 3, &fail).is_err());
        }
    }

    #[test]
    fn threads_finish_together() {
        let batch: TokenBatch = (0..67).map(|_| &[1_u32; 244][..]).collect();
        for threads in [2, 3, 8] {
            let mut busy = vec![0; threads];
            for texts in split_for_threads(&batch, 256..=1_024, threads) {
                let next = busy.iter_mut().min().unwrap();
                *next += 244 * texts.len();
            }
            let (first, last) = (busy.iter().min().unwrap(), busy.iter().max().unwrap());
            assert!(last - first <= 244, "{threads} threads: {busy:?}");
        }
    }

    #[test]
    fn tokens_are_aligned_by_one_text_if_that_is_little() {
        let batch = |lengths: &[usize]| -> TokenBatch {
            lengths.iter().map(|&n| &[5_u32; 300][..n]).collect()
        };
        let aligned = align_tokens(&batch(&[200, 61]), 64, 512).unwrap();
        assert_eq!((aligned.len(), aligned.n_tokens()), (3, 320));
        assert_eq!(aligned.get(1), Some(&[5_u32; 61][..]));
        assert_eq!(
            align_tokens(&batch(&[200, 120]), 64, 512),
            None,
            "aligned already"
        );
        assert_eq!(
            align_tokens(&batch(&[200, 55]), 64, 512),
            None,
            "a small micro-batch"
        );
        assert_eq!(
            align_tokens(&batch(&[200, 61]), 64, 58),
            None,
            "too long a text"
        );
    }

    #[test]
    fn microbatches_hold_every_text_once_within_the_limit() {
        let lengths = [3_usize, 40, 1, 3, 12, 3, 3, 40];
        let batch: TokenBatch = lengths.iter().map(|&n| &[1_u32; 64][..n]).collect();
        for max_tokens in [1, 7, 50, 1000] {
            for (microbatches, equal) in [
                (split_by_tokens(&batch, max_tokens), false),
                (split_for_threads(&batch, 256..=max_tokens, 3), false),
                (split_by_length(&batch, max_tokens), true),
            ] {
                let mut all: Vec<usize> = microbatches.iter().flatten().copied().collect();
                all.sort_unstable();
                assert_eq!(all, [0, 1, 2, 3, 4, 5, 6, 7]);
                for texts in microbatches {
                    let tokens: usize = texts.iter().map(|&text| lengths[text]).sum();
                    assert!(texts.len() == 1 || tokens <= max_tokens);
                    let first = lengths[texts[0]];
                    assert!(!equal || texts.iter().all(|&text| lengths[text] == first));
                }
            }
        }
    }
}
