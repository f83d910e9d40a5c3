//! The pictures of a scan.

use mri_render::{
    Figure, GraphStyle, HeatmapStyle, LayeredLayout, Quantity, graph_picture, heatmap_sheet,
};

use crate::{Scan, ScanError};

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

    /// All pictures of the scan with the names of their files: heatmaps of all layers for all texts
    /// and for each category (and their difference, where there are two), the graph of each
    /// category and of all together. Empty unless there are two components.
    ///
    /// # Errors
    /// [`ScanError::Render`].
    pub fn figures(&self) -> Result<Vec<(String, Figure)>, ScanError> {
        let Some(graph) = &self.graph else {
            return Ok(Vec::new());
        };
        let names = self.labels().names();
        let layout = LayeredLayout::of(graph);
        let caption = self.caption();
        let picture = |categories: &[usize]| {
            let style = GraphStyle::default();
            graph_picture(&graph.view(categories), &layout, &caption, &style)
        };
        let mut figures = vec![("heatmaps.all".to_owned(), self.heatmaps(Quantity::Texts)?)];
        if names.len() == 2 {
            let difference = self.heatmaps(Quantity::Difference(0, 1))?;
            figures.push(("heatmaps.difference".to_owned(), difference));
        }
        let all: Vec<usize> = (0..names.len()).collect();
        figures.push(("graph.all".to_owned(), picture(&all)?));
        for (category, name) in names.iter().enumerate() {
            let name = file_name(category, name);
            figures.push((
                format!("heatmaps.{name}"),
                self.heatmaps(Quantity::Category(category))?,
            ));
            figures.push((format!("graph.{name}"), picture(&[category])?));
        }
        Ok(figures)
    }
}

/// A file name for a category: its number and what of its name every file system takes.
fn file_name(category: usize, name: &str) -> String {
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
