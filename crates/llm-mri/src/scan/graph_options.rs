use mri_core::Labels;
use mri_graph::{Filter, Significance, Threshold};
use serde::{Deserialize, Serialize};

/// What of a scan's graph is written and drawn, and how it is tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GraphOptions {
    /// Names of the categories to select; empty for all.
    pub categories: Vec<String>,
    /// Which edges are kept.
    pub filter: Filter,
    /// Which correlations become edges, where maps have other than two components.
    pub threshold: Threshold,
    /// How differences between categories are tested; `None` to leave the tests out.
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

impl GraphOptions {
    /// The indices of the selected categories, ascending.
    pub(crate) fn select(&self, labels: &Labels) -> Vec<usize> {
        let names = labels.category_names();
        let selected = |name| self.categories.is_empty() || self.categories.contains(name);
        (0..names.len()).filter(|&c| selected(&names[c])).collect()
    }
}
