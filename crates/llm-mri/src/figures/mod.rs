//! The figures of a scan.

pub(crate) mod report;

use mri_core::Layer;
use mri_graph::{Contrast, LayerTest, Metrics, MetricsRow};
use mri_grid::Cell;
use mri_reduce::align_layers;
use mri_render::{
    Animation, Figure, FigureStyle, GraphStyle, HeatmapStyle, LayeredLayout, Quantity,
    ScatterStyle, contact_sheet, difference_sheet, graph_picture, heatmap_sheet, metrics_chart,
    path_picture, scatter_animation, scree, undrawable_letters,
};

use self::report::MOST_REGIONS;
use crate::error::ScanError;
use crate::scan::Scan;
use crate::scan::significance::SignificanceResults;

/// The q up to which a cell is shown as a finding.
const ALPHA: f64 = 0.05;

/// The frames that an animation through all layers may take: some ten seconds of them.
const MOST_FRAMES: usize = 160;

/// The categories that a chart of lines can hold apart.
const MOST_LINES: usize = 10;

impl Scan {
    /// The heatmaps of all layers under one colour scale.
    ///
    /// # Errors
    /// [`ScanError::NotPlanar`] unless there are two components; [`ScanError::Render`].
    pub fn heatmaps(&self, quantity: Quantity) -> Result<Figure, ScanError> {
        self.heatmaps_styled(quantity, &HeatmapStyle::default())
    }

    /// [`Scan::heatmaps`] in a style of your own, such as one layer or a dark theme.
    ///
    /// # Errors
    /// As [`Scan::heatmaps`].
    pub fn heatmaps_styled(
        &self,
        quantity: Quantity,
        style: &HeatmapStyle,
    ) -> Result<Figure, ScanError> {
        let (Some(grids), Some(embedding)) = (&self.grids, self.embedding()) else {
            return Err(self.not_planar());
        };
        Ok(heatmap_sheet(
            grids,
            embedding,
            quantity,
            &self.caption(),
            style,
        )?)
    }

    /// The region graph of some categories. Positions are those of the whole graph, so that
    /// pictures of different categories can be laid side by side.
    ///
    /// # Errors
    /// [`ScanError::NotPlanar`] unless there are two components; [`ScanError::Render`].
    pub fn graph_picture(&self, categories: &[usize]) -> Result<Figure, ScanError> {
        let graph = self.graph.as_ref().ok_or_else(|| self.not_planar())?;
        let layout = LayeredLayout::of(graph);
        let style = GraphStyle::default();
        Ok(graph_picture(
            &graph.view(categories),
            &layout,
            &self.caption(),
            &style,
        )?)
    }

    /// The difference of two sides, layer by layer, with what may be chance faded.
    ///
    /// # Errors
    /// [`ScanError::NotPlanar`] unless there are two components; [`ScanError::Graph`] if a side has no
    /// texts; [`ScanError::Render`].
    pub fn difference(&self, contrast: &Contrast) -> Result<Figure, ScanError> {
        let grids = self.grids.as_ref().ok_or_else(|| self.not_planar())?;
        // The figure shows no intervals.
        let judge = self.shown_significance().with_resamples(0);
        self.difference_with(contrast, &judge.cells(grids, contrast)?)
    }

    fn difference_with(
        &self,
        contrast: &Contrast,
        verdicts: &[LayerTest<Cell>],
    ) -> Result<Figure, ScanError> {
        let (Some(grids), Some(embedding)) = (&self.grids, self.embedding()) else {
            return Err(self.not_planar());
        };
        Ok(difference_sheet(
            grids,
            embedding,
            contrast,
            verdicts,
            ALPHA,
            &self.caption(),
            &HeatmapStyle::default(),
        )?)
    }

    /// The way of one text through the regions of every layer; `None` if there is no such row.
    ///
    /// # Errors
    /// [`ScanError::NotPlanar`] unless there are two components; [`ScanError::Render`].
    pub fn path_picture(&self, row: usize) -> Result<Option<Figure>, ScanError> {
        let (Some(grids), Some(graph)) = (&self.grids, &self.graph) else {
            return Err(self.not_planar());
        };
        let Some(path) = graph.path(grids, row) else {
            return Ok(None);
        };
        let text = self.texts().and_then(|texts| texts.get(row));
        Ok(Some(path_picture(
            &graph.view_all(),
            &LayeredLayout::of(graph),
            &path,
            self.labels().row_categories()[row] as usize,
            text.map_or("", String::as_str),
            &self.caption(),
            &GraphStyle::default(),
        )?))
    }

    /// The texts moving from layer to layer, the layers turned to lie nearest to each other unless
    /// they were made in one frame.
    ///
    /// # Errors
    /// [`ScanError::NotPlanar`] unless there are two components; [`ScanError::Reduce`] where layers
    /// cannot be aligned; [`ScanError::Render`].
    pub fn animation(&self) -> Result<Animation, ScanError> {
        let (Some(_), Some(embedding)) = (&self.grids, self.embedding()) else {
            return Err(self.not_planar());
        };
        let maps = self.notes().maps.as_ref();
        let spec = maps.and_then(|maps| maps.spec.as_ref());
        let aligned = match spec.is_some_and(|spec| spec.align) {
            true => embedding.clone(),
            false => align_layers(embedding)?.0,
        };
        let moves = embedding.len().saturating_sub(1).max(1);
        let style = ScatterStyle::default();
        let steps = (MOST_FRAMES / moves).clamp(3, style.steps);
        let style = style.with_steps(steps);
        Ok(scatter_animation(&aligned, &self.caption(), &style)?)
    }

    /// All pictures of the scan with the names of their files: heatmaps of all layers for all texts
    /// and for each category (and their difference with its significance, where there are two), a
    /// contact sheet of all categories, the graph of each category and of all together, their
    /// metrics, and how much variance the maps keep where the reducer knows. All as far as the
    /// settings of the graph go. Empty unless there are
    /// two components.
    ///
    /// # Errors
    /// [`ScanError::Render`].
    pub fn figures(&self) -> Result<Vec<(String, Figure)>, ScanError> {
        self.figures_with(None)
    }

    /// [`Scan::figures`] with verdicts that are at hand; others are made.
    pub(crate) fn figures_with(
        &self,
        verdicts: Option<&SignificanceResults>,
    ) -> Result<Vec<(String, Figure)>, ScanError> {
        let (Some(graph), Some(grids), Some(embedding)) =
            (self.chosen_graph(), &self.grids, self.embedding())
        else {
            return Ok(Vec::new());
        };
        let names = self.labels().category_names();
        let chosen = self.chosen_categories();
        let layout = LayeredLayout::of(&graph);
        let caption = self.caption();
        let picture = |categories: &[usize]| {
            let style = GraphStyle::default();
            graph_picture(&graph.view(categories), &layout, &caption, &style)
        };
        let mut figures = vec![("heatmaps.all".to_owned(), self.heatmaps(Quantity::Texts)?)];
        if let [a, b] = chosen[..] {
            let difference = match Contrast::among(&chosen, self.labels()).as_slice() {
                [pair] => match verdicts.and_then(|verdicts| verdicts.cells_of(pair)) {
                    Some(judged) => self.difference_with(pair, judged)?,
                    None => self.difference(pair)?,
                },
                // One of the two has no texts, so that there is nothing to test.
                _ => self.heatmaps(Quantity::Difference(a, b))?,
            };
            figures.push(("heatmaps.difference".to_owned(), difference));
        }
        let contact = contact_sheet(grids, embedding, &caption, &HeatmapStyle::default())?;
        figures.push(("contact-sheet".to_owned(), contact));
        // The graph numbers its categories anew.
        let all: Vec<usize> = (0..chosen.len()).collect();
        figures.push(("graph.all".to_owned(), picture(&all)?));
        for (of_graph, category) in chosen.into_iter().enumerate() {
            let name = file_name(category, &names[category]);
            figures.push((
                format!("heatmaps.{name}"),
                self.heatmaps(Quantity::Category(category))?,
            ));
            figures.push((format!("graph.{name}"), picture(&[of_graph])?));
        }
        if graph.graph().node_count() <= MOST_REGIONS {
            figures.push(("metrics".to_owned(), self.metrics_chart(&graph)?));
        }
        let mut axes = embedding.iter().flat_map(|(_, points)| &points.components);
        if axes.any(|axis| axis.explained_variance_ratio.is_some()) {
            let figure = scree(embedding, &caption, &FigureStyle::default())?;
            figures.push(("variance".to_owned(), figure));
        }
        Ok(figures)
    }

    /// The letters of labels and names that pictures of pixels cannot show on this system. They name them
    /// by number; SVG and the report hold them as they are.
    #[must_use]
    pub fn undrawable_letters(&self) -> Vec<char> {
        let caption = self.caption();
        let names = self.labels().category_names().iter().cloned();
        let all: String = names.chain([caption.model, caption.corpus]).collect();
        undrawable_letters(&all)
    }

    /// The metrics of each category's graph; of very many those of the first.
    fn metrics_chart(&self, graph: &mri_graph::RegionGraph) -> Result<Figure, ScanError> {
        let names = graph.categories();
        let metrics: Vec<Metrics> = (0..names.len().min(MOST_LINES))
            .map(|category| Metrics::of(&graph.view(&[category]).digraph()))
            .collect();
        let model_name = self.model().name.as_str();
        let rows: Vec<MetricsRow<'_>> = metrics
            .iter()
            .zip(names)
            .map(|(metrics, label)| MetricsRow {
                model_name,
                label,
                metrics,
            })
            .collect();
        let sizes = &graph.category_sizes()[..rows.len()];
        let layers: Vec<Layer> = graph.layers().to_vec();
        Ok(metrics_chart(
            &rows,
            sizes,
            &layers,
            &self.caption(),
            &FigureStyle::default(),
        )?)
    }
}

/// A file name for a category: its number and what of its name every file system takes.
pub(crate) fn file_name(category: usize, name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars().take(40) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        format!("{category:02}")
    } else {
        format!("{category:02}-{slug}")
    }
}
