use std::ops::RangeInclusive;

use mri_core::Layer;
use mri_graph::Contrast;

use crate::error::ScanError;
use crate::scan::Scan;
use crate::scan::category::CategoryRef;

impl Scan {
    /// The index of a category.
    ///
    /// # Errors
    /// [`ScanError::UnknownCategory`], which lists the names that there are.
    pub fn category(&self, category: impl Into<CategoryRef>) -> Result<usize, ScanError> {
        let names = self.labels().category_names();
        let (found, name) = match category.into() {
            CategoryRef::Index(index) => (Some(index), index.to_string()),
            CategoryRef::Name(name) => (names.iter().position(|other| *other == name), name),
        };
        let found = found.filter(|&index| index < names.len());
        found.ok_or_else(|| ScanError::UnknownCategory {
            name,
            known: names.join(", "),
        })
    }

    /// The indices of some categories, in their order.
    ///
    /// # Errors
    /// As [`Scan::category`].
    pub fn categories(
        &self,
        categories: impl IntoIterator<Item: Into<CategoryRef>>,
    ) -> Result<Vec<usize>, ScanError> {
        let categories = categories.into_iter();
        categories.map(|category| self.category(category)).collect()
    }

    /// One category against another, for [`Scan::difference`].
    ///
    /// # Errors
    /// As [`Scan::category`].
    pub fn contrast(
        &self,
        a: impl Into<CategoryRef>,
        b: impl Into<CategoryRef>,
    ) -> Result<Contrast, ScanError> {
        Ok(Contrast::pair(self.category(a)?, self.category(b)?))
    }

    /// The positions of the layers with numbers from `first` to `last`, both included, as a
    /// [`Filter`](crate::Filter) takes them.
    ///
    /// # Errors
    /// [`ScanError::NoLayers`] if there are none, or if they are not adjacent because the scan has
    /// several sites.
    pub fn layer_range(
        &self,
        first: usize,
        last: usize,
    ) -> Result<RangeInclusive<usize>, ScanError> {
        let layers: Vec<Layer> = match self.embedding() {
            Some(maps) => maps.layers().collect(),
            None => self.activations().layers().collect(),
        };
        let inside: Vec<usize> = (0..layers.len())
            .filter(|&p| (first..=last).contains(&layers[p].index))
            .collect();
        match (inside.first(), inside.last()) {
            (Some(&low), Some(&high)) if high - low + 1 == inside.len() => Ok(low..=high),
            _ => Err(ScanError::NoLayers { first, last }),
        }
    }
}
