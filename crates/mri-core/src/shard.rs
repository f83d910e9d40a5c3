use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::UnknownName;

/// One of several parts of a corpus, so that several machines can record it: `2/4` is the second of
/// four.
///
/// Texts are assigned round-robin: shard `i/n` has the texts `i`, `i + n`, `i + 2n` … (counted from
/// 1). So shard sizes differ by at most one text, and each shard of a corpus that is sorted by
/// label or by length is a representative sample of it.
///
/// ```
/// # use mri_core::Shard;
/// let shard: Shard = "2/4".parse()?;
/// assert_eq!(shard.rows(10).collect::<Vec<_>>(), [1, 5, 9]);
/// # Ok::<(), mri_core::UnknownName>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shard {
    number: usize,
    count: usize,
}

impl Shard {
    /// Shard `number` of `count`, counted from 1; `None` where there is no such shard.
    #[must_use]
    pub fn new(number: usize, count: usize) -> Option<Self> {
        (1..=count)
            .contains(&number)
            .then_some(Self { number, count })
    }

    /// Which shard this is, from 1 to [`Shard::count`].
    #[must_use]
    pub fn number(self) -> usize {
        self.number
    }

    /// How many shards there are.
    #[must_use]
    pub fn count(self) -> usize {
        self.count
    }

    /// The rows (counted from 0) of a corpus of `n` texts that belong to this shard, ascending.
    pub fn rows(self, n: usize) -> impl ExactSizeIterator<Item = usize> {
        let first = self.number - 1;
        (first.min(n)..n).step_by(self.count)
    }

    /// Whether a row (counted from 0) belongs to this shard.
    #[must_use]
    pub fn contains(self, row: usize) -> bool {
        row % self.count == self.number - 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl FromStr for Shard {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let parts = text.split_once('/');
        let numbers = parts.and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        numbers
            .and_then(|(number, count)| Self::new(number, count))
            .ok_or_else(|| UnknownName {
                kind: "shard",
                text: text.to_owned(),
                expected: &["I/N with I from 1 to N, such as 2/4"],
            })
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = UnknownName;

    fn try_from(text: String) -> Result<Self, UnknownName> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_shard() {
        for n in [0, 1, 7, 12] {
            for count in 1..9 {
                let shards = (1..=count).map(|i| Shard::new(i, count).unwrap());
                let parts: Vec<Vec<usize>> = shards.map(|s| s.rows(n).collect()).collect();
                for (shard, part) in (1..=count).zip(&parts) {
                    let shard = Shard::new(shard, count).unwrap();
                    assert!((0..n).all(|row| shard.contains(row) == part.contains(&row)));
                }
                let mut all = parts.concat();
                all.sort_unstable();
                assert_eq!(all, (0..n).collect::<Vec<_>>());
                let sizes = parts.iter().map(Vec::len);
                assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1);
            }
        }
    }

    #[test]
    fn names_round_trip() {
        let shard = Shard::new(3, 16).unwrap();
        assert_eq!(shard.to_string().parse(), Ok(shard));
        for bad in ["", "1", "0/4", "5/4", "1/0", "1/2/3", "-1/2", "1 / 2"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
