use std::sync::Arc;

use mri_core::{Activations, Labels, Layer};
use mri_reduce::{Pca, reduce_stack};
use ndarray::Array2;

use crate::linear::case;

fn labels(n: usize) -> Arc<Labels> {
    Arc::new(Labels::from_names((0..n).map(|i| if i % 2 == 0 { "even" } else { "odd" })).unwrap())
}

#[test]
fn equal_rows_are_one_point_and_flagged() {
    let same = Array2::from_shape_fn((10, 6), |(i, j)| 1.0 + j as f32 + (i % 2) as f32 * 1e-7);
    let layers = [
        (Layer::resid(0), same),
        (Layer::resid(1), case("wide", 10, 6)),
    ];
    let activations = Activations::from_arrays(labels(10), layers).unwrap();
    let reduced = reduce_stack(&activations, &Pca::new(2), 2, &()).unwrap();
    let flat = reduced.embedding.get(Layer::resid(0)).unwrap();
    assert!(flat.degenerate && flat.coordinates.iter().all(|&v| v == 0.0));
    assert!(reduced.projections[0].is_none());
    let real = reduced.embedding.get(Layer::resid(1)).unwrap();
    assert!(!real.degenerate && reduced.projections[1].is_some());
}

#[test]
fn an_error_names_its_layer() {
    let mut bad = case("wide", 10, 6);
    bad[(3, 3)] = f32::NAN;
    let layers = [
        (Layer::resid(0), case("wide", 10, 6)),
        (Layer::resid(1), bad),
    ];
    let activations = Activations::from_arrays(labels(10), layers).unwrap();
    let message = reduce_stack(&activations, &Pca::new(2), 2, &())
        .err()
        .unwrap()
        .to_string();
    assert!(
        message.starts_with("layer resid.01: row 3, column 3 is NaN"),
        "{message}"
    );
}
