//! What is drawn of a scan: figures, an animation, and the report.

pub(crate) mod animation;
pub(crate) mod facts;
pub(crate) mod graph;
pub(crate) mod heatmaps;
pub(crate) mod names;
pub(crate) mod quantity;
pub(crate) mod report;

use mri_graph::Contrast;
use mri_render::{Figure, FigureStyle, MAX_DRAWN_SIDE, scree, undrawable_letters};

use self::names::category_file_name;
use self::quantity::Quantity;
use crate::error::ScanError;
use crate::scan::Scan;
use crate::scan::analysis::{Analysis, MAX_MEASURED_REGIONS};
use crate::scan::bounds::MAX_DRAWN_REGIONS;

/// A figure that is to be drawn.
pub(crate) enum Picture {
    Heatmaps(Quantity),
    Difference(Contrast),
    /// All categories, in as many pages as they need.
    ContactSheets,
    /// The filtered graph of some of its categories.
    Graph(Vec<usize>),
    Metrics,
    Variance,
}

impl Scan {
    /// All figures of the scan with the names of their files: heatmaps of all layers for all texts
    /// and for each category (and their difference with its significance, where there are two),
    /// contact sheets of all categories, the graph of each category and of all together, their
    /// metrics, and how much variance the maps keep where the reducer knows. The settings of the
    /// graph select categories, regions and transitions; of more than 30 categories only the
    /// largest have figures of their own, unless the settings name them. [`Scan::omissions`] says
    /// what is left out.
    ///
    /// # Errors
    /// As [`Scan::regions`]; [`ScanError::Render`].
    pub fn figures(&self) -> Result<Vec<(String, Figure)>, ScanError> {
        let mut figures = Vec::new();
        for (name, picture) in self.pictures()? {
            figures.extend(self.draw(&name, &picture)?);
        }
        Ok(figures)
    }

    /// The figures that there are to be drawn, with their names.
    pub(crate) fn pictures(&self) -> Result<Vec<(String, Picture)>, ScanError> {
        let analysis = self.analysis()?;
        let selected = analysis.filtered_categories();
        let heatmaps = analysis.regions().binning().side() <= MAX_DRAWN_SIDE;
        let regions = analysis.filtered_graph().graph().node_count();
        let graphs = regions <= MAX_DRAWN_REGIONS;
        let mut pictures = Vec::new();
        let mut add = |name: &str, picture: Picture| {
            let drawn = match &picture {
                Picture::Heatmaps(_) | Picture::Difference(_) | Picture::ContactSheets => heatmaps,
                Picture::Graph(_) => graphs,
                Picture::Metrics => regions <= MAX_MEASURED_REGIONS,
                Picture::Variance => true,
            };
            if drawn {
                pictures.push((name.to_owned(), picture));
            }
        };
        add("heatmaps.all", Picture::Heatmaps(Quantity::Texts));
        if let [a, b] = *selected {
            let difference = match Contrast::among(selected, self.labels()).as_slice() {
                [pair] => Picture::Difference(pair.clone()),
                // One of the two has no texts, so that there is nothing to test.
                _ => Picture::Heatmaps(Quantity::difference(a, b)),
            };
            add("heatmaps.difference", difference);
        }
        add("contact-sheet", Picture::ContactSheets);
        // The filtered graph numbers its categories anew.
        add("graph.all", Picture::Graph((0..selected.len()).collect()));
        let names = self.labels().category_names();
        for &category in analysis.shown_categories() {
            let name = category_file_name(category, &names[category]);
            let heatmaps = Picture::Heatmaps(Quantity::category(category));
            add(&format!("heatmaps.{name}"), heatmaps);
            let in_graph = selected.partition_point(|&other| other < category);
            add(&format!("graph.{name}"), Picture::Graph(vec![in_graph]));
        }
        add("metrics", Picture::Metrics);
        let mut maps = self.maps()?.embedding().iter();
        if maps.any(|(_, map)| {
            let mut shares = map.components.iter().map(|c| c.explained_variance_ratio);
            shares.any(|share| share.is_some())
        }) {
            add("variance", Picture::Variance);
        }
        Ok(pictures)
    }

    /// A picture under its name, or its pages with their numbers after the name.
    pub(crate) fn draw(
        &self,
        name: &str,
        picture: &Picture,
    ) -> Result<Vec<(String, Figure)>, ScanError> {
        let analysis: &Analysis = self.analysis()?;
        let figure = match picture {
            Picture::Heatmaps(quantity) => self.heatmaps(quantity.clone())?,
            Picture::Difference(contrast) => self.difference(contrast)?,
            Picture::Graph(categories) => self.filtered_graph_picture(analysis, categories)?,
            Picture::Metrics => self.metrics_chart(analysis)?,
            Picture::Variance => {
                let maps = self.maps()?.embedding();
                scree(maps, &self.caption(), &FigureStyle::default())?
            }
            Picture::ContactSheets => {
                let pages = self.contact_sheets()?;
                let several = pages.len() > 1;
                let named = (1..).zip(pages).map(|(number, page)| match several {
                    true => (format!("{name}.page-{number:02}"), page),
                    false => (name.to_owned(), page),
                });
                return Ok(named.collect());
            }
        };
        Ok(vec![(name.to_owned(), figure)])
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
