//! The map of a layer as a scatter plot, animated through the layers.

mod animation;
mod frames;
mod style;
mod viewport;

pub use animation::{Animation, scatter_animation};
pub use style::ScatterStyle;
