use std::collections::HashMap;
use std::collections::hash_map::Entry;

use mri_core::TokenBatch;

/// In what order texts go through the model: batches of similar length, each text once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchPlan {
    /// The rows of each batch; together they hold the first of every group of equal texts.
    pub batches: Vec<Vec<usize>>,
    /// For every row the row whose result it takes: itself, or the first row with equal tokens.
    pub source: Vec<usize>,
}

/// How large a batch may be. A single text may be larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Tokens, padding counted.
    pub tokens: usize,
    /// Texts.
    pub texts: usize,
}

/// Plans batches within the limits.
///
/// Texts are sorted by length, the longest first, so that a batch that does not fit the memory
/// fails at once and not at the end; ties stay in corpus order. A text longer than the limit is a
/// batch of its own. Rows with the same tokens are run once.
#[must_use]
pub fn plan_batches(texts: &TokenBatch, limits: BatchLimits) -> BatchPlan {
    let mut first_of: HashMap<&[u32], usize> = HashMap::with_capacity(texts.len());
    let mut source = Vec::with_capacity(texts.len());
    let mut unique = Vec::new();
    for (row, tokens) in texts.iter().enumerate() {
        match first_of.entry(tokens) {
            Entry::Occupied(entry) => source.push(*entry.get()),
            Entry::Vacant(entry) => {
                entry.insert(row);
                source.push(row);
                unique.push((tokens.len(), row));
            }
        }
    }
    unique.sort_by_key(|&(length, row)| (std::cmp::Reverse(length), row));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut longest = 0;
    for (length, row) in unique {
        match batches.last_mut() {
            Some(batch)
                if (batch.len() + 1) * longest <= limits.tokens && batch.len() < limits.texts =>
            {
                batch.push(row);
            }
            _ => {
                longest = length;
                batches.push(vec![row]);
            }
        }
    }
    BatchPlan { batches, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_runs_once_within_the_budget(
            texts in prop::collection::vec(prop::collection::vec(0_u32..3, 1..9), 1..60),
            tokens in 1_usize..40,
            most in 1_usize..9,
        ) {
            let batch: TokenBatch = texts.iter().map(Vec::as_slice).collect();
            let plan = plan_batches(&batch, BatchLimits { tokens, texts: most });
            let mut seen: Vec<usize> = plan.batches.concat();
            seen.sort_unstable();
            let mut expected: Vec<usize> = (0..texts.len())
                .filter(|&i| !texts[..i].contains(&texts[i]))
                .collect();
            expected.sort_unstable();
            prop_assert_eq!(seen, expected);
            for (row, &source) in plan.source.iter().enumerate() {
                prop_assert_eq!(&texts[row], &texts[source]);
            }
            for rows in &plan.batches {
                let longest = rows.iter().map(|&r| texts[r].len()).max().unwrap_or(0);
                prop_assert!(rows.len() == 1 || rows.len() * longest <= tokens);
                prop_assert!(rows.len() <= most);
            }
        }
    }
}
