use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use mri_core::Labels;
use mri_graph::{Contrast, GraphError, LayerTest, Metrics, RegionGraph, Significance};
use mri_grid::Cell;
use mri_render::LayeredLayout;

use crate::scan::bounds::{shown_categories, usual_tests};
use crate::scan::graph_options::GraphOptions;
use crate::scan::regions::Regions;
use crate::scan::significance::SignificanceResults;

/// Regions beyond which graphs are not measured for figures and the report: their projections take
/// cubic time.
pub(crate) const MAX_MEASURED_REGIONS: usize = 6_000;

/// What is computed from the regions of a scan: layout, metrics and significance.
///
/// Every result is computed when it is first needed and then shared by tables, figures and the
/// report, which therefore show the same numbers.
pub struct Analysis {
    regions: Arc<Regions>,
    options: GraphOptions,
    /// The categories that the options select, ascending, and those of them with pictures and tests
    /// of their own.
    categories: Vec<usize>,
    shown: Vec<usize>,
    filtered: OnceLock<RegionGraph>,
    layout: OnceLock<LayeredLayout>,
    filtered_layout: OnceLock<LayeredLayout>,
    metrics: Memo<GraphKey, Metrics>,
    cell_tests: Memo<Contrast, Vec<LayerTest<Cell>>>,
    significance: OnceLock<SignificanceResults>,
}

/// Which graph was measured: whether the filter of the options was applied, and the categories by
/// their index among the labels.
type GraphKey = (bool, Vec<usize>);

impl Analysis {
    pub(crate) fn new(regions: Arc<Regions>, options: GraphOptions) -> Self {
        let labels = regions.grids().labels();
        let categories = options.select(labels);
        let named = !options.categories.is_empty();
        let shown = shown_categories(&categories, named, labels);
        Self {
            regions,
            options,
            categories,
            shown,
            filtered: OnceLock::new(),
            layout: OnceLock::new(),
            filtered_layout: OnceLock::new(),
            metrics: Memo::default(),
            cell_tests: Memo::default(),
            significance: OnceLock::new(),
        }
    }

    /// The regions that are analyzed.
    #[must_use]
    pub fn regions(&self) -> &Regions {
        &self.regions
    }

    /// The categories that the graph options select, ascending.
    #[must_use]
    pub fn filtered_categories(&self) -> &[usize] {
        &self.categories
    }

    /// Those of the selected categories with pictures and tests of their own, ascending: all that
    /// the graph options name, or the 30 largest.
    #[must_use]
    pub fn shown_categories(&self) -> &[usize] {
        &self.shown
    }

    /// What is tested: two selected categories against each other, of more each of
    /// [`Analysis::shown_categories`] against the rest.
    #[must_use]
    pub fn contrasts(&self) -> Vec<Contrast> {
        Contrast::among_largest(&self.categories, self.labels(), self.shown.len())
    }

    /// What the graph options keep of the region graph. Its categories are numbered anew, in the
    /// order of [`Analysis::filtered_categories`].
    #[must_use]
    pub fn filtered_graph(&self) -> &RegionGraph {
        if self.keeps_everything() {
            return self.regions.graph();
        }
        once(&self.filtered, || {
            let view = self.regions.graph().view(&self.categories);
            view.extract(&self.options.filter)
        })
    }

    /// Where the nodes of the whole graph are drawn.
    #[must_use]
    pub fn layout(&self) -> &LayeredLayout {
        once(&self.layout, || LayeredLayout::of(self.regions.graph()))
    }

    /// Where the nodes of [`Analysis::filtered_graph`] are drawn.
    #[must_use]
    pub fn filtered_layout(&self) -> &LayeredLayout {
        if self.keeps_everything() {
            return self.layout();
        }
        once(&self.filtered_layout, || {
            LayeredLayout::of(self.filtered_graph())
        })
    }

    /// The metrics of the graph of some categories together, before the filter.
    #[must_use]
    pub fn metrics(&self, categories: &[usize]) -> Arc<Metrics> {
        let key = (false, categories.to_vec());
        self.metrics.get(&key, || {
            let _span = tracing::info_span!("metrics", ?categories).entered();
            Metrics::of(&self.regions.graph().view(categories).digraph())
        })
    }

    /// The metrics of the graph of one category, by its index in [`Analysis::filtered_graph`],
    /// after the filter.
    #[must_use]
    pub fn filtered_metrics(&self, category: usize) -> Arc<Metrics> {
        let key = (true, vec![category]);
        match self.categories.get(category) {
            // A category's own graph does not depend on which others are selected.
            Some(&of_labels) if self.keeps_every_edge() => self.metrics(&[of_labels]),
            _ => self.metrics.get(&key, || {
                Metrics::of(&self.filtered_graph().view(&[category]).digraph())
            }),
        }
    }

    /// How figures and the report test: with the settings of the graph options, or with the
    /// defaults where those leave the tests out.
    #[must_use]
    pub fn test_settings(&self) -> Significance {
        let usual = || usual_tests(self.labels(), self.regions.grids().len());
        self.options.significance.clone().unwrap_or_else(usual)
    }

    /// Whether the two sides of a contrast differ by more than chance in each cell of each layer,
    /// under [`Analysis::test_settings`].
    ///
    /// # Errors
    /// As [`Significance::cells`].
    pub fn cell_tests(&self, contrast: &Contrast) -> Result<Arc<Vec<LayerTest<Cell>>>, GraphError> {
        self.cell_tests.try_get(contrast, || {
            let _span = tracing::info_span!("significance", of = "cells").entered();
            self.test_settings().cells(self.regions.grids(), contrast)
        })
    }

    /// The tests that the graph options ask for, of cells and of transitions, among the selected
    /// categories; `None` if they ask for none.
    ///
    /// # Errors
    /// As [`Significance::cells`].
    pub fn significance(&self) -> Result<Option<&SignificanceResults>, GraphError> {
        if self.options.significance.is_none() {
            return Ok(None);
        }
        if self.significance.get().is_none() {
            let cells = |contrast: &Contrast| Ok(self.cell_tests(contrast)?.to_vec());
            let results = SignificanceResults::new(
                self.regions.grids(),
                &self.categories,
                self.shown.len(),
                self.test_settings(),
                cells,
            )?;
            self.significance.get_or_init(|| results);
        }
        Ok(self.significance.get())
    }

    fn labels(&self) -> &Labels {
        self.regions.grids().labels()
    }

    fn keeps_every_edge(&self) -> bool {
        self.options.filter.keeps_every_edge()
    }

    fn keeps_everything(&self) -> bool {
        self.keeps_every_edge() && self.categories.len() == self.labels().n_categories()
    }
}

/// The value of a cell, computed if it is empty.
///
/// Unlike `get_or_init` this holds no lock while it computes: a rayon thread that waits for a part
/// of the computation may run another task that needs the same cell.
fn once<T>(cell: &OnceLock<T>, compute: impl FnOnce() -> T) -> &T {
    match cell.get() {
        Some(value) => value,
        None => {
            let value = compute();
            cell.get_or_init(|| value)
        }
    }
}

/// Results by what they are of. There are few, so they are searched in order.
struct Memo<K, V>(Mutex<Vec<(K, Arc<V>)>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<K: Clone + PartialEq, V> Memo<K, V> {
    fn get(&self, key: &K, compute: impl FnOnce() -> V) -> Arc<V> {
        match self.try_get(key, || Ok::<V, Infallible>(compute())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// The value of a key, computed if it is not known; an error is not kept. As in [`once`], no
    /// lock is held meanwhile.
    fn try_get<E>(&self, key: &K, compute: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
        if let Some(value) = self.find(key) {
            return Ok(value);
        }
        let value = Arc::new(compute()?);
        self.list().push((key.clone(), value.clone()));
        Ok(value)
    }

    fn find(&self, key: &K) -> Option<Arc<V>> {
        let list = self.list();
        let found = list.iter().find(|(other, _)| other == key)?;
        Some(found.1.clone())
    }

    fn list(&self) -> MutexGuard<'_, Vec<(K, Arc<V>)>> {
        // No code that could panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
