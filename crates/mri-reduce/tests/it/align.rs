use std::sync::Arc;

use mri_core::{Activations, Component, Embedding, Labels, Layer, Points, RowSource};
use mri_reduce::{
    Pca, QualityOptions, RandomProjection, ReduceError, Reducer, Tsne, Umap, align_layers, quality,
    reduce_layer_aligned, reduce_stack, reduce_stack_aligned,
};
use ndarray::{Array2, ArrayView2, array, s};

use crate::linear::noise;
use crate::umap::rows;

fn points(coordinates: Array2<f32>, degenerate: bool) -> Points {
    let axis = |i| Component {
        name: format!("PC{i}"),
        explained_variance_ratio: Some(0.3),
    };
    Points {
        components: (1..=coordinates.ncols()).map(axis).collect(),
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
    assert_eq!(at(1).components[0].name, "PC1");
    assert_eq!(at(2).coordinates, flat);
    let off = &at(3).coordinates - &first;
    assert!(
        off.iter().all(|v| v.abs() < 1e-5),
        "across the degenerate layer"
    );
    assert_eq!(at(3).components[0].explained_variance_ratio, None);
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

fn stack(layers: Vec<Array2<f32>>) -> Activations {
    let n = layers[0].nrows();
    let labels = Arc::new(Labels::from_names((0..n).map(|i| ["a", "b"][i % 2])).unwrap());
    let layers = layers
        .into_iter()
        .map(|x| Arc::new(x) as Arc<dyn RowSource>);
    let layers = (0..).map(Layer::resid).zip(layers).collect();
    Activations::new(labels, layers).unwrap()
}

/// The mean way of points from one layer to the next, as a share of the radius of the first.
fn moved(embedding: &Embedding) -> Vec<f32> {
    let all: Vec<_> = embedding.iter().map(|(_, p)| &p.coordinates).collect();
    let way = |pair: &[&Array2<f32>]| {
        let length = |m: Array2<f32>| m.map_axis(ndarray::Axis(1), |v| v.dot(&v));
        let mean = pair[0].mean_axis(ndarray::Axis(0)).unwrap();
        let radius = length(pair[0] - &mean).mean().unwrap().sqrt();
        length(pair[1] - pair[0]).mapv(f32::sqrt).mean().unwrap() / radius
    };
    all.windows(2).map(way).collect()
}

/// Rows turned in their own space: nothing that a reducer by neighbors sees has changed.
fn rotated(x: ArrayView2<'_, f32>) -> Array2<f32> {
    let mut x = x.to_owned();
    for i in 0..x.ncols() - 1 {
        let (sin, cos) = (0.3 + i as f32).sin_cos();
        for mut row in x.rows_mut() {
            let (a, b) = (row[i], row[i + 1]);
            (row[i], row[i + 1]) = (cos * a - sin * b, sin * a + cos * b);
        }
    }
    x
}

#[test]
fn layers_that_hold_the_same_give_the_same_map() {
    let x = rows(300);
    let same = stack(vec![x.clone(), x.clone(), rotated(x.view())]);
    let reducers: [(&dyn Reducer, f32); 3] = [
        // UMAP's pushes are drawn by chance, so its points are never quite at rest.
        (&Umap::default(), 0.05),
        (&Tsne::default(), 0.005),
        (&Pca::new(2), 1e-4),
    ];
    for (reducer, bound) in reducers {
        let aligned = reduce_stack_aligned(&same, reducer, 2, &()).unwrap();
        let moved = moved(&aligned.embedding);
        // Standardized columns are not those of turned rows, which is right for PCA.
        let checked = if bound < 1e-3 {
            &moved[..1]
        } else {
            &moved[..]
        };
        assert!(
            checked.iter().all(|m| *m < bound),
            "{}: {moved:?}",
            reducer.name()
        );
    }
}

#[test]
fn points_of_layers_in_one_frame_move_less_and_keep_their_neighbors() {
    // Rows that drift from layer to layer, around a degenerate one.
    let (x, z) = (rows(300), rows(301));
    let drift = z.slice(s![1.., ..]);
    let mut layers: Vec<_> = (0..4).map(|l| &x + &(&drift * (0.15 * l as f32))).collect();
    layers.insert(2, Array2::ones(x.dim()));
    let layers = stack(layers);
    for reducer in [&Umap::new(2, 1) as &dyn Reducer, &Tsne::new(2, 1)] {
        let own = reduce_stack(&layers, reducer, 2, &()).unwrap();
        let one = reduce_stack_aligned(&layers, reducer, 2, &()).unwrap();
        let kept = |embedding: &Embedding, layer: usize| {
            let points = &embedding.get(Layer::resid(layer)).unwrap().coordinates;
            let x = layers.get(Layer::resid(layer)).unwrap().load().unwrap();
            let options = QualityOptions::default();
            let (q, _) = quality(x.view(), points.view(), None, &options, &()).unwrap();
            q.trustworthiness
        };
        let without_point = |e: &Embedding| {
            let maps = e.iter().filter(|(_, p)| !p.degenerate);
            let maps = maps.map(|(l, p)| (l, p.clone())).collect();
            moved(&Embedding::new(e.labels().clone(), maps).unwrap())
        };
        let (before, after) = (without_point(&own.embedding), without_point(&one.embedding));
        let (far, near) = (before.iter().sum::<f32>(), after.iter().sum::<f32>());
        assert!(
            2.0 * near < far,
            "{}: {after:?} of {before:?}",
            reducer.name()
        );
        for layer in [0, 1, 3, 4] {
            let (own, one) = (kept(&own.embedding, layer), kept(&one.embedding, layer));
            assert!(
                one > own - 0.02,
                "{} {layer}: {one} of {own}",
                reducer.name()
            );
        }
        assert!(one.projections[2].is_none());
        // One layer alone, near the map before, comes out the same: bits, and places of new rows.
        let last = &one.embedding.get(Layer::resid(3)).unwrap().coordinates;
        let alone = layers.get(Layer::resid(4)).unwrap();
        let alone =
            reduce_layer_aligned(alone.as_ref(), reducer, 2, Some(last.view()), &()).unwrap();
        let map = one.embedding.get(Layer::resid(4)).unwrap();
        assert_eq!(alone.points.coordinates, map.coordinates);
        let new = x.slice(s![..20, ..]);
        let place =
            |p: &Option<Box<dyn mri_core::Projection>>| p.as_ref().unwrap().transform(new).unwrap();
        assert_eq!(place(&alone.projection), place(&one.projections[4]));
    }
}

#[test]
fn no_thread_changes_points_from_initial_points_and_wrong_ones_are_refused() {
    let x = rows(120);
    let init = rows(120).slice(s![.., ..2]).to_owned();
    for reducer in [&Umap::default() as &dyn Reducer, &Tsne::default()] {
        let fit = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let fit = || {
                reducer
                    .fit_aligned(x.view(), init.view(), &())
                    .unwrap()
                    .unwrap()
            };
            pool.unwrap().install(fit).points
        };
        assert_eq!(fit(1), fit(2));
        assert_eq!(fit(1), fit(5));
        let mut infinite = init.clone();
        infinite[(3, 1)] = f32::INFINITY;
        for wrong in [init.slice(s![1.., ..]), x.view(), infinite.view()] {
            let e = reducer.fit_aligned(x.view(), wrong, &()).unwrap_err();
            let named = matches!(
                e,
                ReduceError::Parameter {
                    parameter: "init",
                    ..
                }
            );
            assert!(named, "{e}");
        }
    }
}

#[test]
fn new_rows_are_turned_with_the_layer() {
    // Standardized columns of the opposite sign give the mirrored map.
    let x = rows(80);
    let layers = stack(vec![x.clone(), x.mapv(|v| -v)]);
    let reduced = reduce_stack_aligned(&layers, &Pca::new(2), 2, &()).unwrap();
    for ((layer, map), projection) in reduced.embedding.iter().zip(&reduced.projections) {
        let x = layers.get(layer).unwrap().load().unwrap();
        let placed = projection.as_ref().unwrap().transform(x.view()).unwrap();
        let off = &placed - &map.coordinates;
        assert!(off.iter().all(|v| v.abs() < 1e-4), "{layer}");
    }
}
