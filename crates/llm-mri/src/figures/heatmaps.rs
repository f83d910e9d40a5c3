use mri_core::Layer;
use mri_graph::Contrast;
use mri_render::{Figure, HeatmapStyle, contact_sheets, difference_sheet, heatmap_sheet};

use crate::error::ScanError;
use crate::figures::quantity::Quantity;
use crate::scan::Scan;
use crate::scan::category::CategoryRef;

/// The q up to which a cell is drawn as significant.
const ALPHA: f64 = 0.05;

impl Scan {
    /// The heatmap of one category in one layer.
    ///
    /// ```no_run
    /// use llm_mri::{Layer, Scan};
    /// let scan = Scan::open("scan-out")?;
    /// scan.heatmap(Layer::resid(3), "law")?.save("law-in-layer-3.svg")?;
    /// # Ok::<(), llm_mri::ScanError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Scan::heatmaps`]; [`ScanError::NoLayer`].
    pub fn heatmap(
        &self,
        layer: Layer,
        category: impl Into<CategoryRef>,
    ) -> Result<Figure, ScanError> {
        self.maps()?.find(layer)?;
        let style = HeatmapStyle::default().with_layers([layer]);
        self.heatmaps_styled(Quantity::category(category), &style)
    }

    /// The heatmaps of all layers under one color scale.
    ///
    /// # Errors
    /// As [`Scan::regions`]; [`ScanError::UnknownCategory`]; [`ScanError::Render`].
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
        let (maps, regions) = (self.maps()?, self.regions()?);
        Ok(heatmap_sheet(
            regions.grids(),
            maps.embedding(),
            quantity.resolve(self)?,
            &self.caption(),
            style,
        )?)
    }

    /// The difference of two sides, layer by layer, with cells that are not significant faded.
    ///
    /// # Errors
    /// As [`Scan::regions`]; [`ScanError::Graph`] if a side has no texts; [`ScanError::Render`].
    pub fn difference(&self, contrast: &Contrast) -> Result<Figure, ScanError> {
        let analysis = self.analysis()?;
        let tests = analysis.cell_tests(contrast)?;
        Ok(difference_sheet(
            analysis.regions().grids(),
            self.maps()?.embedding(),
            contrast,
            &tests,
            ALPHA,
            &self.caption(),
            &HeatmapStyle::default(),
        )?)
    }

    /// The heatmaps of all categories, a row each, in as many pages as they need.
    pub(crate) fn contact_sheets(&self) -> Result<Vec<Figure>, ScanError> {
        let (maps, regions) = (self.maps()?, self.regions()?);
        Ok(contact_sheets(
            regions.grids(),
            maps.embedding(),
            &self.caption(),
            &HeatmapStyle::default(),
        )?)
    }
}
