use mri_core::Component;

use super::projection::LinearProjection;
use crate::scaling::Scaling;

/// A fitted [`Pca`](crate::Pca) or [`Svd`](crate::Svd), without points.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearModel {
    /// The components with their shares of the variance.
    pub components: Vec<Component>,
    /// The variance of the scaled rows along each component (denominator n−1).
    pub explained_variance: Vec<f64>,
    /// Maps rows to points.
    pub projection: LinearProjection,
}

/// The parameters of a linear reducer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) components: usize,
    pub(crate) scaling: Scaling,
    /// Whether the mean of the scaled columns is subtracted.
    pub(crate) center: bool,
    /// The names of the components are this and a number from 1.
    pub(crate) prefix: &'static str,
}

/// A model from the centered sums of squares of the scaled rows along each component, and their
/// total over all columns.
pub(crate) fn model(
    plan: Plan,
    rows: usize,
    squares: &[f64],
    total: f64,
    projection: LinearProjection,
) -> LinearModel {
    let total = if total > 0.0 { total } else { 1.0 };
    // An eigenvalue of 0 may come out a rounding below it.
    let squares = squares[..plan.components].iter().map(|s| s.max(0.0));
    let components = squares.clone().enumerate().map(|(i, square)| Component {
        name: format!("{}{}", plan.prefix, i + 1),
        explained_variance_ratio: Some((square / total).min(1.0)),
    });
    LinearModel {
        components: components.collect(),
        explained_variance: squares.map(|s| s / (rows as f64 - 1.0)).collect(),
        projection,
    }
}
