use std::cmp::Reverse;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use crate::error::ExtractError;
use crate::tokens::TokenSource;

/// The batches of a recording: texts of similar length together, equal texts once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BatchPlan {
    /// The rows of each batch: the first of every group of texts with equal tokens.
    pub(crate) batches: Vec<Vec<usize>>,
    /// The other rows, as pairs of the row in a batch with equal tokens and their own, ascending.
    pub(crate) copies: Vec<(usize, usize)>,
}

impl BatchPlan {
    /// The rows that are copies of this one, ascending.
    pub(crate) fn copies_of(&self, row: usize) -> impl Iterator<Item = usize> {
        let first = self.copies.partition_point(|&(source, _)| source < row);
        let copies = self.copies[first..].iter();
        copies
            .take_while(move |&&(source, _)| source == row)
            .map(|&(_, copy)| copy)
    }
}

/// The largest batch. A single text may be larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchLimits {
    /// Tokens, padding counted.
    pub(crate) tokens: usize,
    /// Texts.
    pub(crate) texts: usize,
}

/// Plans batches within the limits.
///
/// Texts are sorted by length, the longest first, so that a batch that does not fit into memory
/// fails at once and not at the end; ties keep corpus order. A text longer than the limit is a
/// batch of its own.
pub(crate) fn plan_batches(
    texts: &dyn TokenSource,
    limits: BatchLimits,
) -> Result<BatchPlan, ExtractError> {
    // The standard hasher with a fixed key, so that all runs have the same batches.
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let Distinct { mut firsts, copies } = distinct(texts, |tokens| hasher.hash_one(tokens))?;
    firsts.sort_unstable_by_key(|&(length, row)| (Reverse(length), row));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut longest = 0;
    for (length, row) in firsts {
        let length = length as usize;
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
    Ok(BatchPlan { batches, copies })
}

/// Distinct texts, and their copies.
struct Distinct {
    /// Length and row of the first of every group of equal texts.
    firsts: Vec<(u64, usize)>,
    /// As in [`BatchPlan`].
    copies: Vec<(usize, usize)>,
}

/// Finds equal texts.
///
/// Only a hash of each is kept in memory; tokens of texts with the same hash are compared. If they
/// differ, which happens to one pair in 2^64, copies of the second are run like other texts.
fn distinct(
    texts: &dyn TokenSource,
    hash: impl Fn(&[u32]) -> u64,
) -> Result<Distinct, ExtractError> {
    let mut tokens = Vec::new();
    let mut rows = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        texts.read(row, &mut tokens)?;
        rows.push((hash(&tokens), row));
    }
    rows.sort_unstable();
    let mut copies = Vec::new();
    // Rows that are not copies move to the front, with their length in place of the hash.
    let mut kept = 0;
    let mut first = None;
    let mut first_tokens = Vec::new();
    for i in 0..rows.len() {
        let (hash, row) = rows[i];
        match first {
            Some((of_hash, source)) if of_hash == hash => {
                texts.read(source, &mut first_tokens)?;
                texts.read(row, &mut tokens)?;
                if tokens == first_tokens {
                    copies.push((source, row));
                    continue;
                }
            }
            _ => first = Some((hash, row)),
        }
        rows[kept] = (texts.length(row) as u64, row);
        kept += 1;
    }
    rows.truncate(kept);
    copies.sort_unstable();
    Ok(Distinct {
        firsts: rows,
        copies,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mri_core::TokenBatch;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_runs_once_within_the_budget(
            texts in prop::collection::vec(prop::collection::vec(0_u32..3, 1..9), 1..60),
            tokens in 1_usize..40,
            most in 1_usize..9,
        ) {
            let batch: TokenBatch = texts.iter().map(Vec::as_slice).collect();
            let plan = plan_batches(&batch, BatchLimits { tokens, texts: most }).unwrap();
            let mut seen: Vec<usize> = plan.batches.concat();
            seen.sort_unstable();
            let mut expected: Vec<usize> = (0..texts.len())
                .filter(|&i| !texts[..i].contains(&texts[i]))
                .collect();
            expected.sort_unstable();
            prop_assert_eq!(&seen, &expected);
            let mut copies = Vec::new();
            for (row, text) in texts.iter().enumerate() {
                for copy in plan.copies_of(row) {
                    prop_assert!(copy > row && &texts[copy] == text);
                    copies.push(copy);
                }
            }
            copies.sort_unstable();
            let rest: Vec<usize> = (0..texts.len()).filter(|i| !seen.contains(i)).collect();
            prop_assert_eq!(copies, rest);
            for rows in &plan.batches {
                let longest = rows.iter().map(|&r| texts[r].len()).max().unwrap_or(0);
                prop_assert!(rows.len() == 1 || rows.len() * longest <= tokens);
                prop_assert!(rows.len() <= most);
            }
        }

        #[test]
        fn texts_that_only_share_a_hash_are_not_equal(
            texts in prop::collection::vec(prop::collection::vec(0_u32..3, 1..4), 1..60),
        ) {
            let batch: TokenBatch = texts.iter().map(Vec::as_slice).collect();
            let found = distinct(&batch, |tokens| tokens.len() as u64).unwrap();
            let mut rows: Vec<usize> = found.firsts.iter().map(|&(_, row)| row).collect();
            for (source, row) in found.copies {
                prop_assert!(rows.contains(&source) && texts[source] == texts[row]);
                rows.push(row);
            }
            rows.sort_unstable();
            prop_assert_eq!(rows, (0..texts.len()).collect::<Vec<_>>());
        }
    }
}
