use std::cell::Cell;

use mri_core::{Capture, ModelInfo, Pooling, TokenBatch};
use ndarray::{Array2, s};
use tch::TchError;

/// One matrix per layer asked for.
type Rows = Result<Vec<Array2<f32>>, TchError>;

/// Runs texts that go through the model together.
type RunPart<'a> = dyn Fn(&TokenBatch) -> Rows + 'a;

/// Runs a batch in parts and puts the rows back in the order of the batch. Each part lists texts by
/// their number; together they hold every text once.
pub(super) fn in_parts(
    batch: &TokenBatch,
    parts: &[Vec<usize>],
    info: &ModelInfo,
    capture: &Capture,
    mut run: impl FnMut(&TokenBatch) -> Rows,
) -> Rows {
    let texts: Vec<&[u32]> = batch.iter().collect();
    let rows = |text: &[u32]| match capture.pooling {
        Pooling::Tokens => text.len(),
        _ => 1,
    };
    let mut starts = Vec::with_capacity(texts.len());
    let mut n_rows = 0;
    for text in &texts {
        starts.push(n_rows);
        n_rows += rows(text);
    }
    let empty = |&layer| Array2::zeros((n_rows, info.layer_width(layer).unwrap_or(0)));
    let mut all: Vec<Array2<f32>> = capture.layers.iter().map(empty).collect();
    for part in parts {
        let found = run(&part.iter().map(|&text| texts[text]).collect())?;
        for (all, found) in all.iter_mut().zip(&found) {
            let mut from = 0;
            for &text in part {
                let (to, n) = (starts[text], rows(texts[text]));
                if all.ncols() != found.ncols() || from + n > found.nrows() {
                    let problem = format!("a layer has shape {:?}", found.dim());
                    return Err(TchError::Shape(problem));
                }
                all.slice_mut(s![to..to + n, ..])
                    .assign(&found.slice(s![from..from + n, ..]));
                from += n;
            }
        }
    }
    Ok(all)
}

/// Runs a batch in parts of at most `tokens` tokens. Where the memory does not suffice for a part,
/// it is halved, and `tokens` with it for all that follows; what does not fit as a single text is
/// an error.
pub(super) fn in_fitting_parts(
    batch: &TokenBatch,
    tokens: &Cell<usize>,
    info: &ModelInfo,
    capture: &Capture,
    run: &RunPart<'_>,
) -> Rows {
    let parts = by_budget(batch, tokens.get());
    in_parts(batch, &parts, info, capture, |part| match run(part) {
        Err(e) if part.len() > 1 && out_of_memory(&e) => {
            tokens.set(tokens.get().min(part.n_tokens().div_ceil(2)));
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
    let lengths: Vec<usize> = batch.iter().map(<[u32]>::len).collect();
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&text| std::cmp::Reverse(lengths[text]));
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut tokens = 0;
    for text in order {
        match parts.last_mut() {
            Some(part) if tokens + lengths[text] <= budget => {
                part.push(text);
                tokens += lengths[text];
            }
            _ => {
                tokens = lengths[text];
                parts.push(vec![text]);
            }
        }
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

#[cfg(test)]
mod tests {
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
            let tokens = Cell::new(usize::MAX);
            let found = in_fitting_parts(&batch, &tokens, &info, &capture, &run).unwrap();
            assert_eq!(found, expected, "room for {room} tokens");
            assert_eq!(ran.get(), batch.n_tokens(), "every text once");
            // The next batch does not try in vain again.
            let before = runs.get();
            in_fitting_parts(&batch, &tokens, &info, &capture, &run).unwrap();
            assert!(runs.get() - before <= before);
            assert!(tokens.get() <= room || room >= batch.n_tokens());
        }
        let none = |_: &TokenBatch| Err(TchError::Torch("out of memory".to_owned()));
        let tokens = Cell::new(usize::MAX);
        assert!(in_fitting_parts(&batch, &tokens, &info, &capture, &none).is_err());
    }

    #[test]
    fn parts_hold_every_text_once_within_the_budget() {
        let lengths = [3_usize, 40, 1, 3, 12, 3, 3, 40];
        let batch: TokenBatch = lengths.iter().map(|&n| &[1_u32; 64][..n]).collect();
        for budget in [1, 7, 50, 1000] {
            for (parts, equal) in [
                (by_budget(&batch, budget), false),
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
