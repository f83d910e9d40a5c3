use crate::figure_style::FigureStyle;

/// Style of a scatter animation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ScatterStyle {
    /// Colors, size and font size.
    pub figure: FigureStyle,
    /// The maximum number of texts drawn; the figure states when it omits any.
    pub point_budget: usize,
    /// Frames from one layer to the next, at least 1.
    pub steps: usize,
}

impl Default for ScatterStyle {
    /// Light, at most 1,500 texts, twelve frames (half a second) between layers.
    fn default() -> Self {
        Self {
            figure: FigureStyle::default(),
            point_budget: 1_500,
            steps: 12,
        }
    }
}

impl ScatterStyle {
    /// Sets colors, size and font size.
    #[must_use]
    pub fn with_figure(self, figure: FigureStyle) -> Self {
        Self { figure, ..self }
    }

    /// Sets the maximum number of texts drawn.
    #[must_use]
    pub fn with_point_budget(self, point_budget: usize) -> Self {
        Self {
            point_budget,
            ..self
        }
    }

    /// Sets the number of frames from one layer to the next.
    #[must_use]
    pub fn with_steps(self, steps: usize) -> Self {
        Self { steps, ..self }
    }
}
