//! Region graphs and the paths of texts through them.

mod labels;
mod layout;
mod picture;
mod scene;
mod shapes;
mod style;

pub use picture::{graph_picture, path_picture};
pub use style::GraphStyle;
