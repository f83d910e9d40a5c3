//! How alike two matrices over the same rows are.

mod cka;
mod neighbor_overlap;
mod procrustes;

pub use cka::linear_cka;
pub use neighbor_overlap::neighbor_overlap;
pub use procrustes::{Procrustes, instability};
