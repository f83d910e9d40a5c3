use mri_core::Layer;

use crate::figure_style::FigureStyle;

/// Style of a heatmap.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct HeatmapStyle {
    /// Colors, size and font size.
    pub figure: FigureStyle,
    /// The layers to draw; `None` for all.
    pub layers: Option<Vec<Layer>>,
}

impl HeatmapStyle {
    /// Sets colors, size and font size.
    #[must_use]
    pub fn with_figure(self, figure: FigureStyle) -> Self {
        Self { figure, ..self }
    }

    /// Draws these layers only.
    #[must_use]
    pub fn with_layers(self, layers: impl IntoIterator<Item = Layer>) -> Self {
        let layers = Some(layers.into_iter().collect());
        Self { layers, ..self }
    }

    pub(crate) fn includes(&self, layer: Layer) -> bool {
        let layers = self.layers.as_ref();
        layers.is_none_or(|layers| layers.contains(&layer))
    }
}
