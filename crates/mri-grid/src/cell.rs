use std::fmt;

use serde::{Deserialize, Serialize};

/// A cell of a grid: its column and row, counted from 0 at the low end of each axis.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Cell {
    /// The bin along the first component.
    pub x: u16,
    /// The bin along the second component.
    pub y: u16,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.x, self.y)
    }
}
