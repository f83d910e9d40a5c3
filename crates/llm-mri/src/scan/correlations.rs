use mri_graph::{CorrelationGraph, Threshold};

use crate::error::ScanError;
use crate::scan::Scan;

impl Scan {
    /// Spearman correlations between the components of neighboring layers over the texts of some
    /// categories (of all, if none is named): the graph for maps of other than two components.
    ///
    /// # Errors
    /// [`ScanError::NoMaps`], [`ScanError::Graph`] for too few texts.
    pub fn correlations(
        &self,
        categories: &[usize],
        threshold: Threshold,
    ) -> Result<CorrelationGraph, ScanError> {
        let embedding = self.maps()?.embedding();
        Ok(CorrelationGraph::spearman(
            embedding, categories, threshold,
        )?)
    }
}
