use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, CowArray, Ix2};
use rayon::prelude::*;

/// Which rows of a matrix are equal, bit by bit but for the sign of zero.
///
/// Equal rows are one place of the data and have to have one point. A layout would repel copies of
/// a row from each other like any others, and fill a copy's neighborhood with its copies.
pub(crate) struct DistinctRows {
    /// The first row of each kind, in their order.
    first: Vec<usize>,
    /// The index in `first` of every row.
    kind: Vec<usize>,
}

impl DistinctRows {
    pub(crate) fn of(x: ArrayView2<'_, f32>) -> Self {
        let rows: Vec<ArrayView1<'_, f32>> = x.rows().into_iter().collect();
        let hashes: Vec<u64> = rows.par_iter().map(hash).collect();
        // A hash rarely has more than one kind.
        let mut kinds: HashMap<u64, Vec<usize>, BuildHasherDefault<DefaultHasher>> =
            HashMap::default();
        let mut first: Vec<usize> = Vec::new();
        let kind = hashes
            .iter()
            .zip(&rows)
            .enumerate()
            .map(|(i, (hash, row))| {
                let candidates = kinds.entry(*hash).or_default();
                if let Some(&kind) = candidates.iter().find(|&&kind| rows[first[kind]] == *row) {
                    return kind;
                }
                first.push(i);
                candidates.push(first.len() - 1);
                first.len() - 1
            });
        let kind = kind.collect();
        Self { first, kind }
    }

    /// How many kinds of rows there are.
    pub(crate) fn len(&self) -> usize {
        self.first.len()
    }

    fn all_differ(&self) -> bool {
        self.first.len() == self.kind.len()
    }

    /// One row of each kind.
    pub(crate) fn select<'a>(&self, x: ArrayView2<'a, f32>) -> CowArray<'a, f32, Ix2> {
        if self.all_differ() {
            return x.into();
        }
        x.select(Axis(0), &self.first).into()
    }

    /// The point of every row, given one for each kind.
    pub(crate) fn spread<'a>(&self, points: &'a Array2<f32>) -> Cow<'a, Array2<f32>> {
        if self.all_differ() {
            return Cow::Borrowed(points);
        }
        Cow::Owned(points.select(Axis(0), &self.kind))
    }
}

fn hash(row: &ArrayView1<'_, f32>) -> u64 {
    let mut hasher = DefaultHasher::new();
    // Adding zero makes −0 to 0, which is equal.
    row.iter()
        .for_each(|v| hasher.write_u32((v + 0.0).to_bits()));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn rows_are_told_apart_and_put_together() {
        let x = array![[1.0, 0.0], [2.0, 0.0], [1.0, -0.0], [2.0, 1.0], [2.0, 0.0]];
        let distinct = DistinctRows::of(x.view());
        assert_eq!(distinct.len(), 3);
        assert_eq!(
            distinct.select(x.view()),
            array![[1.0, 0.0], [2.0, 0.0], [2.0, 1.0]]
        );
        let points = array![[0.1], [0.2], [0.3]];
        let all = distinct.spread(&points);
        assert_eq!(*all, array![[0.1], [0.2], [0.1], [0.3], [0.2]]);
    }
}
