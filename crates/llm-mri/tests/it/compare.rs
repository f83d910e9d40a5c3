use std::fs;

use llm_mri::{Backend, CompareOptions, Scan, TextTokenizer};
use mri_core::{BackendError, Capture, Layer, ModelInfo, ModelKind, Site, TokenBatch};
use mri_extract::FakeBackend;
use ndarray::{Array2, ArrayView2};

use crate::common::{corpus, program, write_tokenizer};

const TEXTS: usize = 60;

/// Another model in other clothes: layer `l` is layer `l / times` of it, with its columns in
/// reverse and columns of zeros after them.
struct Stretched {
    inner: FakeBackend,
    info: ModelInfo,
    times: usize,
}

impl Stretched {
    fn new(inner: FakeBackend, times: usize, width: usize) -> Self {
        let info = ModelInfo {
            name: "stretched".to_owned(),
            n_blocks: inner.model().n_blocks * times,
            width,
            sites: vec![Site::Resid],
            ..inner.model().clone()
        };
        Self { inner, info, times }
    }
}

impl Backend for Stretched {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn forward(
        &mut self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, BackendError> {
        let inner = |layer: &Layer| Layer::resid(layer.index / self.times);
        let capture = Capture {
            layers: capture.layers.iter().map(inner).collect(),
            ..capture.clone()
        };
        let dressed = |rows: Array2<f32>| {
            let mut wide = Array2::zeros((rows.nrows(), self.info.width));
            for ((row, column), &value) in rows.indexed_iter() {
                wide[(row, rows.ncols() - 1 - column)] = value;
            }
            wide
        };
        let layers = self.inner.forward(batch, &capture)?;
        Ok(layers.into_iter().map(dressed).collect())
    }
}

fn scan(backend: impl Backend + 'static) -> Scan {
    let home = tempfile::tempdir().unwrap();
    write_tokenizer(home.path());
    let tokenizer = TextTokenizer::open(home.path(), backend.model(), None).unwrap();
    let builder = Scan::builder().backend(backend, tokenizer);
    builder.corpus(corpus(TEXTS)).grid(4).run().unwrap()
}

/// The layer of `n_b` whose relative depth is nearest to that of layer `a` of `n_a`; of two the
/// deeper.
fn nearest(a: usize, n_a: usize, n_b: usize) -> usize {
    let distance = |b: usize| (a * (n_b - 1)).abs_diff(b * (n_a - 1));
    (0..n_b).rev().min_by_key(|&b| distance(b)).unwrap()
}

/// Linear CKA by the definition: of the centred matrices of inner products of the texts.
fn cka_of_products(x: ArrayView2<'_, f32>, y: ArrayView2<'_, f32>) -> f64 {
    let products = |m: ArrayView2<'_, f32>| {
        let n = m.nrows() as f64;
        let m = m.mapv(f64::from);
        let gram = m.dot(&m.t());
        let rows = gram.sum_axis(ndarray::Axis(1)) / n;
        let all = rows.sum() / n;
        Array2::from_shape_fn(gram.dim(), |(i, j)| gram[(i, j)] - rows[i] - rows[j] + all)
    };
    let (k, l) = (products(x), products(y));
    let inner = |a: &Array2<f64>, b: &Array2<f64>| (a * b).sum();
    inner(&k, &l) / (inner(&k, &k) * inner(&l, &l)).sqrt()
}

#[test]
fn layers_of_a_deeper_model_are_paired_by_relative_depth() {
    let shapes = [(3, 8, 7, 12), (7, 12, 3, 8), (2, 6, 5, 6), (4, 8, 1, 16)];
    for (blocks_a, width_a, blocks_b, width_b) in shapes {
        let a = scan(FakeBackend::new(ModelKind::Encoder, blocks_a, width_a));
        let b = scan(FakeBackend::new(ModelKind::Encoder, blocks_b, width_b));
        let comparison = a.compare(&b, &CompareOptions::default()).unwrap();
        assert_eq!(comparison.layers.len(), blocks_a + 1);
        for (l, pair) in comparison.layers.iter().enumerate() {
            let wanted = nearest(l, blocks_a + 1, blocks_b + 1);
            assert_eq!((pair.a, pair.b), (Layer::resid(l), Layer::resid(wanted)));
            let Some(cka) = pair.cka else {
                assert_eq!(pair.measures(), [None; 4], "a layer without spread");
                continue;
            };
            let rows = |scan: &Scan, layer| scan.activations().get(layer).unwrap().load().unwrap();
            let expected = cka_of_products(rows(&a, pair.a).view(), rows(&b, pair.b).view());
            // The rows are f32, and the sums are taken in another order.
            assert!((cka - expected).abs() < 1e-5, "{l}: {cka} {expected}");
            for measure in pair.measures().into_iter().flatten() {
                assert!((-0.1..=1.0 + 1e-9).contains(&measure), "{l}: {measure}");
            }
        }
        assert!(comparison.layers.iter().any(|pair| pair.cka.is_some()));
    }
}

#[test]
fn a_model_is_known_again_in_wider_and_deeper_clothes() {
    let plain = || FakeBackend::new(ModelKind::Encoder, 3, 8);
    let (a, b) = (scan(plain()), scan(Stretched::new(plain(), 2, 20)));
    let comparison = a.compare(&b, &CompareOptions::default()).unwrap();
    assert_eq!(comparison.models, ["fake", "stretched"]);
    let mut compared = 0;
    for (l, pair) in comparison.layers.iter().enumerate() {
        assert_eq!(pair.b, Layer::resid(2 * l));
        let [Some(cka), Some(procrustes), Some(regions), Some(moved)] = pair.measures() else {
            continue;
        };
        compared += 1;
        assert!((cka - 1.0).abs() < 1e-6, "{l}: {cka}");
        assert!(procrustes < 1e-5, "{l}: {procrustes}");
        // A mirrored axis puts texts on the border of two cells into the other one.
        assert!(regions > 0.9, "{l}: {regions}");
        // Texts at equal distances are neighbours in the order of rounding.
        assert!(moved < 0.02, "{l}: {moved}");
    }
    assert!(compared >= 3);
}

#[test]
fn models_of_different_shape_have_pictures_tables_and_words() {
    let home = tempfile::tempdir().unwrap();
    let [a, b, out] = ["a", "b", "out"].map(|name| home.path().join(name));
    scan(FakeBackend::new(ModelKind::Encoder, 3, 8))
        .save(&a)
        .unwrap();
    scan(FakeBackend::new(ModelKind::Encoder, 7, 12))
        .save(&b)
        .unwrap();
    for folder in [&a, &b] {
        for picture in [
            "contact-sheet.svg",
            "graph.all.svg",
            "heatmaps.difference.svg",
        ] {
            let svg = fs::read_to_string(folder.join("figures").join(picture)).unwrap();
            assert!(svg.contains("<title>"), "{picture}");
        }
    }
    let said = program([
        "diff".as_ref(),
        a.as_os_str(),
        b.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
    ]);
    assert!(said.status.success(), "{said:?}");
    let printed = String::from_utf8(said.stdout).unwrap();
    assert!(printed.contains("resid.03  resid.07"), "{printed}");
    let table = fs::read_to_string(out.join("layers.csv")).unwrap();
    assert!(table.starts_with("layer_a,layer_b,cka,procrustes,regions,moved\n"));
    assert_eq!(table.lines().count(), 5);
    assert!(table.contains("\nresid.01,resid.02,"), "{table}");
}
