/// Texts per category, of those categories that have any: in a region, or on a transition.
///
/// Memory grows with the categories that occur and not with those that there are, so that a corpus
/// of thousands of labels needs no more than its texts.
///
/// ```
/// use mri_core::CategoryCounts;
/// let counts = CategoryCounts::of([7, 2, 7]);
/// assert_eq!((counts.get(7), counts.get(2), counts.get(0)), (2, 1, 0));
/// assert_eq!(counts.iter().collect::<Vec<_>>(), [(2, 1), (7, 2)]);
/// assert_eq!(counts.total(), 3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct CategoryCounts {
    /// Categories and their texts, at least 1, by ascending category.
    entries: Vec<(u32, u32)>,
}

impl CategoryCounts {
    /// The counts of texts with these categories, in any order.
    #[must_use]
    pub fn of(categories: impl IntoIterator<Item = u32>) -> Self {
        let mut categories: Vec<u32> = categories.into_iter().collect();
        categories.sort_unstable();
        let runs = categories.chunk_by(|a, b| a == b);
        Self {
            entries: runs.map(|run| (run[0], run.len() as u32)).collect(),
        }
    }

    /// The counts of all categories in their order, zeros included.
    #[must_use]
    pub fn from_counts(counts: impl IntoIterator<Item = u32>) -> Self {
        let counts = (0..).zip(counts);
        Self {
            entries: counts.filter(|&(_, count)| count > 0).collect(),
        }
    }

    /// The texts of a category.
    #[must_use]
    pub fn get(&self, category: usize) -> u32 {
        let find = |&(other, _): &(u32, u32)| (other as usize).cmp(&category);
        let found = self.entries.binary_search_by(find);
        found.map_or(0, |at| self.entries[at].1)
    }

    /// The categories with texts, ascending, and how many each has.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (usize, u32)> + Clone + '_ {
        let entries = self.entries.iter();
        entries.map(|&(category, count)| (category as usize, count))
    }

    /// The texts of all categories.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.entries.iter().map(|&(_, count)| count).sum()
    }

    /// The texts of some categories together, given in ascending order.
    #[must_use]
    pub fn sum(&self, ascending: &[usize]) -> u32 {
        // The shorter list is gone through, the longer one searched.
        if ascending.len() < self.entries.len() {
            return ascending.iter().map(|&category| self.get(category)).sum();
        }
        let wanted = self
            .iter()
            .filter(|(category, _)| ascending.binary_search(category).is_ok());
        wanted.map(|(_, count)| count).sum()
    }

    /// The counts of some categories, given in ascending order and numbered anew by their place
    /// among them.
    #[must_use]
    pub fn select(&self, ascending: &[usize]) -> Self {
        let place = |category: usize| ascending.binary_search(&category).ok();
        let entries = self
            .iter()
            .filter_map(|(category, count)| Some((place(category)? as u32, count)));
        Self {
            entries: entries.collect(),
        }
    }
}

/// Categories and their texts, in any order; of a category that occurs twice the texts are added.
impl FromIterator<(usize, u32)> for CategoryCounts {
    fn from_iter<T: IntoIterator<Item = (usize, u32)>>(pairs: T) -> Self {
        let pairs = pairs.into_iter().filter(|&(_, count)| count > 0);
        let mut entries: Vec<(u32, u32)> = pairs
            .map(|(category, count)| (category as u32, count))
            .collect();
        entries.sort_unstable();
        entries.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0 };
            same
        });
        Self { entries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counts_are_those_of_a_full_table(
            categories in prop::collection::vec(0_u32..12, 0..40),
            wanted in prop::collection::btree_set(0_usize..14, 0..14),
        ) {
            let mut table = vec![0_u32; 14];
            categories.iter().for_each(|&c| table[c as usize] += 1);
            let counts = CategoryCounts::of(categories.iter().copied());
            prop_assert_eq!(&counts, &CategoryCounts::from_counts(table.iter().copied()));
            let found: Vec<u32> = (0..14).map(|c| counts.get(c)).collect();
            prop_assert_eq!(&found, &table);
            prop_assert_eq!(counts.total() as usize, categories.len());
            prop_assert!(counts.iter().all(|(_, count)| count > 0));
            let wanted: Vec<usize> = wanted.into_iter().collect();
            let of_wanted: Vec<u32> = wanted.iter().map(|&c| table[c]).collect();
            prop_assert_eq!(counts.sum(&wanted), of_wanted.iter().sum::<u32>());
            prop_assert_eq!(counts.select(&wanted), CategoryCounts::from_counts(of_wanted));
        }
    }
}
