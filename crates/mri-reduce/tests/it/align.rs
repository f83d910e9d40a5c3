use std::sync::Arc;

use mri_core::{Axis, Embedding, Labels, Layer, Points};
use mri_reduce::{RandomProjection, Reducer, align_layers};
use ndarray::{Array2, array};

use crate::linear::noise;

fn points(coordinates: Array2<f32>, degenerate: bool) -> Points {
    let axis = |i| Axis {
        name: format!("PC{i}"),
        explained_variance_ratio: Some(0.3),
    };
    Points {
        axes: (1..=coordinates.ncols()).map(axis).collect(),
        coordinates,
        degenerate,
    }
}

#[test]
fn turned_copies_of_a_layer_come_to_lie_on_it() {
    let first = noise(40, 2).mapv(|v| v as f32);
    let (sin, cos) = 2.1_f32.sin_cos();
    let turned = first.dot(&array![[cos, sin], [sin, -cos]]) + 5.0;
    let flat = Array2::zeros((40, 2));
    let labels = Arc::new(Labels::from_names((0..40).map(|i| ["a", "b"][i % 2])).unwrap());
    let stack = [
        points(flat.clone(), true),
        points(first.clone(), false),
        points(flat.clone(), true),
        points(turned, false),
    ];
    let layers = (0..).map(Layer::resid).zip(stack).collect();
    let (aligned, motions) = align_layers(&Embedding::new(labels, layers).unwrap()).unwrap();
    let at = |i| aligned.get(Layer::resid(i)).unwrap();
    assert_eq!(
        at(1).coordinates,
        first,
        "the first that is not degenerate is the frame"
    );
    assert_eq!(at(1).axes[0].name, "PC1");
    assert_eq!(at(2).coordinates, flat);
    let off = &at(3).coordinates - &first;
    assert!(
        off.iter().all(|v| v.abs() < 1e-5),
        "across the degenerate layer"
    );
    assert_eq!(at(3).axes[0].explained_variance_ratio, None);
    let moved: Vec<bool> = motions.iter().map(Option::is_some).collect();
    assert_eq!(moved, [false, false, false, true]);
}

#[test]
fn random_projections_keep_squared_distances_on_average() {
    let x = noise(30, 50).mapv(|v| v as f32);
    let square = |m: &Array2<f32>| {
        let d = &m.row(3) - &m.row(17);
        f64::from(d.dot(&d))
    };
    let runs = 400;
    let mean = (0..runs)
        .map(|seed| {
            square(
                &RandomProjection::new(4, seed)
                    .fit(x.view(), &())
                    .unwrap()
                    .points,
            )
        })
        .sum::<f64>()
        / runs as f64;
    // The relative standard error is √(2/4)/√400 = 0.035.
    assert!((mean / square(&x) - 1.0).abs() < 0.14, "{mean}");
}
