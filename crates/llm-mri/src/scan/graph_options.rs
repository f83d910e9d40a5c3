use mri_core::Layer;
use mri_graph::{Filter, RegionGraph, Significance, Threshold};
use serde::{Deserialize, Serialize};

use crate::error::ScanError;
use crate::scan::Scan;

/// What of a scan's graph is written and drawn, and what is asked of chance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GraphOptions {
    /// Names of the categories to look at; empty for all.
    pub categories: Vec<String>,
    /// Which edges are kept.
    pub filter: Filter,
    /// Which correlations become edges, where maps have other than two components.
    pub threshold: Threshold,
    /// How differences between categories are tested; `None` to leave that out.
    pub significance: Option<Significance>,
}

impl Default for GraphOptions {
    /// Everything, and 1,000 permutations.
    fn default() -> Self {
        Self {
            categories: Vec::new(),
            filter: Filter::default(),
            threshold: Threshold::default(),
            significance: Some(Significance::default()),
        }
    }
}

impl Scan {
    /// The index of a category by its name.
    ///
    /// # Errors
    /// [`ScanError::UnknownCategory`], which lists those there are.
    pub fn category(&self, name: &str) -> Result<usize, ScanError> {
        let names = self.labels().category_names();
        let found = names.iter().position(|other| other == name);
        found.ok_or_else(|| ScanError::UnknownCategory {
            name: name.to_owned(),
            known: names.join(", "),
        })
    }

    /// The positions of the layers with numbers from `first` to `last`, both included, as a
    /// [`Filter`] takes them.
    ///
    /// # Errors
    /// [`ScanError::NoLayers`] if there are none, or if they do not follow one another because the
    /// scan has several sites.
    pub fn layer_range(
        &self,
        first: usize,
        last: usize,
    ) -> Result<std::ops::RangeInclusive<usize>, ScanError> {
        let layers: Vec<Layer> = match &self.embedding {
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

    /// The same scan with other settings for what [`Scan::update`] and [`Scan::save`] write of the graph.
    ///
    /// # Errors
    /// [`ScanError::UnknownCategory`].
    pub fn with_graph_options(mut self, options: GraphOptions) -> Result<Self, ScanError> {
        for name in &options.categories {
            self.category(name)?;
        }
        self.notes.graph = Some(options);
        Ok(self)
    }

    /// The settings of the graph.
    #[must_use]
    pub fn graph_options(&self) -> GraphOptions {
        self.notes.graph.clone().unwrap_or_default()
    }

    /// The categories that the settings of the graph name, or all, ascending.
    #[must_use]
    pub fn chosen_categories(&self) -> Vec<usize> {
        let names = self.labels().category_names();
        let wanted = self.graph_options().categories;
        (0..names.len())
            .filter(|&c| wanted.is_empty() || wanted.contains(&names[c]))
            .collect()
    }

    /// What the settings of the graph keep of it; `None` unless there are two components.
    #[must_use]
    pub fn chosen_graph(&self) -> Option<RegionGraph> {
        let view = self.graph.as_ref()?.view(&self.chosen_categories());
        Some(view.extract(&self.graph_options().filter))
    }
}
