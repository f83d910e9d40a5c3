/// The cells per side of a grid up to which heatmaps are drawn: with the least size of a cell that
/// can be seen, a panel is then as wide as a large screen.
pub const MAX_DRAWN_SIDE: usize = 1_000;
