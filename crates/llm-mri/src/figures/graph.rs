use mri_graph::MetricsRow;
use mri_render::{Figure, FigureStyle, GraphStyle, graph_picture, metrics_chart, path_picture};

use crate::error::ScanError;
use crate::scan::Scan;
use crate::scan::analysis::Analysis;
use crate::scan::category::CategoryRef;

/// The categories whose lines a chart can keep distinguishable.
const MAX_LINES: usize = 10;

impl Scan {
    /// The region graph of some categories. Positions are those of the whole graph, so that
    /// figures of different categories can be compared side by side.
    ///
    /// # Errors
    /// As [`Scan::regions`]; [`ScanError::UnknownCategory`]; [`ScanError::Render`].
    pub fn graph_picture(
        &self,
        categories: impl IntoIterator<Item: Into<CategoryRef>>,
    ) -> Result<Figure, ScanError> {
        let analysis = self.analysis()?;
        let categories = self.categories(categories)?;
        Ok(graph_picture(
            &analysis.regions().graph().view(&categories),
            analysis.layout(),
            &self.caption(),
            &GraphStyle::default(),
        )?)
    }

    /// The path of one text through the regions of every layer; `None` if there is no such row.
    ///
    /// # Errors
    /// As [`Scan::regions`]; [`ScanError::Render`].
    pub fn path_picture(&self, row: usize) -> Result<Option<Figure>, ScanError> {
        let analysis = self.analysis()?;
        let (grids, graph) = (analysis.regions().grids(), analysis.regions().graph());
        let Some(path) = graph.path(grids, row) else {
            return Ok(None);
        };
        let text = self.texts().and_then(|texts| texts.get(row));
        Ok(Some(path_picture(
            &graph.view_all(),
            analysis.layout(),
            &path,
            self.labels().row_categories()[row] as usize,
            text.map_or("", String::as_str),
            &self.caption(),
            &GraphStyle::default(),
        )?))
    }

    /// The filtered graph of some of its categories, numbered as there.
    pub(crate) fn filtered_graph_picture(
        &self,
        analysis: &Analysis,
        categories: &[usize],
    ) -> Result<Figure, ScanError> {
        Ok(graph_picture(
            &analysis.filtered_graph().view(categories),
            analysis.filtered_layout(),
            &self.caption(),
            &GraphStyle::default(),
        )?)
    }

    /// The metrics of each category's filtered graph; of very many categories those of the first.
    pub(crate) fn metrics_chart(&self, analysis: &Analysis) -> Result<Figure, ScanError> {
        let graph = analysis.filtered_graph();
        let names = graph.categories();
        let metrics: Vec<_> = (0..names.len().min(MAX_LINES))
            .map(|category| analysis.filtered_metrics(category))
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
        Ok(metrics_chart(
            &rows,
            &graph.category_sizes()[..rows.len()],
            graph.layers(),
            &self.caption(),
            &FigureStyle::default(),
        )?)
    }
}
