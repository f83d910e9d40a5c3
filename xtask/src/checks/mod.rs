//! Rules of the workspace that no lint of the compiler knows.

mod dependencies;
mod imports;
mod licenses;
mod own_crate;
mod paths;
mod style;

pub(crate) use dependencies::check_dependencies;
pub(crate) use imports::check_imports;
pub(crate) use licenses::check_licenses;
pub(crate) use own_crate::check_own_crate;
pub(crate) use style::check_style;
