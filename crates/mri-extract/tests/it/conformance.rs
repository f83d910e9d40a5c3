use mri_core::conformance::BackendSuite;
use mri_core::{Backend, BackendError, Capture, ModelInfo, ModelKind, Pooling, TokenBatch};
use mri_extract::FakeBackend;
use ndarray::Array2;

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
fn the_libtorch_engine_passes() {
    use mri_extract::{Device, TchBackend, TchOptions};

    let Some(folder) = crate::minilm::folder() else {
        return;
    };
    let options = TchOptions {
        device: Device::Cpu,
        ..TchOptions::default()
    };
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
        let options = TchOptions {
            device: Device::Cpu,
            dtype,
            ..TchOptions::default()
        };
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
    let options = TchOptions {
        device: Device::Cpu,
        dtype: Dtype::Bf16,
        threads: Some(1),
    };
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

/// A fake that does one thing wrong.
struct Broken {
    fake: FakeBackend,
    /// Changes a correct result into a wrong one.
    spoil: fn(&mut Vec<Array2<f32>>, &TokenBatch, &Capture),
}

impl Backend for Broken {
    fn model(&self) -> &ModelInfo {
        self.fake.model()
    }

    fn forward(
        &mut self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, BackendError> {
        let mut out = self.fake.forward(batch, capture)?;
        (self.spoil)(&mut out, batch, capture);
        Ok(out)
    }
}

/// A suite that lets these pass would be worth nothing.
#[test]
fn typical_mistakes_are_found() {
    type Spoil = fn(&mut Vec<Array2<f32>>, &TokenBatch, &Capture);
    let mistakes: [(&str, Spoil); 6] = [
        ("shape", |out, _, _| {
            out.truncate(1);
        }),
        ("neighbours", |out, batch, _| {
            // As if padding leaked in: rows depend on the longest text of the batch.
            let leak = 1e-2 * batch.longest() as f32;
            out.iter_mut().for_each(|m| *m += leak);
        }),
        ("order of texts", |out, _, capture| {
            // As if sorted rows were never put back.
            if capture.pooling != Pooling::Tokens {
                out.iter_mut().for_each(|m| m.invert_axis(ndarray::Axis(0)));
            }
        }),
        ("order of layers", |out, _, _| {
            // As if layers came in the order of the blocks.
            if out.len() > 1 {
                out.swap(0, 1);
            }
        }),
        ("pooling", |out, batch, capture| {
            // As if the mean ran over padding, too.
            if capture.pooling == Pooling::Mean {
                let longest = batch.longest() as f32;
                for matrix in out.iter_mut() {
                    for (mut row, text) in matrix.rows_mut().into_iter().zip(batch.iter()) {
                        row *= text.len() as f32 / longest;
                    }
                }
            }
        }),
        ("finite", |out, _, _| {
            if let Some(x) = out.last_mut().and_then(|m| m.last_mut()) {
                *x = f32::NAN;
            }
        }),
    ];
    for (mistake, spoil) in mistakes {
        let mut broken = Broken {
            fake: FakeBackend::default(),
            spoil,
        };
        let found = BackendSuite::default().check(&mut broken);
        assert!(found.is_err(), "{mistake} was not noticed");
    }
}
