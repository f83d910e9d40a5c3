//! What readers collect: texts, label numbers, and a sample of them where one is asked for.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::path::Path;
use std::sync::Arc;

use mri_core::Labels;

use super::{Corpus, CorpusOptions};
use crate::ExtractError;

/// A value of a typed column.
pub(super) enum Value<'a> {
    Missing,
    Text(&'a str),
    Number(i128),
    Flag(bool),
}

impl<'a> Value<'a> {
    /// The value as a text; empty where there is none.
    fn text(self) -> Cow<'a, str> {
        match self {
            Self::Missing => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Flag(flag) => Cow::Owned(flag.to_string()),
        }
    }
}

/// What a reader has read so far.
pub(super) struct Rows<'a> {
    options: &'a CorpusOptions,
    names: Vec<String>,
    /// The place of a name in `names`.
    places: HashMap<String, u32>,
    /// Whether numbers as labels are numbers of declared names, and how many of those there are.
    declared: Option<usize>,
    sample: Sample,
    dropped: usize,
}

impl<'a> Rows<'a> {
    /// Categories are numbered as their names are first seen.
    pub(super) fn new(options: &'a CorpusOptions) -> Self {
        Self {
            options,
            names: Vec::new(),
            places: HashMap::new(),
            declared: None,
            sample: Sample::new(options),
            dropped: 0,
        }
    }

    /// Gives the names that are declared for categories their numbers.
    pub(super) fn declare(&mut self, names: &[String]) {
        for name in names {
            self.category(name);
        }
        self.declared = Some(names.len());
    }

    /// Takes a row of typed values. A number that none of the declared categories has is refused,
    /// or counts as no label where such rows are dropped.
    pub(super) fn push_values(
        &mut self,
        path: &Path,
        place: impl Fn() -> String,
        [text, label]: [Value<'_>; 2],
    ) -> Result<(), ExtractError> {
        let label = match (label, self.declared) {
            (Value::Number(number), Some(classes)) => {
                let id = usize::try_from(number).ok().filter(|&id| id < classes);
                match id {
                    Some(id) => Cow::Owned(self.names[id].clone()),
                    None if self.options.drop_missing => Cow::Borrowed(""),
                    None => {
                        return Err(ExtractError::UnknownLabel {
                            path: path.to_owned(),
                            place: place(),
                            label: number,
                            classes,
                        });
                    }
                }
            }
            (label, _) => label.text(),
        };
        self.push(path, place, &text.text(), &label)
    }

    /// Takes a row, or drops or refuses it where text or label are empty or only spaces.
    pub(super) fn push(
        &mut self,
        path: &Path,
        place: impl Fn() -> String,
        text: &str,
        label: &str,
    ) -> Result<(), ExtractError> {
        let missing = [(text, "text"), (label, "label")]
            .into_iter()
            .find(|(value, _)| value.trim().is_empty());
        match missing {
            None => {
                let label = self.category(label);
                self.sample.push(label, text);
            }
            Some(_) if self.options.drop_missing => self.dropped += 1,
            Some((_, what)) => {
                return Err(ExtractError::Missing {
                    path: path.to_owned(),
                    place: place(),
                    what,
                });
            }
        }
        Ok(())
    }

    fn category(&mut self, name: &str) -> u32 {
        if let Some(&place) = self.places.get(name) {
            return place;
        }
        let place = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place
    }

    /// The corpus of what was read.
    pub(super) fn finish(self, path: &Path) -> Result<Corpus, ExtractError> {
        let read = self.sample.seen as usize;
        let (texts, ids): (Vec<_>, Vec<_>) = self.sample.finish().into_iter().unzip();
        if texts.is_empty() {
            return Err(ExtractError::EmptyCorpus {
                path: path.to_owned(),
                dropped: self.dropped,
            });
        }
        Ok(Corpus {
            texts,
            labels: Arc::new(Labels::new(self.names, ids)?),
            source: path.to_owned(),
            dropped: self.dropped,
            read,
            whole: None,
        })
    }
}

/// The texts that are kept, with the numbers of their labels.
///
/// Every text draws a random number that depends on the seed and on its place in the corpus alone;
/// those with the smallest are the sample. So one pass is enough, no more texts are held than are
/// kept, and a smaller sample is part of a larger one.
struct Sample {
    limit: usize,
    per_class: Option<usize>,
    seed: u64,
    seen: u64,
    kept: Kept,
}

enum Kept {
    /// All, in their order.
    All(Vec<(String, u32)>),
    /// At most so many of each group; a group is a label, or everything.
    Some(usize, Vec<BinaryHeap<Drawn>>),
}

/// A text and what it drew; ordered by that.
struct Drawn {
    number: u64,
    row: u64,
    label: u32,
    text: String,
}

impl Sample {
    fn new(options: &CorpusOptions) -> Self {
        Self {
            limit: options.limit.unwrap_or(usize::MAX),
            per_class: options.per_class,
            seed: mix(options.sample_seed),
            seen: 0,
            kept: match options.per_class.or(options.limit) {
                None => Kept::All(Vec::new()),
                Some(most) => Kept::Some(most, Vec::new()),
            },
        }
    }

    fn push(&mut self, label: u32, text: &str) {
        let row = self.seen;
        self.seen += 1;
        match &mut self.kept {
            Kept::All(rows) => rows.push((text.to_owned(), label)),
            Kept::Some(most, groups) => {
                let group = self.per_class.map_or(0, |_| label as usize);
                if groups.len() <= group {
                    groups.resize_with(group + 1, BinaryHeap::new);
                }
                let group = &mut groups[group];
                let number = draw(self.seed, row);
                let full = group.len() >= *most;
                if full && group.peek().is_none_or(|last| last.number <= number) {
                    return;
                }
                if full {
                    group.pop();
                }
                group.push(Drawn {
                    number,
                    row,
                    label,
                    text: text.to_owned(),
                });
            }
        }
    }

    /// The sample in the order of the corpus.
    fn finish(self) -> Vec<(String, u32)> {
        let groups = match self.kept {
            Kept::All(rows) => return rows,
            Kept::Some(_, groups) => groups,
        };
        let mut drawn: Vec<Drawn> = groups.into_iter().flatten().collect();
        drawn.sort_unstable();
        drawn.truncate(self.limit);
        drawn.sort_unstable_by_key(|drawn| drawn.row);
        drawn.into_iter().map(|d| (d.text, d.label)).collect()
    }
}

/// The `row`-th number of the stream of a mixed seed: SplitMix64, which can be entered anywhere.
/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
fn draw(seed: u64, row: u64) -> u64 {
    // The odd number nearest to 2^64 divided by the golden ratio: the paper's step.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    mix(seed.wrapping_add(row.wrapping_add(1).wrapping_mul(STEP)))
}

/// The output function of SplitMix64 with the constants of its paper.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Drawn {
    fn key(&self) -> (u64, u64) {
        (self.number, self.row)
    }
}

impl PartialEq for Drawn {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Drawn {}

impl PartialOrd for Drawn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Drawn {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers that the generator published with the paper gives for the seed 1234567.
    #[test]
    fn the_stream_is_splitmix64() {
        let stream: Vec<u64> = (0..3).map(|row| draw(1_234_567, row)).collect();
        assert_eq!(
            stream,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }
}
