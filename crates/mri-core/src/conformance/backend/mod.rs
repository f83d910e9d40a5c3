//! [`BackendSuite`]: what it takes, and in which order its laws are checked.

mod compare;
mod errors;
mod law;
mod states;

use super::Violation;
use crate::backend::Backend;
use crate::layer::{Layer, Site};
use crate::model::ModelInfo;
use crate::pooling::Pooling;
use crate::random::SplitMix64;

/// The laws of [`Backend`], checked on made-up texts.
///
/// ```
/// # use mri_core::conformance::{BackendSuite, Violation};
/// # fn check(backend: &mut dyn mri_core::Backend) -> Result<(), Violation> {
/// BackendSuite::default().check(backend)
/// # }
/// ```
///
/// The suite checks that
///
/// - matrices have the shapes that [`ModelInfo`] promises, in the order asked for, all finite;
/// - a text's row depends on nothing but the text: not on its neighbors in the batch, their
///   order, the other layers recorded, or what ran before; the same call gives the same bytes;
/// - every pooling is what its definition makes of the rows of [`Pooling::Tokens`];
/// - a decoder's states do not depend on later tokens, and texts that differ have rows that differ;
/// - [`Capture::final_norm`] concerns the last residual layer only;
/// - bad input gives the right [`BackendError`] and leaves the backend as it was.
///
/// [`Capture::final_norm`]: crate::backend::Capture::final_norm
/// [`BackendError`]: crate::backend::BackendError
#[derive(Debug, Clone, PartialEq)]
pub struct BackendSuite {
    /// The seed of the made-up texts.
    pub seed: u64,
    /// How far equal rows may differ, as a share of the layer's largest absolute value. The
    /// default, 2e-4, suits engines that compute in `f32`; bfloat16 needs about 5e-2.
    pub tolerance: f32,
    /// The longest text, where the model takes that many tokens.
    pub longest: usize,
}

impl Default for BackendSuite {
    fn default() -> Self {
        Self {
            seed: 0,
            tolerance: 2e-4,
            longest: 48,
        }
    }
}

const POOLINGS: [Pooling; 6] = [
    Pooling::First,
    Pooling::Last,
    Pooling::Mean,
    Pooling::Max,
    Pooling::Position(0),
    Pooling::Tokens,
];

impl BackendSuite {
    /// Every law, as [`Violation::law`] names it.
    pub const LAWS: [&'static str; 13] = [
        law::NO_ERROR,
        law::DESCRIPTION,
        law::ONE_PER_LAYER,
        law::SHAPES,
        law::SAME_BYTES,
        law::LAYER_ORDER,
        law::TEXT_ORDER,
        law::TEXT_ALONE,
        law::POOLING,
        law::CAUSALITY,
        law::TEXTS_DIFFER,
        law::FINAL_NORM,
        law::ERRORS,
    ];

    /// Runs the whole suite.
    ///
    /// # Errors
    /// The first [`Violation`] found.
    pub fn check(&self, backend: &mut dyn Backend) -> Result<(), Violation> {
        let info = backend.model().clone();
        let run = Run {
            suite: self,
            texts: self.texts(&info),
            layers: every_layer(&info),
            info,
        };
        run.description(backend.tokens_per_batch())?;
        run.shapes(backend)?;
        run.same_bytes(backend)?;
        run.layers_asked_for(backend)?;
        run.neighbors(backend)?;
        run.poolings(backend)?;
        run.causality(backend)?;
        run.texts_differ(backend)?;
        run.final_norm(backend)?;
        run.errors(backend)
    }

    /// Texts of many lengths, some of them equal, the longest neither first nor last.
    fn texts(&self, info: &ModelInfo) -> Vec<Vec<u32>> {
        let limit = info.max_length.unwrap_or(usize::MAX);
        let limit = limit.min(self.longest).max(1);
        let vocab = info.vocab_size.max(1) as u64;
        let mut random = SplitMix64::new(self.seed);
        [3, 1, 8, limit, 2, 5, 13, 5, 1, 21]
            .into_iter()
            .map(|length| {
                let ids = (0..length.min(limit)).map(|_| random.next_below(vocab) as u32);
                ids.collect()
            })
            .collect()
    }
}

fn every_layer(info: &ModelInfo) -> Vec<Layer> {
    let sites = info.sites.iter();
    sites.flat_map(|&site| info.layers(site)).collect()
}

/// A suite at work on one backend.
struct Run<'a> {
    suite: &'a BackendSuite,
    info: ModelInfo,
    texts: Vec<Vec<u32>>,
    layers: Vec<Layer>,
}

impl Run<'_> {
    fn description(&self, tokens_per_batch: usize) -> Result<(), Violation> {
        let violation = |detail: String| Err(Violation::new(law::DESCRIPTION, detail));
        let info = &self.info;
        let counts = [info.n_blocks, info.width, info.vocab_size, tokens_per_batch];
        if counts.contains(&0) || info.max_length == Some(0) || info.mlp_width == Some(0) {
            return violation(format!(
                "a count is zero in {info:?}, or tokens_per_batch ({tokens_per_batch}) is"
            ));
        }
        if !info.sites.contains(&Site::Resid) {
            return violation("the residual stream cannot be recorded".to_owned());
        }
        if info.sites.contains(&Site::MlpAct) && info.mlp_width.is_none() {
            return violation("mlp_act is offered, but mlp_width is None".to_owned());
        }
        Ok(())
    }
}
