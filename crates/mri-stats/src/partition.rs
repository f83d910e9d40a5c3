/// Rows in groups: every row is in exactly one *part*, named by a key.
///
/// ```
/// let partition = mri_stats::Partition::new(["b", "a", "b"]);
/// assert_eq!(partition.parts(), ["a", "b"]);
/// assert_eq!(partition.part_of(0), Some(1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition<T> {
    parts: Vec<T>,
    part_of: Vec<u32>,
}

impl<T: Ord + Copy> Partition<T> {
    /// The partition that puts rows with equal keys together.
    #[must_use]
    pub fn new(key_of_row: impl IntoIterator<Item = T>) -> Self {
        let key_of_row: Vec<T> = key_of_row.into_iter().collect();
        let mut parts = key_of_row.clone();
        parts.sort_unstable();
        parts.dedup();
        let part_of = key_of_row
            .iter()
            .map(|key| parts.partition_point(|other| other < key) as u32)
            .collect();
        Self { parts, part_of }
    }
}

impl<T> Partition<T> {
    /// The keys of the parts, ascending.
    #[must_use]
    pub fn parts(&self) -> &[T] {
        &self.parts
    }

    /// The number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.part_of.len()
    }

    /// The part of a row, as a position in [`parts`](Self::parts); `None` past the last row.
    #[must_use]
    pub fn part_of(&self, row: usize) -> Option<usize> {
        self.part_of.get(row).map(|&part| part as usize)
    }
}
