use mri_core::conformance::{Invariance, ReducerSuite};
use mri_reduce::{Distance, Pacmap, Pca, RandomProjection, Reducer, Scaling, Svd, Tsne, Umap};

fn check(suite: &ReducerSuite, reducer: &dyn Reducer, what: &str) {
    suite
        .check(reducer)
        .and_then(|()| {
            suite.check_threads(reducer, &|threads, work| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                pool.build().unwrap().install(work);
            })
        })
        .unwrap_or_else(|violation| panic!("{what}: {violation}"));
}

/// What each scaling makes of a change of the rows; PCA subtracts the mean in any case.
fn invariances(scaling: Scaling, centered: bool) -> Vec<Invariance> {
    use Invariance::{ColumnScale, Scale, ScaleWithPoints, Shift};
    match scaling {
        Scaling::None if centered => vec![Shift, ScaleWithPoints],
        Scaling::None => vec![ScaleWithPoints],
        Scaling::Center => vec![Shift, ScaleWithPoints],
        Scaling::Standardize | Scaling::MinMax => vec![Shift, Scale, ColumnScale],
    }
}

#[test]
fn pca_and_svd_conform() {
    for scaling in [
        Scaling::None,
        Scaling::Center,
        Scaling::Standardize,
        Scaling::MinMax,
    ] {
        for n_components in [1, 2, 5] {
            let suite = ReducerSuite::linear();
            let pca = Pca {
                n_components,
                scaling,
            };
            let svd = Svd {
                n_components,
                scaling,
            };
            let what = format!("{n_components} components, {scaling:?}");
            let claims = suite.clone().with_invariances(invariances(scaling, true));
            check(&claims, &pca, &format!("PCA, {what}"));
            let claims = suite.with_invariances(invariances(scaling, false));
            check(&claims, &svd, &format!("SVD, {what}"));
        }
    }
}

#[test]
fn random_projections_conform() {
    for scaling in [Scaling::None, Scaling::Center, Scaling::Standardize] {
        for (n_components, seed) in [(1, 0), (2, 1), (7, 2)] {
            let reducer = RandomProjection {
                n_components,
                scaling,
                seed,
            };
            let suite = ReducerSuite::linear().with_invariances(invariances(scaling, false));
            check(&suite, &reducer, &format!("{reducer:?}"));
        }
    }
}

#[test]
fn umap_conforms() {
    for (n_components, metric, scaling) in [
        (2, Distance::Euclidean, Scaling::Center),
        (1, Distance::Cosine, Scaling::None),
        (3, Distance::Cosine, Scaling::MinMax),
        (5, Distance::Euclidean, Scaling::Standardize),
    ] {
        let reducer = Umap {
            n_epochs: Some(100),
            metric,
            scaling,
            ..Umap::new(n_components, 3)
        };
        // Powers of two change no bit; a shift changes the last ones, which grow.
        let suite = ReducerSuite::neighbors().with_invariances([Invariance::Scale]);
        check(&suite, &reducer, &format!("{reducer:?}"));
    }
}

#[test]
fn tsne_conforms() {
    for (n_components, metric, scaling) in [
        (2, Distance::Euclidean, Scaling::Center),
        (1, Distance::Cosine, Scaling::None),
        (3, Distance::Cosine, Scaling::MinMax),
        (5, Distance::Euclidean, Scaling::Standardize),
    ] {
        let reducer = Tsne {
            n_epochs: 150,
            metric,
            scaling,
            ..Tsne::new(n_components, 3)
        };
        // Powers of two change no bit; a shift changes the last ones, which grow.
        let suite = ReducerSuite::neighbors().with_invariances([Invariance::Scale]);
        check(&suite, &reducer, &format!("{reducer:?}"));
    }
}

#[test]
fn pacmap_conforms() {
    for (n_components, metric, scaling) in [
        (2, Distance::Euclidean, Scaling::Center),
        (1, Distance::Cosine, Scaling::None),
        (3, Distance::Cosine, Scaling::MinMax),
        (5, Distance::Euclidean, Scaling::Standardize),
    ] {
        let reducer = Pacmap {
            n_epochs: 150,
            metric,
            scaling,
            ..Pacmap::new(n_components, 3)
        };
        // Powers of two change no bit; a shift changes the last ones, which grow.
        let suite = ReducerSuite::neighbors().with_invariances([Invariance::Scale]);
        check(&suite, &reducer, &format!("{reducer:?}"));
    }
}
