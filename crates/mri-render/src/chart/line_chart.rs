/// Lines over layers (or any other positions along `x`), in one or several panels that share
/// series, colors and `x`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LineChart {
    /// Title of the figure.
    pub title: String,
    /// Further parts of the subtitle, such as how intervals were computed.
    pub notes: Vec<String>,
    /// Name of the horizontal axis, such as `layer`.
    pub x_name: String,
    /// Names of the positions along it.
    pub x: Vec<String>,
    /// The series, in the order of the lines of every panel.
    pub series: Vec<Series>,
    /// The panels, row by row.
    pub panels: Vec<LinePanel>,
}

/// A series with a line in every panel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Number of texts, if the legend is to state it.
    pub n: Option<usize>,
    /// Whether it is a baseline: dashed, gray and without markers.
    pub baseline: bool,
}

/// The lines of one quantity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinePanel {
    /// Name of the quantity, with its unit.
    pub name: String,
    /// Per series, the values along `x`; the line is interrupted at `None`.
    pub lines: Vec<Vec<Option<f64>>>,
    /// Per series, the lower and upper end of an interval around each value; may be empty.
    pub intervals: Vec<Vec<Option<[f64; 2]>>>,
    /// Values that the axis includes at least, such as `[0.0, 1.0]` for a score; `None` for only
    /// the values of the lines and intervals. An axis without 0 is stated in the figure.
    pub range: Option<[f64; 2]>,
}
