use std::ops::RangeInclusive;

use mri_core::Layer;

use crate::error::ScanError;
use crate::scan::Scan;

impl Scan {
    /// The index of a category by its name.
    ///
    /// # Errors
    /// [`ScanError::UnknownCategory`], which lists the names that there are.
    pub fn category(&self, name: &str) -> Result<usize, ScanError> {
        let names = self.labels().category_names();
        let found = names.iter().position(|other| other == name);
        found.ok_or_else(|| ScanError::UnknownCategory {
            name: name.to_owned(),
            known: names.join(", "),
        })
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
