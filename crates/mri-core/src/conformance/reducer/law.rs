//! The laws as sentences; [`ReducerSuite::LAWS`](super::ReducerSuite::LAWS) lists them.

pub(super) const NO_ERROR: &str = "good input gives no error";
pub(super) const SHAPES: &str =
    "points have one row per row and one column per component, all finite";
pub(super) const TRANSFORM_SHAPE: &str = "transform gives one finite point per row";
pub(super) const SAME_BYTES: &str = "fitting again gives the same bytes";
pub(super) const LAYOUT: &str = "how the matrix lies in memory does not matter";
pub(super) const POINT_OF_ROW: &str = "a point belongs to its row";
pub(super) const TRAINING_ROWS: &str = "transform puts the training rows on their points";
pub(super) const ROW_ALONE: &str = "a row's point does not depend on the rows transformed with it";
pub(super) const ORDER: &str = "permuted rows give permuted points";
pub(super) const EQUAL_ROWS: &str = "equal rows give finite points or a typed error";
pub(super) const EQUAL_POINTS: &str = "equal rows have equal points";
pub(super) const CONSTANT_COLUMNS: &str = "constant columns give finite points";
pub(super) const FEW_ROWS: &str = "few rows give finite points or a typed error";
pub(super) const FIT_ERRORS: &str = "input that cannot be reduced gives the right error";
pub(super) const TRANSFORM_ERRORS: &str = "rows that cannot be placed give the right error";
pub(super) const CANCELLATION: &str = "a watch that stops the work gives Cancelled";
pub(super) const INVARIANCES: &str = "the claimed invariances hold";
pub(super) const FIT_ROWS: &str = "fit_rows gives what fit gives";
pub(super) const FIT_ROWS_ERRORS: &str = "rows that cannot be read give the right error";
pub(super) const ALIGNED_NEAR: &str = "aligned points stay near their initial points";
pub(super) const ALIGNED_SAME_BYTES: &str = "an aligned fit gives the same bytes again";
pub(super) const ALIGNED_ERRORS: &str =
    "initial points that do not fit the rows give the right error";
pub(super) const THREADS: &str = "the number of threads changes no bit";
