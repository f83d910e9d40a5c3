use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use mri_core::{Capture, ModelInfo, Pooling, TokenBatch};
use ndarray::{Array2, s};
use tch::TchError;

use crate::engine::side_by_side::side_by_side;

/// One matrix per layer asked for.
type Rows = Result<Vec<Array2<f32>>, TchError>;

/// Runs texts that go through the model together. Rows behind those of the texts are left.
type RunPart<'a> = dyn Fn(&TokenBatch) -> Rows + 'a;

/// The rows of a batch, filled in part by part.
struct Assembly<'a> {
    texts: Vec<&'a [u32]>,
    /// The first row of each text, and how many it has: all its tokens or one.
    places: Vec<(usize, usize)>,
    layers: Vec<Array2<f32>>,
}

impl<'a> Assembly<'a> {
    fn new(batch: &'a TokenBatch, info: &ModelInfo, capture: &Capture) -> Self {
        let texts: Vec<&[u32]> = batch.iter().collect();
        let mut places = Vec::with_capacity(texts.len());
        let mut n_rows = 0;
        for text in &texts {
            let rows = match capture.pooling {
                Pooling::Tokens => text.len(),
                _ => 1,
            };
            places.push((n_rows, rows));
            n_rows += rows;
        }
        let empty = |&layer| Array2::zeros((n_rows, info.layer_width(layer).unwrap_or(0)));
        Self {
            texts,
            places,
            layers: capture.layers.iter().map(empty).collect(),
        }
    }

    /// The texts of a part.
    fn part(&self, part: &[usize]) -> TokenBatch {
        part.iter().map(|&text| self.texts[text]).collect()
    }

    /// Puts the rows of a part in their places.
    fn put(&mut self, part: &[usize], found: &[Array2<f32>]) -> Result<(), TchError> {
        for (layer, found) in self.layers.iter_mut().zip(found) {
            let mut from = 0;
            for &text in part {
                let (to, n) = self.places[text];
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

/// Runs a batch in parts and puts the rows back in the order of the batch. Each part lists texts by
/// their number; together they hold every text once.
pub(super) fn in_parts(
    batch: &TokenBatch,
    parts: &[Vec<usize>],
    info: &ModelInfo,
    capture: &Capture,
    mut run: impl FnMut(&TokenBatch) -> Rows,
) -> Rows {
    let mut rows = Assembly::new(batch, info, capture);
    for part in parts {
        let found = run(&rows.part(part))?;
        rows.put(part, &found)?;
    }
    Ok(rows.layers)
}

/// Like [`in_parts`], with so many threads that each take the next part as soon as they are free.
pub(super) fn in_parts_side_by_side(
    batch: &TokenBatch,
    parts: &[Vec<usize>],
    info: &ModelInfo,
    capture: &Capture,
    threads: usize,
    run: &(dyn Fn(&TokenBatch) -> Rows + Sync),
) -> Rows {
    let mut rows = Assembly::new(batch, info, capture);
    let failed = AtomicBool::new(false);
    let done = Mutex::new(Vec::new());
    side_by_side(threads, parts.iter().collect(), |part| {
        if !failed.load(Ordering::Relaxed) {
            let found = run(&rows.part(part));
            failed.fetch_or(found.is_err(), Ordering::Relaxed);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((part, found));
        }
    });
    for (part, found) in done.into_inner().unwrap_or_else(PoisonError::into_inner) {
        rows.put(part, &found?)?;
    }
    Ok(rows.layers)
}

/// Runs a batch in parts of at most `tokens` tokens. Where the memory does not suffice for a part,
/// it is halved, and `tokens` with it for all that follows; what does not fit as a single text is
/// an error.
pub(super) fn in_fitting_parts(
    batch: &TokenBatch,
    tokens: &AtomicUsize,
    info: &ModelInfo,
    capture: &Capture,
    run: &RunPart<'_>,
) -> Rows {
    let parts = by_budget(batch, tokens.load(Ordering::Relaxed));
    in_parts(batch, &parts, info, capture, |part| match run(part) {
        Err(e) if part.len() > 1 && out_of_memory(&e) => {
            tokens.fetch_min(part.n_tokens().div_ceil(2), Ordering::Relaxed);
            in_fitting_parts(part, tokens, info, capture, run)
        }
        result => result,
    })
}

/// Whether libtorch found too little memory, as its allocators for CPUs and GPUs put it.
fn out_of_memory(error: &TchError) -> bool {
    let TchError::Torch(text) = error else {
        return false;
    };
    text.contains("out of memory") || text.contains("can't allocate memory")
}

/// Parts of similar length with at most `budget` tokens each, or one text.
pub(super) fn by_budget(batch: &TokenBatch, budget: usize) -> Vec<Vec<usize>> {
    by_shares(batch, 0..=budget, 1)
}

/// Parts as [`by_budget`] makes them, for several threads that each take the next: none is larger than a
/// thread's share of what is left, or the least that pays, so that all threads end at nearly the same
/// time (guided self-scheduling, Polychronopoulos & Kuck 1987).
pub(super) fn by_shares(
    batch: &TokenBatch,
    tokens: RangeInclusive<usize>,
    threads: usize,
) -> Vec<Vec<usize>> {
    let (least, budget) = tokens.into_inner();
    let lengths: Vec<usize> = batch.iter().map(<[u32]>::len).collect();
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&text| std::cmp::Reverse(lengths[text]));
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let (mut tokens, mut most, mut left) = (0, 0, batch.n_tokens());
    for text in order {
        match parts.last_mut() {
            Some(part) if tokens + lengths[text] <= most => {
                part.push(text);
                tokens += lengths[text];
            }
            _ => {
                tokens = lengths[text];
                most = budget.min((left / threads).max(least));
                parts.push(vec![text]);
            }
        }
        left -= lengths[text];
    }
    parts
}

/// Parts whose texts all have the same length, with at most `budget` tokens each, or one text.
pub(super) fn by_length(batch: &TokenBatch, budget: usize) -> Vec<Vec<usize>> {
    let lengths: Vec<usize> = batch.iter().map(<[u32]>::len).collect();
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for text in by_budget(batch, 0).into_iter().flatten() {
        match parts.last_mut() {
            Some(part)
                if lengths[part[0]] == lengths[text]
                    && (part.len() + 1) * lengths[text] <= budget =>
            {
                part.push(text);
            }
            _ => parts.push(vec![text]),
        }
    }
    parts
}

/// The texts of a part and one more that brings their tokens to a multiple of `unit`; `None` if there
/// is nothing to add, if the part is so small that it would cost much of the time, or if texts of
/// `longest` tokens are too short.
pub(super) fn filled_up(batch: &TokenBatch, unit: usize, longest: usize) -> Option<TokenBatch> {
    let tokens = batch.n_tokens();
    let more = tokens.next_multiple_of(unit) - tokens;
    let token = *batch.iter().next()?.first()?;
    if more == 0 || more > longest || tokens < 4 * unit {
        return None;
    }
    let filling = vec![token; more];
    Some(batch.iter().chain([filling.as_slice()]).collect())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A device with room for so many tokens.
    #[test]
    fn what_does_not_fit_is_halved_and_comes_back_in_order() {
        use mri_core::{Backend, Layer, ModelKind};

        let mut fake = crate::FakeBackend::new(ModelKind::Encoder, 2, 4);
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
            let run = |part: &TokenBatch| {
                runs.set(runs.get() + 1);
                if part.n_tokens() > room {
                    let text = "CUDA out of memory. Tried to allocate 20.00 MiB.";
                    return Err(TchError::Torch(text.to_owned()));
                }
                ran.set(ran.get() + part.n_tokens());
                Ok(fake.clone().forward(part, &capture).unwrap())
            };
            let tokens = AtomicUsize::new(usize::MAX);
            let found = in_fitting_parts(&batch, &tokens, &info, &capture, &run).unwrap();
            assert_eq!(found, expected, "room for {room} tokens");
            assert_eq!(ran.get(), batch.n_tokens(), "every text once");
            // The next batch does not try in vain again.
            let before = runs.get();
            in_fitting_parts(&batch, &tokens, &info, &capture, &run).unwrap();
            assert!(runs.get() - before <= before);
            assert!(tokens.load(Ordering::Relaxed) <= room || room >= batch.n_tokens());
        }
        let none = |_: &TokenBatch| Err(TchError::Torch("out of memory".to_owned()));
        let tokens = AtomicUsize::new(usize::MAX);
        assert!(in_fitting_parts(&batch, &tokens, &info, &capture, &none).is_err());
    }

    #[test]
    fn threads_put_every_row_in_its_place_and_hand_on_a_failure() {
        use mri_core::{Backend, Layer, ModelKind};

        let mut fake = crate::FakeBackend::new(ModelKind::Encoder, 2, 4);
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
            let parts = by_budget(&batch, 12);
            let run = |part: &TokenBatch| Ok(fake.clone().forward(part, &capture).unwrap());
            for threads in [1, 3, 40] {
                let found =
                    in_parts_side_by_side(&batch, &parts, &info, &capture, threads, &run).unwrap();
                assert_eq!(found, expected, "{threads} threads");
            }
            let fail = |part: &TokenBatch| match part.len() {
                1 => Err(TchError::Shape("a single text".to_owned())),
                _ => run(part),
            };
            assert!(in_parts_side_by_side(&batch, &parts, &info, &capture, 3, &fail).is_err());
        }
    }

    #[test]
    fn threads_that_take_the_next_part_end_together() {
        let batch: TokenBatch = (0..67).map(|_| &[1_u32; 244][..]).collect();
        for threads in [2, 3, 8] {
            let mut busy = vec![0; threads];
            for part in by_shares(&batch, 256..=1_024, threads) {
                let next = busy.iter_mut().min().unwrap();
                *next += 244 * part.len();
            }
            let (first, last) = (busy.iter().min().unwrap(), busy.iter().max().unwrap());
            assert!(last - first <= 244, "{threads} threads: {busy:?}");
        }
    }

    #[test]
    fn a_part_is_filled_up_with_one_text_where_that_is_little() {
        let batch = |lengths: &[usize]| -> TokenBatch {
            lengths.iter().map(|&n| &[5_u32; 300][..n]).collect()
        };
        let filled = filled_up(&batch(&[200, 61]), 64, 512).unwrap();
        assert_eq!((filled.len(), filled.n_tokens()), (3, 320));
        assert_eq!(filled.get(1), Some(&[5_u32; 61][..]));
        assert_eq!(
            filled_up(&batch(&[200, 120]), 64, 512),
            None,
            "full already"
        );
        assert_eq!(filled_up(&batch(&[200, 55]), 64, 512), None, "a small part");
        assert_eq!(
            filled_up(&batch(&[200, 61]), 64, 58),
            None,
            "texts are short"
        );
    }

    #[test]
    fn parts_hold_every_text_once_within_the_budget() {
        let lengths = [3_usize, 40, 1, 3, 12, 3, 3, 40];
        let batch: TokenBatch = lengths.iter().map(|&n| &[1_u32; 64][..n]).collect();
        for budget in [1, 7, 50, 1000] {
            for (parts, equal) in [
                (by_budget(&batch, budget), false),
                (by_shares(&batch, 256..=budget, 3), false),
                (by_length(&batch, budget), true),
            ] {
                let mut all: Vec<usize> = parts.iter().flatten().copied().collect();
                all.sort_unstable();
                assert_eq!(all, [0, 1, 2, 3, 4, 5, 6, 7]);
                for part in parts {
                    let tokens: usize = part.iter().map(|&text| lengths[text]).sum();
                    assert!(part.len() == 1 || tokens <= budget);
                    let first = lengths[part[0]];
                    assert!(!equal || part.iter().all(|&text| lengths[text] == first));
                }
            }
        }
    }
}
