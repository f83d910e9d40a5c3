//! Makes a scan of what the builder was given.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use mri_core::{Activations, Backend, Labels, Watch};
use mri_extract::{TokenSource, record, record_to_store};
use mri_store::{
    FileSums, FolderLock, LayerEntry, Manifest, Provenance, RecordingEntry, StoreDtype,
};

use crate::error::ScanError;
use crate::folder::outputs::{Stage, clear_stages};
use crate::folder::place::{ScanFolder, lock_folder};
use crate::folder::rules::{Output, check_output};
use crate::folder::sections::ManifestSections;
use crate::scan::Scan;
use crate::scan::builder::{ReducerChoice, ScanBuilder};
use crate::scan::clock::Clock;
use crate::scan::input::{ModelInput, TextInput};
#[cfg(all(feature = "tch", feature = "hub"))]
use crate::scan::load::fetch;
use crate::scan::recording::Recording;

impl ScanBuilder {
    /// Makes the scan.
    ///
    /// # Errors
    /// [`ScanError`], the cheapest checks first: nothing is run or written before texts, options
    /// and model are known to be sound.
    pub fn run(self) -> Result<Scan, ScanError> {
        self.run_with(&())
    }

    /// Makes the scan and reports progress to `watch`.
    ///
    /// # Errors
    /// As [`ScanBuilder::run`]; `Cancelled` inside if the watch asks to stop.
    pub fn run_with(mut self, watch: &dyn Watch) -> Result<Scan, ScanError> {
        let started = Instant::now();
        let mut clock = Clock::default();
        let missing = |what, call| ScanError::Incomplete { what, call };
        let model = self.model.take();
        let model = model.ok_or_else(|| missing("a model", "model()"))?;
        let texts = self.texts.take();
        let texts = texts.ok_or_else(|| missing("texts", "data()"))?;
        let inputs = [model.path(), texts.path()];
        self.check(&inputs.into_iter().flatten().collect::<Vec<_>>())?;
        let mut scan = self.run_model(model, texts, &mut clock, watch)?;
        if self.activations_only {
            // Later stages that the folder holds of this same recording stay.
            let mut sections = ManifestSections::of(scan.manifest())?;
            sections.timings = clock.finish(started);
            scan.timings.clone_from(&sections.timings);
            if let Some(folder) = &scan.folder {
                let manifest = scan.manifest();
                sections.write(manifest, &manifest.files, folder.path())?;
            }
            scan.folder = scan.folder.map(ScanFolder::released);
            return Ok(scan);
        }
        scan = clock.time("reduce", || match &self.reducer {
            ReducerChoice::Spec(spec) => scan.with_maps(spec, watch),
            ReducerChoice::Reducer(reducer, components) => {
                scan.with_reducer(reducer.as_ref(), *components, watch)
            }
        })?;
        if self.reducer.components() == 2 {
            scan = clock.time("regions", || scan.with_grid(self.binning))?;
        }
        let mut files = FileSums::new();
        if let Some(folder) = &scan.folder {
            files = clock.time("write", || {
                let texts = scan.save_texts(folder.path())?;
                scan.save_stages(folder.path(), Stage::Maps, texts, watch)
            })?;
        }
        scan.timings = clock.finish(started);
        if let Some(folder) = &scan.folder {
            scan.sections()
                .write(scan.manifest(), &files, folder.path())?;
        }
        scan.folder = scan.folder.map(ScanFolder::released);
        Ok(scan)
    }

    /// What can be checked before anything is read.
    fn check(&self, inputs: &[&Path]) -> Result<(), ScanError> {
        if let Some(folder) = &self.out {
            FolderLock::check(folder)?;
            check_output(folder, Output::Scan, self.store.replace, inputs)?;
        }
        if self.reducer.components() == 2 && !self.activations_only {
            self.binning.check()?;
        }
        if let ReducerChoice::Spec(spec) = &self.reducer {
            spec.build()?;
        }
        Ok(())
    }

    /// Reads the texts, loads the model and records: a scan without maps.
    fn run_model(
        &mut self,
        model: ModelInput,
        texts: TextInput,
        clock: &mut Clock,
        watch: &dyn Watch,
    ) -> Result<Scan, ScanError> {
        let path = texts.path().map(Path::to_owned);
        let texts = clock.time("read texts", || self.open_texts(texts))?;
        self.check_labels(texts.source().labels(), path.as_deref())?;
        let n_texts = texts.source().labels().len();
        self.check_components(n_texts, usize::MAX)?;
        #[cfg(all(feature = "tch", feature = "hub"))]
        let model = {
            let base = self.base.take();
            let (model, base) = clock.time("fetch model", || fetch(model, base, watch))?;
            self.base = base;
            model
        };
        let mut loaded = clock.time("load model", || self.load(model, texts.source(), watch))?;
        self.check_components(n_texts, loaded.backend.model().width)?;
        self.record.pooling = self.record.pooling.or(loaded.pooling);

        let mut from = loaded.texts.provenance(loaded.model_hash);
        from.engine = loaded.engine;
        let lock = match &self.out {
            Some(folder) => {
                let lock = lock_folder(folder)?;
                // Somebody may have written there while the model was loaded.
                check_output(folder, Output::Scan, self.store.replace, &[])?;
                Some(lock)
            }
            None => None,
        };
        self.store.lock.clone_from(&lock);
        if let Some(name) = from.corpus.source.file_name().filter(|_| !self.keep_path) {
            from.corpus.source = name.into();
        }
        let (manifest, activations) = clock.time("forward pass", || {
            let tokens = loaded.texts.tokens.as_ref();
            let labels = texts.source().labels();
            self.record(loaded.backend.as_mut(), tokens, labels, &from, watch)
        })?;
        let folder = self.out.take();
        if let Some(folder) = &folder
            && ManifestSections::of(&manifest)? == ManifestSections::default()
        {
            // The recording is new: stages in the folder are of another one.
            clear_stages(folder)?;
        }
        let notes = texts.notes().clone();
        let folder = folder.map(|folder| ScanFolder::new(&folder, lock, &manifest));
        self.store.lock = None;
        let recording = Recording::new(manifest, activations, texts.into_texts());
        let mut scan = Scan::new(recording, folder);
        scan.notes = loaded.notes;
        scan.corpus_notes = Some(notes);
        Ok(scan)
    }

    /// Records into the folder, if there is one, or else in memory.
    fn record(
        &self,
        backend: &mut dyn Backend,
        tokens: &dyn TokenSource,
        labels: &Arc<Labels>,
        from: &Provenance,
        watch: &dyn Watch,
    ) -> Result<(Manifest, Activations), ScanError> {
        if let Some(folder) = &self.out {
            let stored = record_to_store(
                backend,
                tokens,
                labels,
                from,
                folder,
                &self.record,
                &self.store,
                watch,
            )?;
            return Ok((stored.manifest, stored.activations));
        }
        let recording = record(backend, tokens, labels, &self.record, watch)?;
        let layers = recording
            .activations
            .iter()
            .map(|(layer, rows)| LayerEntry {
                layer,
                width: rows.size().1,
            });
        let manifest = Manifest::new(
            backend.model().clone(),
            labels,
            RecordingEntry {
                layers: layers.collect(),
                pooling: recording.pooling,
                final_norm: self.record.final_norm,
                dtype: StoreDtype::F32,
                tokens_per_batch: recording.tokens_per_batch,
                engine: from.engine.clone(),
            },
            recording.stats,
            from,
        );
        Ok((manifest, recording.activations))
    }
}
