use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::CoreError;

/// The category of each text: one index per row, and the names the indices stand for.
///
/// The order of the names is the order in which categories are listed and coloured everywhere.
/// A name without any row is allowed (a dataset may declare a class that a sample lacks).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawLabels")]
pub struct Labels {
    names: Vec<String>,
    ids: Vec<u32>,
}

/// [`Labels`] as they come from a file, not yet checked.
#[derive(Deserialize)]
struct RawLabels {
    names: Vec<String>,
    ids: Vec<u32>,
}

impl TryFrom<RawLabels> for Labels {
    type Error = CoreError;

    fn try_from(raw: RawLabels) -> Result<Self, CoreError> {
        Self::new(raw.names, raw.ids)
    }
}

impl Labels {
    /// Labels from category names and one index into them per row.
    ///
    /// # Errors
    /// [`CoreError::NoRows`], [`CoreError::DuplicateCategory`] or [`CoreError::UnknownCategory`].
    pub fn new(names: Vec<String>, ids: Vec<u32>) -> Result<Self, CoreError> {
        if ids.is_empty() {
            return Err(CoreError::NoRows);
        }
        let mut seen = HashSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(CoreError::DuplicateCategory { name: name.clone() });
        }
        if let Some(row) = ids.iter().position(|&id| id as usize >= names.len()) {
            return Err(CoreError::UnknownCategory {
                row,
                index: ids[row],
                categories: names.len(),
            });
        }
        Ok(Self { names, ids })
    }

    /// Labels from one name per row; categories are numbered in the order they are first seen.
    ///
    /// # Errors
    /// [`CoreError::NoRows`] if the iterator is empty.
    ///
    /// ```
    /// # use mri_core::Labels;
    /// let labels = Labels::from_names(["law", "music", "law"])?;
    /// assert_eq!(labels.names(), ["law", "music"]);
    /// assert_eq!(labels.ids(), [0, 1, 0]);
    /// # Ok::<(), mri_core::CoreError>(())
    /// ```
    pub fn from_names<S: AsRef<str>>(rows: impl IntoIterator<Item = S>) -> Result<Self, CoreError> {
        let mut index = HashMap::new();
        let mut names = Vec::new();
        let mut ids = Vec::new();
        for row in rows {
            let name = row.as_ref();
            let id = *index.entry(name.to_owned()).or_insert_with(|| {
                names.push(name.to_owned());
                (names.len() - 1) as u32
            });
            ids.push(id);
        }
        Self::new(names, ids)
    }

    /// The number of rows (texts), at least 1.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "labels are never empty")]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The number of categories, those without a row included.
    #[must_use]
    pub fn n_categories(&self) -> usize {
        self.names.len()
    }

    /// The category names in their order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The category index of every row.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The category name of a row, `None` past the last row.
    #[must_use]
    pub fn name_of(&self, row: usize) -> Option<&str> {
        self.ids
            .get(row)
            .map(|&id| self.names[id as usize].as_str())
    }

    /// The index of a category by its name.
    #[must_use]
    pub fn category(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// How many rows each category has, in the order of the names.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        for &id in &self.ids {
            counts[id as usize] += 1;
        }
        counts
    }

    /// The rows of one category, in ascending order.
    #[must_use]
    pub fn rows_of(&self, category: usize) -> Vec<usize> {
        (0..self.ids.len())
            .filter(|&row| self.ids[row] as usize == category)
            .collect()
    }

    /// The labels of some of the rows, in the order given; the names stay as they are.
    ///
    /// # Errors
    /// [`CoreError::NoRows`] if `rows` is empty.
    ///
    /// # Panics
    /// If a row is out of range, as slice indexing does.
    pub fn select(&self, rows: &[usize]) -> Result<Self, CoreError> {
        Self::new(
            self.names.clone(),
            rows.iter().map(|&row| self.ids[row]).collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vec<String> {
        vec!["a".into(), "b".into()]
    }

    #[test]
    fn checks_its_indices() {
        let err = Labels::new(two(), vec![0, 2]).unwrap_err();
        assert_eq!(
            err,
            CoreError::UnknownCategory {
                row: 1,
                index: 2,
                categories: 2
            }
        );
        assert_eq!(Labels::new(two(), vec![]).unwrap_err(), CoreError::NoRows);
        let twice = Labels::new(vec!["a".into(), "a".into()], vec![0]).unwrap_err();
        assert_eq!(twice, CoreError::DuplicateCategory { name: "a".into() });
    }

    #[test]
    fn a_category_may_lack_rows() {
        let labels = Labels::new(two(), vec![1, 1]).unwrap();
        assert_eq!(labels.counts(), [0, 2]);
        assert!(labels.rows_of(0).is_empty());
    }

    #[test]
    fn a_file_is_checked_like_a_call() {
        let bad = r#"{"names":["a"],"ids":[0,1]}"#;
        assert!(serde_json::from_str::<Labels>(bad).is_err());
        let good = Labels::new(two(), vec![0, 1, 0]).unwrap();
        let json = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<Labels>(&json).unwrap(), good);
    }
}
