//! The laws as sentences; [`BackendSuite::LAWS`](super::BackendSuite::LAWS) lists them.

pub(super) const NO_ERROR: &str = "good input gives no error";
pub(super) const DESCRIPTION: &str = "the model's description makes sense";
pub(super) const ONE_PER_LAYER: &str = "there is one matrix per layer asked for";
pub(super) const SHAPES: &str =
    "matrices have one row per text, the layer's columns and finite values";
pub(super) const LAYER_ORDER: &str =
    "matrices come in the order asked for, whatever else is recorded";
pub(super) const SAME_BYTES: &str = "the same call gives the same bytes";
pub(super) const TEXT_ORDER: &str = "rows come in the order of the texts";
pub(super) const TEXT_ALONE: &str =
    "the row of a text does not depend on its neighbors in the batch";
pub(super) const POOLING: &str = "a pooling is what its definition makes of the token states";
pub(super) const CAUSALITY: &str = "the states of a decoder do not depend on later tokens";
pub(super) const TEXTS_DIFFER: &str = "texts that differ have rows that differ";
pub(super) const FINAL_NORM: &str = "final_norm concerns the last residual layer only";
pub(super) const ERRORS: &str = "bad input gives the right error and leaves the backend as it was";
