//! What is drawn of a scan: figures, an animation, and the report.

pub(crate) mod animation;
pub(crate) mod facts;
pub(crate) mod graph;
pub(crate) mod heatmaps;
pub(crate) mod names;
pub(crate) mod quantity;
pub(crate) mod report;

use mri_graph::Contrast;
use mri_render::{Figure, FigureStyle, scree, undrawable_letters};

use self::names::category_file_name;
use self::quantity::Quantity;
use crate::error::ScanError;
use crate::scan::Scan;
use crate::scan::analysis::MAX_MEASURED_REGIONS;

impl Scan {
    /// All figures of the scan with the names of their files: heatmaps of all layers for all texts
    /// and for each category (and their difference with its significance, where there are two), a
    /// contact sheet of all categories, the graph of each category and of all together, their
    /// metrics, and how much variance the maps keep where the reducer knows. The settings of the
    /// graph select categories, regions and transitions.
    ///
    /// # Errors
    /// As [`Scan::regions`]; [`ScanError::Render`].
    pub fn figures(&self) -> Result<Vec<(String, Figure)>, ScanError> {
        let analysis = self.analysis()?;
        let selected = analysis.filtered_categories();
        let names = self.labels().category_names();
        let mut figures = vec![("heatmaps.all".to_owned(), self.heatmaps(Quantity::Texts)?)];
        if let [a, b] = *selected {
            let difference = match Contrast::among(selected, self.labels()).as_slice() {
                [pair] => self.difference(pair)?,
                // One of the two has no texts, so that there is nothing to test.
                _ => self.heatmaps(Quantity::difference(a, b))?,
            };
            figures.push(("heatmaps.difference".to_owned(), difference));
        }
        figures.push(("contact-sheet".to_owned(), self.contact_sheet()?));
        // The filtered graph numbers its categories anew.
        let all: Vec<usize> = (0..selected.len()).collect();
        let graph = self.filtered_graph_picture(analysis, &all)?;
        figures.push(("graph.all".to_owned(), graph));
        for (in_graph, &category) in selected.iter().enumerate() {
            let name = category_file_name(category, &names[category]);
            let heatmaps = self.heatmaps(Quantity::category(category))?;
            figures.push((format!("heatmaps.{name}"), heatmaps));
            let graph = self.filtered_graph_picture(analysis, &[in_graph])?;
            figures.push((format!("graph.{name}"), graph));
        }
        if analysis.filtered_graph().graph().node_count() <= MAX_MEASURED_REGIONS {
            figures.push(("metrics".to_owned(), self.metrics_chart(analysis)?));
        }
        let embedding = self.maps()?.embedding();
        let mut components = embedding.iter().flat_map(|(_, points)| &points.components);
        if components.any(|c| c.explained_variance_ratio.is_some()) {
            let figure = scree(embedding, &self.caption(), &FigureStyle::default())?;
            figures.push(("variance".to_owned(), figure));
        }
        Ok(figures)
    }

    /// The characters of labels and names for which this system has no font. PNG and GIF show their
    /// code points instead; SVG and the report contain the characters themselves.
    #[must_use]
    pub fn undrawable_letters(&self) -> Vec<char> {
        let caption = self.caption();
        let names = self.labels().category_names().iter().cloned();
        let all: String = names.chain([caption.model, caption.corpus]).collect();
        undrawable_letters(&all)
    }
}
