use mri_core::conformance::BackendSuite;
use mri_core::{Backend, Capture, ModelKind, Pooling, TokenBatch};
use mri_extract::FakeBackend;

#[test]
fn the_fake_passes() {
    for kind in [ModelKind::Encoder, ModelKind::Decoder] {
        let mut fake = FakeBackend::new(kind, 3, 8);
        BackendSuite::default().check(&mut fake).unwrap();
        let mut tiny = FakeBackend::new(kind, 1, 1).with_limits(2, Some(1));
        BackendSuite::default().check(&mut tiny).unwrap();
    }
}

#[cfg(feature = "tch")]
#[test]
#[ignore = "needs all-MiniLM-L6-v2: cargo xtask test"]
fn the_libtorch_engine_passes() {
    use mri_extract::{Device, TchBackend, TchOptions};

    let folder = crate::minilm::folder();
    let options = TchOptions::default().with_device(Device::Cpu);
    let mut backend = TchBackend::load(&folder, &options).unwrap();
    // Short texts, for time; the tiny models of the families run the suite in full.
    let suite = BackendSuite {
        longest: 12,
        ..BackendSuite::default()
    };
    suite.check(&mut backend).unwrap();
}

#[cfg(feature = "tch")]
#[test]
fn the_libtorch_engine_passes_in_fewer_bits() {
    use mri_extract::{Device, Dtype, TchBackend, TchOptions};

    let folder = crate::golden::folder().join("families/bert");
    for (dtype, tolerance) in [(Dtype::Bf16, 5e-2), (Dtype::F16, 5e-3)] {
        let options = TchOptions::default()
            .with_device(Device::Cpu)
            .with_dtype(dtype);
        let mut backend = TchBackend::load(&folder, &options).unwrap();
        // Some steps of a number with 8 or 11 bits.
        let suite = BackendSuite {
            tolerance,
            ..BackendSuite::default()
        };
        suite.check(&mut backend).unwrap();
    }
}

/// Parts of many tokens are filled up to round numbers of them; none of that may be seen.
#[cfg(feature = "tch")]
#[test]
fn what_fills_a_part_up_is_not_returned() {
    use mri_core::Layer;
    use mri_extract::{Device, Dtype, TchBackend, TchOptions};

    let folder = crate::golden::folder().join("families/bert");
    let options = TchOptions::default()
        .with_device(Device::Cpu)
        .with_dtype(Dtype::Bf16)
        .with_threads(1);
    let mut backend = TchBackend::load(&folder, &options).unwrap();
    let texts: Vec<Vec<u32>> = (3..25)
        .map(|n| (0..n).map(|i| 7 + (i * n) % 20).collect())
        .collect();
    let batch: TokenBatch = texts.iter().map(Vec::as_slice).collect();
    // The model takes texts of 24 tokens; one of 23 is what is missing to 320.
    assert_eq!(batch.n_tokens(), 297);
    for pooling in [
        Pooling::First,
        Pooling::Mean,
        Pooling::Tokens,
        Pooling::Position(2),
    ] {
        let capture = Capture {
            layers: vec![Layer::resid(0), Layer::resid(2)],
            pooling,
            final_norm: true,
        };
        let together = backend.forward(&batch, &capture).unwrap();
        let mut alone: Vec<Vec<f32>> = vec![Vec::new(); capture.layers.len()];
        for text in &texts {
            let one: TokenBatch = [text.as_slice()].into_iter().collect();
            let rows = backend.forward(&one, &capture).unwrap();
            for (alone, rows) in alone.iter_mut().zip(&rows) {
                alone.extend(rows);
            }
        }
        for (together, alone) in together.iter().zip(&alone) {
            assert_eq!(together.len(), alone.len(), "{pooling}");
            let largest = alone.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
            for (a, b) in together.iter().zip(alone) {
                // Some steps of a number with 8 bits.
                assert!((a - b).abs() <= 5e-2 * largest, "{pooling}: {a} for {b}");
            }
        }
    }
}
