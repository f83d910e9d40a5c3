use crate::figure_style::FigureStyle;

/// Style of a region graph.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GraphStyle {
    /// Colors, size and font size.
    pub figure: FigureStyle,
    /// The maximum number of edges drawn, the heaviest first; the figure states when it omits any.
    pub edge_budget: usize,
}

impl Default for GraphStyle {
    /// Light, and at most 1,500 edges: more cannot be distinguished.
    fn default() -> Self {
        Self {
            figure: FigureStyle::default(),
            edge_budget: 1_500,
        }
    }
}

impl GraphStyle {
    /// Sets colors, size and font size.
    #[must_use]
    pub fn with_figure(self, figure: FigureStyle) -> Self {
        Self { figure, ..self }
    }

    /// Sets the maximum number of edges drawn.
    #[must_use]
    pub fn with_edge_budget(self, edge_budget: usize) -> Self {
        Self {
            edge_budget,
            ..self
        }
    }
}
