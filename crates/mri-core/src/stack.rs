use std::collections::HashSet;
use std::sync::Arc;

use ndarray::Array2;

use crate::error::CoreError;
use crate::labels::Labels;
use crate::layer::Layer;
use crate::reducer::Component;
use crate::rows::RowSource;

/// Anything that has one row per text.
pub trait RowCount {
    /// The number of rows.
    fn row_count(&self) -> usize;
}

/// One `M` per recorded layer, with the labels of the rows they share.
///
/// **Invariant:** every `M` has exactly as many rows as there are labels, no layer occurs twice,
/// and the layers stand in the order in which they were given.
#[derive(Debug, Clone)]
pub struct LayerStack<M> {
    labels: Arc<Labels>,
    entries: Vec<(Layer, M)>,
}

/// The hidden activations of a model: per layer a matrix of shape (texts, width).
pub type Activations = LayerStack<Arc<dyn RowSource>>;

/// The maps of a model: per layer the reduced [`Points`], of shape (texts, components).
pub type Embedding = LayerStack<Points>;

/// Rows in a neighborhood of UMAP by default.
const NEIGHBORHOOD: usize = 15;

/// Points that differ by less than this share of the largest coordinate count as equal: a linear
/// map computes equal rows in different blocks, and rounds them differently.
const ROUNDING: f64 = 1e-5;

/// The map of one layer: its rows reduced to points.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    /// Shape (texts, components).
    pub coordinates: Array2<f32>,
    /// What the columns are, one entry per component.
    pub components: Vec<Component>,
    /// All rows of the layer were equal (the embedding output under first-token pooling, say), and
    /// every point is the origin.
    pub degenerate: bool,
}

impl Points {
    /// How many different points there are, where texts share points and there are fewer of these
    /// than rows in a usual neighborhood: such a map says little. Equal rows have equal points, so
    /// that a decoder's embedding output has as many as there are last tokens, whatever the number
    /// of texts. Points that differ by rounding count as equal.
    #[must_use]
    pub fn few_distinct(&self) -> Option<usize> {
        let coordinates = &self.coordinates;
        let largest = coordinates.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        // Points that are all at the origin are one.
        let step = (f64::from(largest) * ROUNDING).max(f64::MIN_POSITIVE);
        let place = |v: &f32| (f64::from(*v) / step).round() as i64;
        let mut distinct: HashSet<Vec<i64>> = HashSet::new();
        for row in coordinates.rows() {
            distinct.insert(row.iter().map(place).collect());
            if distinct.len() == NEIGHBORHOOD {
                return None;
            }
        }
        (distinct.len() < coordinates.nrows()).then_some(distinct.len())
    }
}

impl RowCount for Points {
    fn row_count(&self) -> usize {
        self.coordinates.nrows()
    }
}

impl RowCount for Array2<f32> {
    fn row_count(&self) -> usize {
        self.nrows()
    }
}

impl RowCount for Arc<dyn RowSource> {
    fn row_count(&self) -> usize {
        self.size().0
    }
}

impl<M: RowCount> LayerStack<M> {
    /// A stack whose matrices all have one row per label.
    ///
    /// # Errors
    /// [`CoreError::RowMismatch`] or [`CoreError::DuplicateLayer`].
    pub fn new(labels: Arc<Labels>, entries: Vec<(Layer, M)>) -> Result<Self, CoreError> {
        for (i, (layer, matrix)) in entries.iter().enumerate() {
            if matrix.row_count() != labels.len() {
                return Err(CoreError::RowMismatch {
                    layer: *layer,
                    rows: matrix.row_count(),
                    labels: labels.len(),
                });
            }
            if entries[..i].iter().any(|(other, _)| other == layer) {
                return Err(CoreError::DuplicateLayer { layer: *layer });
            }
        }
        Ok(Self { labels, entries })
    }
}

impl<M> LayerStack<M> {
    /// The labels of the rows.
    #[must_use]
    pub fn labels(&self) -> &Arc<Labels> {
        &self.labels
    }

    /// The layers in their order.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = Layer> + '_ {
        self.entries.iter().map(|(layer, _)| *layer)
    }

    /// The layers with their matrices.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Layer, &M)> + '_ {
        self.entries.iter().map(|(layer, matrix)| (*layer, matrix))
    }

    /// The matrix of a layer.
    #[must_use]
    pub fn get(&self, layer: Layer) -> Option<&M> {
        self.entries
            .iter()
            .find(|(other, _)| *other == layer)
            .map(|(_, matrix)| matrix)
    }

    /// How many layers the stack has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the stack has no layer at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Activations {
    /// Activations from matrices in memory.
    ///
    /// # Errors
    /// As [`LayerStack::new`].
    pub fn from_arrays(
        labels: Arc<Labels>,
        matrices: impl IntoIterator<Item = (Layer, Array2<f32>)>,
    ) -> Result<Self, CoreError> {
        let entries = matrices
            .into_iter()
            .map(|(layer, matrix)| (layer, Arc::new(matrix) as Arc<dyn RowSource>))
            .collect();
        Self::new(labels, entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_counted_once() {
        let points = Points {
            coordinates: ndarray::array![[1.0, 0.0], [2.0, 0.0], [1.000_001, -0.0], [2.0, 0.5]],
            components: Vec::new(),
            degenerate: false,
        };
        assert_eq!(points.few_distinct(), Some(3));
        let of = |coordinates: Array2<f32>| Points {
            coordinates,
            ..points.clone()
        };
        assert_eq!(of(Array2::zeros((9, 2))).few_distinct(), Some(1));
        let all_differ = Array2::from_shape_fn((9, 2), |(i, _)| i as f32);
        assert_eq!(of(all_differ).few_distinct(), None);
        let many = |n: usize| Array2::from_shape_fn((40, 2), |(i, _)| (i % n) as f32);
        assert_eq!(of(many(14)).few_distinct(), Some(14));
        assert_eq!(of(many(15)).few_distinct(), None);
    }

    #[test]
    fn rows_are_checked_against_labels() {
        let labels = Arc::new(Labels::from_names(["a", "b"]).unwrap());
        let bad = Activations::from_arrays(
            labels.clone(),
            [
                (Layer::resid(0), Array2::zeros((2, 3))),
                (Layer::resid(1), Array2::zeros((3, 3))),
            ],
        );
        let expected = CoreError::RowMismatch {
            layer: Layer::resid(1),
            rows: 3,
            labels: 2,
        };
        assert_eq!(bad.err(), Some(expected));
        let twice = [0, 0].map(|i| (Layer::resid(i), Array2::zeros((2, 3))));
        let bad = Activations::from_arrays(labels, twice);
        assert_eq!(
            bad.err(),
            Some(CoreError::DuplicateLayer {
                layer: Layer::resid(0)
            })
        );
    }
}
