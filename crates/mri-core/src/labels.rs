use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::error::CoreError;

/// The category of each row (text), and the names of the categories.
///
/// A *label* is the column of a table; its values are the *categories*. Categories are numbered
/// from 0 in the order of their names, in which they are listed and colored everywhere. A category
/// without any row is allowed (a dataset may declare a class that a sample lacks).
///
/// Serialized as `{"names": […], "ids": […]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawLabels")]
pub struct Labels {
    #[serde(rename = "names")]
    category_names: Vec<String>,
    #[serde(rename = "ids")]
    row_categories: Vec<u32>,
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
    /// Labels from the names of the categories and the category of every row.
    ///
    /// # Errors
    /// [`CoreError::NoRows`], [`CoreError::DuplicateCategory`] or [`CoreError::UnknownCategory`].
    pub fn new(category_names: Vec<String>, row_categories: Vec<u32>) -> Result<Self, CoreError> {
        if row_categories.is_empty() {
            return Err(CoreError::NoRows);
        }
        let mut seen = HashSet::new();
        let mut names = category_names.iter();
        if let Some(name) = names.find(|name| !seen.insert(name.as_str())) {
            return Err(CoreError::DuplicateCategory { name: name.clone() });
        }
        let categories = category_names.len();
        let unknown = |&category: &u32| category as usize >= categories;
        if let Some(row) = row_categories.iter().position(unknown) {
            return Err(CoreError::UnknownCategory {
                row,
                index: row_categories[row],
                categories,
            });
        }
        Ok(Self {
            category_names,
            row_categories,
        })
    }

    /// Labels from the name of every row's category; categories are numbered in the order in which
    /// they first occur.
    ///
    /// # Errors
    /// [`CoreError::NoRows`] if the iterator is empty.
    ///
    /// ```
    /// # use mri_core::Labels;
    /// let labels = Labels::from_names(["law", "music", "law"])?;
    /// assert_eq!(labels.category_names(), ["law", "music"]);
    /// assert_eq!(labels.row_categories(), [0, 1, 0]);
    /// # Ok::<(), mri_core::CoreError>(())
    /// ```
    pub fn from_names<S: AsRef<str>>(rows: impl IntoIterator<Item = S>) -> Result<Self, CoreError> {
        let mut index = HashMap::new();
        let mut category_names = Vec::new();
        let mut row_categories = Vec::new();
        for row in rows {
            let name = row.as_ref();
            let category = *index.entry(name.to_owned()).or_insert_with(|| {
                category_names.push(name.to_owned());
                (category_names.len() - 1) as u32
            });
            row_categories.push(category);
        }
        Self::new(category_names, row_categories)
    }

    /// The number of rows (texts), at least 1.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "labels are never empty")]
    pub fn len(&self) -> usize {
        self.row_categories.len()
    }

    /// The number of categories, those without a row included.
    #[must_use]
    pub fn n_categories(&self) -> usize {
        self.category_names.len()
    }

    /// The names of the categories, in their order.
    #[must_use]
    pub fn category_names(&self) -> &[String] {
        &self.category_names
    }

    /// The category of every row.
    #[must_use]
    pub fn row_categories(&self) -> &[u32] {
        &self.row_categories
    }

    /// The name of a row's category, `None` past the last row.
    #[must_use]
    pub fn category_of(&self, row: usize) -> Option<&str> {
        let category = *self.row_categories.get(row)?;
        Some(&self.category_names[category as usize])
    }

    /// The number of the category with this name.
    #[must_use]
    pub fn category_index(&self, name: &str) -> Option<usize> {
        self.category_names.iter().position(|n| n == name)
    }

    /// How many rows each category has, in the order of the categories.
    #[must_use]
    pub fn category_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.category_names.len()];
        for &category in &self.row_categories {
            counts[category as usize] += 1;
        }
        counts
    }

    /// The rows of one category, in ascending order.
    #[must_use]
    pub fn rows_of(&self, category: usize) -> Vec<usize> {
        (0..self.row_categories.len())
            .filter(|&row| self.row_categories[row] as usize == category)
            .collect()
    }

    /// The labels of some of the rows, in the order given; all category names are kept.
    ///
    /// # Errors
    /// [`CoreError::NoRows`] if `rows` is empty.
    ///
    /// # Panics
    /// If a row is out of range, as slice indexing does.
    pub fn select(&self, rows: &[usize]) -> Result<Self, CoreError> {
        Self::new(
            self.category_names.clone(),
            rows.iter().map(|&row| self.row_categories[row]).collect(),
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
        assert_eq!(labels.category_counts(), [0, 2]);
        assert!(labels.rows_of(0).is_empty());
    }

    #[test]
    fn a_file_is_checked_like_a_call() {
        let bad = r#"{"names":["a"],"ids":[0,1]}"#;
        assert!(serde_json::from_str::<Labels>(bad).is_err());
        let good = Labels::new(two(), vec![0, 1, 0]).unwrap();
        let json = serde_json::to_string(&good).unwrap();
        assert_eq!(json, r#"{"names":["a","b"],"ids":[0,1,0]}"#);
        assert_eq!(serde_json::from_str::<Labels>(&json).unwrap(), good);
    }
}
