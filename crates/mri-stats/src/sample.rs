use rayon::prelude::*;

use crate::dice::{Dice, Purpose};
use crate::exact::Deal;

/// A partition of the texts: by cell of one layer, or by transition between two.
pub struct Group<T> {
    /// The parts, in ascending order.
    pub items: Vec<T>,
    /// The part of every text.
    item_of: Vec<u32>,
}

impl<T: Ord + Copy> Group<T> {
    pub fn new(of_text: impl Iterator<Item = T>) -> Self {
        let of_text: Vec<T> = of_text.collect();
        let mut items = of_text.clone();
        items.sort_unstable();
        items.dedup();
        let item_of = of_text
            .iter()
            .map(|item| items.partition_point(|other| other < item) as u32)
            .collect();
        Self { items, item_of }
    }
}

/// The texts of both sides with the items that each is in, one per group.
pub struct Sample {
    /// Per text its items, one per group; texts of the smaller side first.
    items_of: Vec<u32>,
    n_groups: usize,
    /// `first[g] .. first[g + 1]` are the items of group `g`.
    pub first: Vec<usize>,
    n_texts: usize,
    /// The texts of the smaller side.
    n_small: usize,
    /// Whether side A is the smaller one.
    a_is_small: bool,
    /// Per item the texts of the smaller side, and of both.
    small: Vec<u32>,
    total: Vec<u32>,
}

pub struct Tested {
    pub p: f64,
    pub testable: bool,
}

/// How many permutations reached the observed statistic.
pub struct Hits {
    pub items: Vec<u32>,
    pub groups: Vec<u32>,
}

impl Sample {
    pub fn new<T>(groups: &[Group<T>], [a, b]: [Vec<usize>; 2]) -> Self {
        let a_is_small = a.len() <= b.len();
        let (few, many) = if a_is_small { (&a, &b) } else { (&b, &a) };
        let mut first = vec![0];
        for group in groups {
            first.push(first[first.len() - 1] + group.items.len());
        }
        let n_items = first[groups.len()];
        let mut items_of = Vec::with_capacity((a.len() + b.len()) * groups.len());
        for &row in few.iter().chain(many) {
            for (g, group) in groups.iter().enumerate() {
                items_of.push(first[g] as u32 + group.item_of[row]);
            }
        }
        let mut sample = Self {
            items_of,
            n_groups: groups.len(),
            first,
            n_texts: a.len() + b.len(),
            n_small: few.len(),
            a_is_small,
            small: vec![0; n_items],
            total: vec![0; n_items],
        };
        let n_small_entries = sample.n_small * sample.n_groups;
        for (i, &item) in sample.items_of.iter().enumerate() {
            sample.total[item as usize] += 1;
            sample.small[item as usize] += u32::from(i < n_small_entries);
        }
        sample
    }

    pub fn n_items(&self) -> usize {
        self.total.len()
    }

    fn of(&self, text: usize) -> &[u32] {
        &self.items_of[text * self.n_groups..(text + 1) * self.n_groups]
    }

    fn deal(&self, item: usize) -> Deal {
        Deal {
            n: self.n_texts as u64,
            a: self.n_small as u64,
            t: u64::from(self.total[item]),
        }
    }

    /// The texts of side A and of side B in an item.
    pub fn counts(&self, item: usize) -> [u32; 2] {
        let (small, rest) = (self.small[item], self.total[item] - self.small[item]);
        if self.a_is_small {
            [small, rest]
        } else {
            [rest, small]
        }
    }

    pub fn effect(&self, texts_a: u32, texts_b: u32) -> f64 {
        let n_large = self.n_texts - self.n_small;
        let (n_a, n_b) = if self.a_is_small {
            (self.n_small, n_large)
        } else {
            (n_large, self.n_small)
        };
        f64::from(texts_a) / n_a as f64 - f64::from(texts_b) / n_b as f64
    }

    pub fn distance(&self, group: usize) -> f64 {
        let items = self.first[group]..self.first[group + 1];
        let effects = items.map(|item| {
            let [a, b] = self.counts(item);
            self.effect(a, b).abs()
        });
        effects.sum::<f64>() / 2.0
    }

    pub fn test(&self, item: usize, alpha: f64) -> Tested {
        let deal = self.deal(item);
        Tested {
            p: deal.p(deal.statistic(u64::from(self.small[item]))),
            testable: deal.least_p() <= alpha,
        }
    }

    /// Per group the sum of the items' statistics, and per item through `each`.
    fn statistics(&self, small: &[u32], mut each: impl FnMut(usize, u64)) -> Vec<u64> {
        let ranges = self.first.windows(2);
        let sums = ranges.map(|range| {
            let mut sum = 0;
            let items = range[0]..range[1];
            for (item, &k) in items.clone().zip(&small[items]) {
                let statistic = self.deal(item).statistic(u64::from(k));
                each(item, statistic);
                sum += statistic;
            }
            sum
        });
        sums.collect()
    }

    /// Deals the smaller side anew `permutations` times and counts who reaches what was observed.
    ///
    /// Only the texts dealt to the smaller side are counted: the others follow from the totals.
    pub fn permute(&self, permutations: usize, seed: u64) -> Hits {
        let mut observed = vec![0; self.n_items()];
        let observed_sums = self.statistics(&self.small, |item, s| observed[item] = s);
        let none = || Hits {
            items: vec![0; self.n_items()],
            groups: vec![0; self.n_groups],
        };
        let fresh = || {
            let texts: Vec<u32> = (0..self.n_texts as u32).collect();
            (texts, vec![0_u32; self.n_items()], Vec::new(), none())
        };
        (0..permutations)
            .into_par_iter()
            .fold(
                fresh,
                |(mut texts, mut small, mut swaps, mut hits), draw| {
                    let mut dice = Dice::new(seed, Purpose::Permutation, draw);
                    small.fill(0);
                    swaps.clear();
                    for i in 0..self.n_small {
                        let j = i + dice.below((self.n_texts - i) as u32) as usize;
                        texts.swap(i, j);
                        swaps.push(j);
                        for &item in self.of(texts[i] as usize) {
                            small[item as usize] += 1;
                        }
                    }
                    let sums = self.statistics(&small, |item, statistic| {
                        hits.items[item] += u32::from(statistic >= observed[item]);
                    });
                    for (g, sum) in sums.into_iter().enumerate() {
                        hits.groups[g] += u32::from(sum >= observed_sums[g]);
                    }
                    // Back to the order every draw starts from, so that it does not depend on the last.
                    for (i, &j) in swaps.iter().enumerate().rev() {
                        texts.swap(i, j);
                    }
                    (texts, small, swaps, hits)
                },
            )
            .map(|(_, _, _, hits)| hits)
            .reduce(none, |mut sum, part| {
                sum.items
                    .iter_mut()
                    .zip(part.items)
                    .for_each(|(s, h)| *s += h);
                sum.groups
                    .iter_mut()
                    .zip(part.groups)
                    .for_each(|(s, h)| *s += h);
                sum
            })
    }

    /// Draws each side's texts anew, with repetition, `resamples` times.
    pub fn resample(&self, resamples: usize, seed: u64) -> Resampled {
        let n_large = self.n_texts - self.n_small;
        let draws = (0..resamples)
            .into_par_iter()
            .map_init(
                || [vec![0_u32; self.n_items()], vec![0_u32; self.n_items()]],
                |[small, large], draw| {
                    let mut dice = Dice::new(seed, Purpose::Resample, draw);
                    small.fill(0);
                    large.fill(0);
                    for _ in 0..self.n_small {
                        for &item in self.of(dice.below(self.n_small as u32) as usize) {
                            small[item as usize] += 1;
                        }
                    }
                    for _ in 0..n_large {
                        let text = self.n_small + dice.below(n_large as u32) as usize;
                        for &item in self.of(text) {
                            large[item as usize] += 1;
                        }
                    }
                    let sides = small.iter().zip(large.iter());
                    sides
                        .map(|(&s, &l)| {
                            if s + l == 0 {
                                return f32::NAN;
                            }
                            let (a, b) = if self.a_is_small { (s, l) } else { (l, s) };
                            self.effect(a, b) as f32
                        })
                        .collect()
                },
            )
            .collect();
        Resampled { draws }
    }
}

/// Per resample and item the effect, NaN where the item had no text.
pub struct Resampled {
    draws: Vec<Vec<f32>>,
}

impl Resampled {
    /// The percentile interval, NaN without resamples; an item without texts has no effect.
    pub fn interval(&self, item: usize, confidence: f64) -> [f64; 2] {
        let effect = |draw: &Vec<f32>| if draw[item].is_nan() { 0.0 } else { draw[item] };
        let mut effects: Vec<f32> = self.draws.iter().map(effect).collect();
        effects.sort_unstable_by(f32::total_cmp);
        let tail = (1.0 - confidence.clamp(0.0, 1.0)) / 2.0;
        [tail, 1.0 - tail].map(|share| {
            let Some(last) = effects.len().checked_sub(1) else {
                return f64::NAN;
            };
            let at = share * last as f64;
            let (low, high) = (at.floor() as usize, at.ceil() as usize);
            let (low, high) = (f64::from(effects[low]), f64::from(effects[high]));
            low + (high - low) * at.fract()
        })
    }

    pub fn stability(&self, item: usize) -> f64 {
        let there = self
            .draws
            .iter()
            .filter(|draw| !draw[item].is_nan())
            .count();
        there as f64 / self.draws.len() as f64
    }
}
