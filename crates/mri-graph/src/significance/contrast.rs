use std::cmp::Reverse;
use std::collections::HashSet;

use mri_core::Labels;
use serde::{Deserialize, Serialize};

use crate::error::GraphError;

/// Two disjoint sets of categories whose texts are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contrast {
    /// The categories of side A. A positive effect means more of A.
    pub a: Vec<usize>,
    /// The categories of side B.
    pub b: Vec<usize>,
}

impl Contrast {
    /// One category against another.
    #[must_use]
    pub fn pair(a: usize, b: usize) -> Self {
        Self {
            a: vec![a],
            b: vec![b],
        }
    }

    /// One category against all others.
    #[must_use]
    pub fn against_rest(a: usize, labels: &Labels) -> Self {
        Self {
            a: vec![a],
            b: (0..labels.n_categories()).filter(|&c| c != a).collect(),
        }
    }

    /// The usual contrasts: of two categories with texts the one pair, of more each against the
    /// rest, of fewer none.
    #[must_use]
    pub fn all(labels: &Labels) -> Vec<Self> {
        let every: Vec<usize> = (0..labels.n_categories()).collect();
        Self::among(&every, labels)
    }

    /// [`Contrast::all`] among some of the categories; the rest then excludes all others.
    /// Categories without texts, unknown ones and repetitions are ignored.
    #[must_use]
    pub fn among(categories: &[usize], labels: &Labels) -> Vec<Self> {
        Self::among_largest(categories, labels, usize::MAX)
    }

    /// [`Contrast::among`], of more than `limit` categories the contrasts of the largest only, each
    /// against the rest; of equally large ones the first.
    #[must_use]
    pub fn among_largest(categories: &[usize], labels: &Labels, limit: usize) -> Vec<Self> {
        let counts = labels.category_counts();
        let mut used: Vec<usize> = categories.to_vec();
        used.retain(|&c| counts.get(c).is_some_and(|&count| count > 0));
        used.sort_unstable();
        used.dedup();
        let mut largest = used.clone();
        if largest.len() > limit {
            largest.sort_by_key(|&c| Reverse(counts[c]));
            largest.truncate(limit);
            largest.sort_unstable();
        }
        let others = |a: usize| used.iter().copied().filter(|&c| c != a).collect();
        match used[..] {
            [] | [_] => Vec::new(),
            [a, b] => vec![Self::pair(a, b)],
            _ => largest
                .iter()
                .map(|&a| Self {
                    a: vec![a],
                    b: others(a),
                })
                .collect(),
        }
    }

    /// The names of the two sides: their categories joined by ` + `, or `rest` for all but side A.
    #[must_use]
    pub fn names(&self, labels: &Labels) -> [String; 2] {
        let name = |side: &[usize]| {
            let names = side.iter().filter_map(|&c| labels.category_names().get(c));
            names.map(String::as_str).collect::<Vec<_>>().join(" + ")
        };
        let counts = labels.category_counts();
        let listed: HashSet<usize> = self.a.iter().chain(&self.b).copied().collect();
        let everything = (0..counts.len()).all(|c| counts[c] == 0 || listed.contains(&c));
        let b = if everything && self.b.len() > 1 {
            "rest".to_owned()
        } else {
            name(&self.b)
        };
        [name(&self.a), b]
    }

    pub(crate) fn check(&self, categories: usize) -> Result<(), GraphError> {
        if let Some(&category) = self.a.iter().chain(&self.b).find(|&&c| c >= categories) {
            return Err(GraphError::UnknownCategory {
                category,
                categories,
            });
        }
        let b: HashSet<usize> = self.b.iter().copied().collect();
        match self.a.iter().find(|c| b.contains(c)) {
            Some(&category) => Err(GraphError::BothSides { category }),
            None => Ok(()),
        }
    }

    /// The rows of the two sides.
    pub(crate) fn rows(&self, labels: &Labels) -> Result<[Vec<usize>; 2], GraphError> {
        self.check(labels.n_categories())?;
        let of = |side: &[usize]| -> Vec<usize> {
            let mut wanted = vec![false; labels.n_categories()];
            side.iter().for_each(|&category| wanted[category] = true);
            let rows = labels.row_categories().iter().enumerate();
            rows.filter(|&(_, &category)| wanted[category as usize])
                .map(|(row, _)| row)
                .collect()
        };
        let rows = [of(&self.a), of(&self.b)];
        match rows.iter().map(Vec::len).min() {
            Some(0) | None => Err(GraphError::TooFewTexts {
                texts: 0,
                needed: 1,
            }),
            Some(_) => Ok(rows),
        }
    }
}
