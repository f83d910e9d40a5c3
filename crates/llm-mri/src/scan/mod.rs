//! What a scan is and what it computes.

pub(crate) mod analysis;
pub(crate) mod bounds;
pub(crate) mod builder;
pub(crate) mod category;
pub(crate) mod clock;
pub(crate) mod compare;
pub(crate) mod correlations;
pub(crate) mod excerpt;
pub(crate) mod graph_options;
pub(crate) mod input;
pub(crate) mod load;
pub(crate) mod maps;
pub(crate) mod metrics;
pub(crate) mod quality;
pub(crate) mod recording;
pub(crate) mod reduce;
pub(crate) mod regions;
pub(crate) mod run;
pub(crate) mod selection;
pub(crate) mod significance;
pub(crate) mod transform;

use std::sync::{Arc, OnceLock};

use mri_core::{Activations, Embedding, Labels, LayerStack, ModelInfo, Projection};
use mri_corpus::CorpusNotes;
use mri_extract::ModelNote;
use mri_graph::{Contrast, RegionGraph, Significance};
use mri_grid::{Binning, GridStack};
use mri_render::{Caption, MAX_DRAWN_SIDE, report_text_limit};
use mri_store::Manifest;

use self::analysis::Analysis;
use self::bounds::{MAX_DRAWN_REGIONS, Omission, usual_tests};
use self::category::CategoryRef;
use self::graph_options::GraphOptions;
use self::maps::Maps;
use self::recording::Recording;
use self::regions::Regions;
use self::significance::{Discoveries, SignificanceResults};
use crate::error::ScanError;
use crate::folder::place::ScanFolder;
use crate::folder::sections::{ManifestSections, Timings};

/// A scan: a recording, its maps, their regions, and what is computed from those.
///
/// Row `i` of every matrix and grid is text `i` of the corpus. Maps of other than two components
/// have no regions. A scan made by [`ScanBuilder::run`](crate::ScanBuilder::run) or opened by
/// [`Scan::open`] has all stages that its options allow; [`Scan::with_maps`] and
/// [`Scan::with_grid`] replace them.
pub struct Scan {
    pub(crate) recording: Recording,
    pub(crate) maps: Option<Maps>,
    regions: Option<Arc<Regions>>,
    /// How the maps were being cut when that was stopped.
    pub(crate) grid_begun: Option<Binning>,
    pub(crate) graph_options: Option<GraphOptions>,
    pub(crate) timings: Timings,
    /// What the model's files decided, if this process recorded it.
    pub(crate) notes: Vec<ModelNote>,
    analysis: OnceLock<Analysis>,
    /// What was noticed in the texts, if they were read for this scan.
    pub(crate) corpus_notes: Option<CorpusNotes>,
    /// The folder it is kept in, if any.
    pub(crate) folder: Option<ScanFolder>,
}

impl Scan {
    /// A scan with nothing but its recording.
    pub(crate) fn new(recording: Recording, folder: Option<ScanFolder>) -> Self {
        Self {
            recording,
            maps: None,
            regions: None,
            grid_begun: None,
            graph_options: None,
            timings: Timings::default(),
            notes: Vec::new(),
            analysis: OnceLock::new(),
            corpus_notes: None,
            folder,
        }
    }

    /// The same recording with other maps and without regions.
    pub(crate) fn mapped(self, maps: Maps) -> Self {
        Self {
            maps: Some(maps),
            regions: None,
            grid_begun: None,
            analysis: OnceLock::new(),
            ..self
        }
    }

    /// The recording: activations, texts, and where both come from.
    #[must_use]
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The maps.
    ///
    /// # Errors
    /// [`ScanError::NoMaps`] if only activations were recorded.
    pub fn maps(&self) -> Result<&Maps, ScanError> {
        self.maps.as_ref().ok_or(ScanError::NoMaps)
    }

    /// The regions.
    ///
    /// # Errors
    /// [`ScanError::NoMaps`], [`ScanError::NotPlanar`] for maps of other than two components,
    /// [`ScanError::NoRegions`] if the maps were not cut into regions.
    pub fn regions(&self) -> Result<&Regions, ScanError> {
        self.shared_regions().map(Arc::as_ref)
    }

    /// Layout, metrics and significance of the regions, each computed when it is first needed.
    ///
    /// # Errors
    /// As [`Scan::regions`].
    pub fn analysis(&self) -> Result<&Analysis, ScanError> {
        let regions = self.shared_regions()?;
        let new = || Analysis::new(regions.clone(), self.graph_options());
        Ok(self.analysis.get_or_init(new))
    }

    fn shared_regions(&self) -> Result<&Arc<Regions>, ScanError> {
        let components = self.maps()?.components();
        self.regions.as_ref().ok_or(match components {
            2 => ScanError::NoRegions,
            _ => ScanError::NotPlanar { components },
        })
    }

    /// The category of every text.
    #[must_use]
    pub fn labels(&self) -> &Arc<Labels> {
        self.recording.labels()
    }

    /// The texts; `None` where they are not held (see [`Recording::texts`]).
    #[must_use]
    pub fn texts(&self) -> Option<&[String]> {
        self.recording.texts()
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &ModelInfo {
        self.recording.model()
    }

    /// What was recorded, from which model and texts.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        self.recording.manifest()
    }

    /// What the files of the model decided that a user may not expect; empty for a scan that was
    /// opened.
    #[must_use]
    pub fn notes(&self) -> &[ModelNote] {
        &self.notes
    }

    /// One matrix of shape (texts, width) per layer.
    #[must_use]
    pub fn activations(&self) -> &Activations {
        self.recording.activations()
    }

    /// One matrix of shape (texts, components) per layer; `None` without maps.
    #[must_use]
    pub fn embedding(&self) -> Option<&Embedding> {
        self.maps.as_ref().map(Maps::embedding)
    }

    /// What places new rows in the maps (see [`Maps::projections`]); empty without maps.
    #[must_use]
    pub fn projections(&self) -> &[Option<Box<dyn Projection>>] {
        self.maps.as_ref().map_or(&[], Maps::projections)
    }

    /// The cell of every text in every layer; `None` without regions.
    #[must_use]
    pub fn grids(&self) -> Option<&GridStack> {
        self.regions.as_deref().map(Regions::grids)
    }

    /// The regions and how texts move between them; `None` without regions.
    #[must_use]
    pub fn graph(&self) -> Option<&RegionGraph> {
        self.regions.as_deref().map(Regions::graph)
    }

    /// What was noticed in the texts that is no error; `None` for a scan that was opened.
    #[must_use]
    pub fn corpus_notes(&self) -> Option<&CorpusNotes> {
        self.corpus_notes.as_ref()
    }

    /// Seconds per stage of the run that made the scan.
    #[must_use]
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// What `manifest.json` says of the stages after the recording.
    #[must_use]
    pub fn sections(&self) -> ManifestSections {
        ManifestSections {
            maps: self.maps.as_ref().map(|maps| maps.section().clone()),
            grid: self.regions.as_deref().map(Regions::binning),
            grid_begun: None,
            graph: self.graph_section(),
            timings: self.timings.clone(),
        }
    }

    /// The same maps cut into other cells.
    ///
    /// # Errors
    /// [`ScanError::Grid`]; [`ScanError::NoMaps`] or [`ScanError::NotPlanar`] unless there are maps
    /// of two components.
    pub fn with_grid(self, binning: Binning) -> Result<Self, ScanError> {
        binning.check()?;
        let maps = self.maps()?;
        let regions = match maps.components() {
            2 => Regions::new(maps.embedding(), binning)?,
            components => return Err(ScanError::NotPlanar { components }),
        };
        Ok(Self {
            regions: Some(Arc::new(regions)),
            analysis: OnceLock::new(),
            ..self
        })
    }

    /// How the maps are cut: as they were, or were to be when that was stopped, or by default.
    #[must_use]
    pub fn binning(&self) -> Binning {
        let cut = self.regions.as_deref().map(Regions::binning);
        cut.or(self.grid_begun).unwrap_or_default()
    }

    /// The same scan with regions: those that it has, or those of [`Scan::binning`]. Maps of other
    /// than two components have none, and the scan stays as it is.
    ///
    /// # Errors
    /// [`ScanError::NoMaps`], [`ScanError::Grid`].
    pub fn with_regions(self) -> Result<Self, ScanError> {
        match self.regions() {
            Err(ScanError::NoRegions) => {
                let binning = self.binning();
                self.with_grid(binning)
            }
            Ok(_) | Err(ScanError::NotPlanar { .. }) => Ok(self),
            Err(error) => Err(error),
        }
    }

    /// The same scan with other settings for its graph: what [`Scan::save`] and [`Scan::update`]
    /// write of it, and how it is tested.
    ///
    /// # Errors
    /// [`ScanError::UnknownCategory`].
    pub fn with_graph_options(mut self, options: GraphOptions) -> Result<Self, ScanError> {
        for name in &options.categories {
            self.category(name)?;
        }
        self.graph_options = Some(options);
        self.analysis = OnceLock::new();
        Ok(self)
    }

    /// The settings of the graph.
    #[must_use]
    pub fn graph_options(&self) -> GraphOptions {
        self.graph_options.clone().unwrap_or_else(|| GraphOptions {
            significance: Some(self.usual_tests()),
            ..GraphOptions::default()
        })
    }

    /// The tests that are made unless others are asked for: 1,000 permutations and resamples, or
    /// fewer where texts, layers and categories are so many that they would take minutes.
    #[must_use]
    pub fn usual_tests(&self) -> Significance {
        let layers = self.embedding().map_or(1, LayerStack::len);
        usual_tests(self.labels(), layers)
    }

    /// The settings of the graph, unless they are the defaults.
    fn graph_section(&self) -> Option<GraphOptions> {
        let usual = || Some(self.graph_options()).filter(|o| *o != GraphOptions::default());
        self.graph_options.clone().or_else(usual)
    }

    /// What the files of the scan leave out, since there is too much of it.
    #[must_use]
    pub fn omissions(&self) -> Vec<Omission> {
        let Ok(analysis) = self.analysis() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let (shown, of) = (
            analysis.shown_categories().len(),
            analysis.filtered_categories().len(),
        );
        if shown < of {
            found.push(Omission::Categories { shown, of });
        }
        let side = analysis.regions().binning().side();
        if side > MAX_DRAWN_SIDE {
            found.push(Omission::Heatmaps { side });
        }
        let regions = analysis.filtered_graph().graph().node_count();
        if regions > MAX_DRAWN_REGIONS {
            found.push(Omission::Graphs { regions });
        }
        let usual = Significance::default().permutations;
        let made = self.usual_tests().permutations;
        let tests = self.graph_options().significance;
        if made < usual && tests.is_some_and(|tests| tests == self.usual_tests()) {
            found.push(Omission::Permutations { made, usual });
        }
        let limit = self.texts().and_then(report_text_limit);
        found.extend(limit.map(|limit| Omission::Texts { limit }));
        found
    }

    /// The categories that the settings of the graph select, ascending.
    #[must_use]
    pub fn filtered_categories(&self) -> Vec<usize> {
        self.graph_options().select(self.labels())
    }

    /// What the settings of the graph keep of it. Its categories are numbered anew, in the order of
    /// [`Scan::filtered_categories`].
    ///
    /// # Errors
    /// As [`Scan::regions`].
    pub fn filtered_graph(&self) -> Result<&RegionGraph, ScanError> {
        Ok(self.analysis()?.filtered_graph())
    }

    /// Tests every region and every transition for a difference between some categories: two
    /// against each other, of more each against the rest of them.
    ///
    /// [`Analysis::significance`] has the results under the settings of the graph, computed once.
    ///
    /// # Errors
    /// As [`Scan::regions`]; [`ScanError::UnknownCategory`].
    pub fn significance(
        &self,
        categories: impl IntoIterator<Item: Into<CategoryRef>>,
        settings: &Significance,
    ) -> Result<SignificanceResults, ScanError> {
        let grids = self.regions()?.grids();
        let categories = self.categories(categories)?;
        let cells = |contrast: &Contrast| settings.cells(grids, contrast);
        Ok(SignificanceResults::new(
            grids,
            &categories,
            usize::MAX,
            settings.clone(),
            cells,
        )?)
    }

    /// For every contrast among the categories that the settings of the graph select, the number of
    /// regions whose q is at most `rate`.
    ///
    /// # Errors
    /// As [`Scan::regions`]; [`ScanError::Graph`].
    pub fn discoveries(&self, rate: f64) -> Result<Vec<Discoveries>, ScanError> {
        let analysis = self.analysis()?;
        let contrasts = analysis.contrasts();
        let count = |contrast: Contrast| {
            let tests = analysis.cell_tests(&contrast)?;
            Ok(Discoveries::new(
                contrast.names(self.labels()),
                &tests,
                rate,
            ))
        };
        contrasts.into_iter().map(count).collect()
    }

    /// The source of the scan, as figures state it.
    #[must_use]
    pub fn caption(&self) -> Caption {
        let source = &self.manifest().corpus.source;
        let name = source.file_name().unwrap_or(source.as_os_str());
        let reducer = self
            .maps
            .as_ref()
            .map(|maps| maps.section().reducer.clone());
        let side = self
            .regions
            .as_ref()
            .map(|regions| regions.binning().side());
        Caption {
            model: self.model().name.clone(),
            reducer: reducer.unwrap_or_default(),
            grid: side.map_or_else(String::new, |side| format!("{side} × {side}")),
            corpus: name.to_string_lossy().into_owned(),
        }
    }
}
