//! A few leading eigenvectors of a positive semidefinite matrix that is known by its products with
//! vectors, and the proof that they are the leading ones.

mod leading;
mod problem;
mod proof;
mod space;

pub(crate) use leading::{FULL, leading, leading_eigen, most_steps};
pub(crate) use problem::Problem;
pub(crate) use proof::NEGLIGIBLE;
