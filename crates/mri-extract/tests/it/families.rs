use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mri_core::conformance::BackendSuite;
use mri_core::{Backend, Capture, Layer, Pooling, Site, TokenBatch};
use mri_extract::{Device, TchBackend, TchOptions, supported_families};
use ndarray::{Array3, Axis, s};
use safetensors::SafeTensors;

use crate::golden::{self, assert_within};

/// A tiny model with the states of every token as transformers gives them.
pub(crate) struct Case {
    folder: PathBuf,
    texts: Vec<Vec<u32>>,
    /// Per site, of shape (layers, tokens of all texts, columns).
    states: BTreeMap<Site, Array3<f32>>,
    tolerance: f32,
}

impl Case {
    pub(crate) fn read(folder: PathBuf) -> Self {
        let bytes = fs::read(folder.join("expected.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let mut ids = golden::integers(file.tensor("ids").unwrap().data()).into_iter();
        let lengths = golden::integers(file.tensor("lengths").unwrap().data());
        let mut states = BTreeMap::new();
        for site in Site::ALL {
            if let Ok(tensor) = file.tensor(site.name()) {
                let &[layers, tokens, width] = tensor.shape() else {
                    panic!("{site} has shape {:?}", tensor.shape());
                };
                let array =
                    Array3::from_shape_vec((layers, tokens, width), golden::floats(tensor.data()));
                states.insert(site, array.unwrap());
            }
        }
        let take = |&n: &u32| ids.by_ref().take(n as usize).collect();
        Self {
            folder,
            texts: lengths.iter().map(take).collect(),
            states,
            tolerance: golden::TOLERANCE,
        }
    }

    /// Compares with a tolerance of its own.
    pub(crate) fn within(mut self, tolerance: f32) -> Self {
        self.tolerance = tolerance;
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Forgets the other sites, for an engine that does not record them.
    pub(crate) fn keep_residual_stream(&mut self) {
        self.states.retain(|&site, _| site == Site::Resid);
    }

    fn name(&self) -> String {
        self.folder
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned()
    }

    fn load(&self) -> TchBackend {
        let options = TchOptions::default().with_device(Device::Cpu);
        TchBackend::load(&self.folder, &options).unwrap_or_else(|e| panic!("{}: {e}", self.name()))
    }

    fn layers(&self) -> Vec<Layer> {
        let sites = self.states.iter();
        let layers = sites.flat_map(|(&site, states)| {
            let first = site.first_index();
            (first..first + states.len_of(Axis(0))).map(move |index| Layer { site, index })
        });
        layers.collect()
    }

    /// Runs texts together and compares what the pooling picks from each with the golden.
    fn check(&self, backend: &mut dyn Backend, texts: &[usize], pooling: Pooling) {
        self.check_layers(backend, texts, pooling, &self.layers());
    }

    fn check_layers(
        &self,
        backend: &mut dyn Backend,
        texts: &[usize],
        pooling: Pooling,
        layers: &[Layer],
    ) {
        let capture = Capture {
            layers: layers.to_vec(),
            pooling,
            final_norm: true,
        };
        let batch: TokenBatch = texts.iter().map(|&i| self.texts[i].as_slice()).collect();
        let found = backend.forward(&batch, &capture);
        let found = found.unwrap_or_else(|e| panic!("{}: {e}", self.name()));
        let starts: Vec<usize> = self
            .texts
            .iter()
            .scan(0, |end, text| {
                *end += text.len();
                Some(*end - text.len())
            })
            .collect();
        let rows: Vec<usize> = texts
            .iter()
            .flat_map(|&i| {
                let picked = pooling.picks(self.texts[i].len());
                let tokens = picked.map_or(0..self.texts[i].len(), |token| token..token + 1);
                tokens.map(move |token| (i, token))
            })
            .map(|(i, token)| starts[i] + token)
            .collect();
        for (&layer, found) in layers.iter().zip(&found) {
            let states = &self.states[&layer.site];
            let states = states.slice(s![layer.index - layer.site.first_index(), .., ..]);
            let expected = states.select(Axis(0), &rows);
            let what = format!("{}, {layer}, {pooling}, texts {texts:?}", self.name());
            assert_within(found.view(), expected.view(), self.tolerance, &what);
        }
    }

    /// Compares every token of every layer, alone and in batches, whatever runs the model.
    pub(crate) fn check_all(&self, backend: &mut dyn Backend) {
        let all: Vec<usize> = (0..self.texts.len()).collect();
        for &text in &all {
            self.check(backend, &[text], Pooling::Tokens);
        }
        // Together, so that shorter texts are padded, in two orders.
        let mut backwards = all.clone();
        backwards.reverse();
        for pooling in [Pooling::Tokens, Pooling::First, Pooling::Last] {
            self.check(backend, &all, pooling);
            self.check(backend, &backwards, pooling);
        }
        // A site that is not recorded need not be computed by itself.
        for site in self.states.keys() {
            let mut layers = self.layers();
            layers.retain(|layer| layer.site == *site);
            for pooling in [Pooling::Tokens, Pooling::Last] {
                self.check_layers(backend, &all, pooling, &layers);
            }
        }
        // The second longest and the longest have a fifth token, which neither starts nor ends.
        let long: Vec<usize> = all
            .into_iter()
            .filter(|&i| self.texts[i].len() > 5)
            .collect();
        self.check(backend, &long, Pooling::Position(4));
    }
}

pub(crate) fn cases(folder: &Path) -> Vec<Case> {
    let mut folders: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders.into_iter().map(Case::read).collect()
}

/// Checks all cases before failing, so that one run tells which families are wrong.
pub(crate) fn check_every_case(folder: &Path) {
    let mut wrong = Vec::new();
    for case in cases(folder) {
        let name = case.name();
        // The thread's panic is the case's failure; its message is on the test's output.
        if std::thread::spawn(move || case.check_all(&mut case.load()))
            .join()
            .is_err()
        {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "wrong: {wrong:?}");
}

#[test]
fn states_match_transformers() {
    check_every_case(&golden::folder().join("families"));
}

/// Models that nobody committed: see `tests/golden/families.py`.
#[test]
#[ignore = "needs fresh goldens: cargo xtask fresh"]
fn states_of_fresh_models_match_transformers() {
    check_every_case(&golden::fresh("MRI_FRESH_FAMILIES"));
}

#[test]
fn every_family_has_two_cases_and_passes_the_suite() {
    let cases = cases(&golden::folder().join("families"));
    let mut seen = BTreeMap::new();
    for case in &cases {
        let mut backend = case.load();
        let (known, checked) = seen
            .entry(backend.model().family.clone())
            .or_insert((0, false));
        *known += 1;
        // With LongRoPE a text that grows long turns by other angles from its first token on, which
        // is the one thing that lets a decoder's states depend on later tokens.
        let mut rotaries = backend
            .spec()
            .blocks
            .iter()
            .filter_map(|b| b.attention.rotary.as_ref());
        let by_length = rotaries.any(|rotary| rotary.long_from().is_some());
        if !*checked && !by_length {
            *checked = true;
            let suite = BackendSuite::default();
            let found = suite.check(&mut backend);
            assert_eq!(found, Ok(()), "{}", case.name());
        }
    }
    for family in supported_families() {
        let (known, checked) = seen.get(family).copied().unwrap_or_default();
        assert!(known >= 2 && checked, "{family} has {known} cases");
    }
}
