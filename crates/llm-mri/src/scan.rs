use std::path::Path;

use mri_core::{Activations, Embedding, ModelInfo, Watch};
use mri_extract::{Corpus, write_npy};
use mri_graph::{RegionGraph, write_edges_csv, write_graphml, write_json};
use mri_grid::GridStack;
use mri_reduce::Reduced;
use mri_render::{
    Caption, Figure, GraphStyle, HeatmapStyle, LayeredLayout, Quantity, graph_picture,
    heatmap_sheet,
};

use crate::{Manifest, OutFolder, ScanBuilder, ScanError};

/// A finished scan: everything from the activations to the region graph, in memory.
///
/// Row `i` of every matrix and grid is text `i` of the corpus. Maps of other than two components
/// have no grids and no region graph.
pub struct Scan {
    pub(crate) corpus: Corpus,
    pub(crate) activations: Activations,
    pub(crate) reduced: Option<Reduced>,
    pub(crate) grids: Option<GridStack>,
    pub(crate) graph: Option<RegionGraph>,
    pub(crate) manifest: Manifest,
}

impl Scan {
    /// Starts a scan.
    #[must_use]
    pub fn builder() -> ScanBuilder {
        ScanBuilder::default()
    }

    /// The texts and their labels.
    #[must_use]
    pub fn corpus(&self) -> &Corpus {
        &self.corpus
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &ModelInfo {
        &self.manifest.model
    }

    /// Options, counts and timings.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// One matrix of shape (texts, width) per layer.
    #[must_use]
    pub fn activations(&self) -> &Activations {
        &self.activations
    }

    /// One matrix of shape (texts, components) per layer; `None` if only activations were recorded.
    #[must_use]
    pub fn embedding(&self) -> Option<&Embedding> {
        self.reduced.as_ref().map(|reduced| &reduced.embedding)
    }

    /// The embedding with what places new rows in it.
    #[must_use]
    pub fn reduced(&self) -> Option<&Reduced> {
        self.reduced.as_ref()
    }

    /// The cells of every layer; `None` unless there are two components.
    #[must_use]
    pub fn grids(&self) -> Option<&GridStack> {
        self.grids.as_ref()
    }

    /// The regions and how texts move between them; `None` unless there are two components.
    #[must_use]
    pub fn graph(&self) -> Option<&RegionGraph> {
        self.graph.as_ref()
    }

    /// What pictures of this scan say about where they come from.
    #[must_use]
    pub fn caption(&self) -> Caption {
        let options = &self.manifest.options;
        let source = &self.manifest.corpus.source;
        let name = source.file_name().unwrap_or(source.as_os_str());
        Caption {
            model: self.manifest.model.name.clone(),
            reducer: options.reducer.clone().unwrap_or_default(),
            grid: options
                .grid
                .map_or_else(String::new, |b| format!("{0} × {0}", b.side())),
            corpus: name.to_string_lossy().into_owned(),
        }
    }

    /// The heatmaps of all layers under one colour scale.
    ///
    /// # Errors
    /// [`ScanError::NotPlanar`] unless there are two components; [`ScanError::Render`].
    pub fn heatmaps(&self, quantity: Quantity) -> Result<Figure, ScanError> {
        self.heatmaps_styled(quantity, &HeatmapStyle::default())
    }

    /// [`Scan::heatmaps`] in a style of your own, such as one layer or a dark theme.
    ///
    /// # Errors
    /// As [`Scan::heatmaps`].
    pub fn heatmaps_styled(
        &self,
        quantity: Quantity,
        style: &HeatmapStyle,
    ) -> Result<Figure, ScanError> {
        let (Some(grids), Some(embedding)) = (&self.grids, self.embedding()) else {
            return Err(self.not_planar());
        };
        Ok(heatmap_sheet(
            grids,
            embedding,
            quantity,
            &self.caption(),
            style,
        )?)
    }

    /// The region graph of some categories. Positions are those of the whole graph, so that
    /// pictures of different categories can be laid side by side.
    ///
    /// # Errors
    /// [`ScanError::NotPlanar`] unless there are two components; [`ScanError::Render`].
    pub fn graph_picture(&self, categories: &[usize]) -> Result<Figure, ScanError> {
        let graph = self.graph.as_ref().ok_or_else(|| self.not_planar())?;
        let layout = LayeredLayout::of(graph);
        let style = GraphStyle::default();
        Ok(graph_picture(
            &graph.view(categories),
            &layout,
            &self.caption(),
            &style,
        )?)
    }

    /// All pictures of the scan with the names of their files: heatmaps of all layers for all texts
    /// and for each category (and their difference, where there are two), the graph of each
    /// category and of all together. Empty unless there are two components.
    ///
    /// # Errors
    /// [`ScanError::Render`].
    pub fn figures(&self) -> Result<Vec<(String, Figure)>, ScanError> {
        let Some(graph) = &self.graph else {
            return Ok(Vec::new());
        };
        let names = self.corpus.labels().names();
        let layout = LayeredLayout::of(graph);
        let caption = self.caption();
        let picture = |categories: &[usize]| {
            let style = GraphStyle::default();
            graph_picture(&graph.view(categories), &layout, &caption, &style)
        };
        let mut figures = vec![("heatmaps.all".to_owned(), self.heatmaps(Quantity::Texts)?)];
        if names.len() == 2 {
            let difference = self.heatmaps(Quantity::Difference(0, 1))?;
            figures.push(("heatmaps.difference".to_owned(), difference));
        }
        let all: Vec<usize> = (0..names.len()).collect();
        figures.push(("graph.all".to_owned(), picture(&all)?));
        for (category, name) in names.iter().enumerate() {
            let name = file_name(category, name);
            figures.push((
                format!("heatmaps.{name}"),
                self.heatmaps(Quantity::Category(category))?,
            ));
            figures.push((format!("graph.{name}"), picture(&[category])?));
        }
        Ok(figures)
    }

    /// Writes the scan into a new folder, as the program does; see the README for its files.
    ///
    /// # Errors
    /// [`ScanError::OutExists`] if the folder is there, [`ScanError::Write`], [`ScanError::Render`].
    /// After an error nothing is there.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<(), ScanError> {
        self.save_with(folder.as_ref(), false, &())
    }

    /// [`Scan::save`], replacing what is there if `replace`, and telling `watch` of the pictures.
    ///
    /// # Errors
    /// As [`Scan::save`].
    pub fn save_with(
        &self,
        folder: &Path,
        replace: bool,
        watch: &dyn Watch,
    ) -> Result<(), ScanError> {
        let out = OutFolder::create(folder, replace)?;
        let activations = out.folder("activations")?;
        for (layer, rows) in self.activations.iter() {
            let path = activations.join(format!("{layer}.npy"));
            let loaded;
            let view = match rows.in_memory() {
                Some(view) => view,
                None => {
                    let read = |source| ScanError::Write {
                        path: path.clone(),
                        source,
                    };
                    loaded = rows.load().map_err(read)?;
                    loaded.view()
                }
            };
            write_npy(&path, view)?;
        }
        if let Some(embedding) = self.embedding() {
            let folder = out.folder("embedding")?;
            for (layer, points) in embedding.iter() {
                write_npy(
                    &folder.join(format!("{layer}.npy")),
                    points.coordinates.view(),
                )?;
            }
        }
        if let Some(grids) = &self.grids {
            out.folder("grid")?;
            self.write_cells(&out, grids)?;
        }
        if let Some(graph) = &self.graph {
            out.folder("graph")?;
            out.file("graph/edges.csv", |file| write_edges_csv(graph, file))?;
            out.file("graph/graph.json", |file| write_json(graph, file))?;
            out.file("graph/graph.graphml", |file| write_graphml(graph, file))?;
            let folder = out.folder("figures")?;
            let figures = self.figures()?;
            for (i, (name, figure)) in figures.iter().enumerate() {
                // Writing pictures is short; a watch that asks to stop is heard by the next step.
                let _ = watch.check("pictures", i as u64, figures.len() as u64);
                figure.save(folder.join(format!("{name}.svg")))?;
                figure.save(folder.join(format!("{name}.png")))?;
            }
        }
        out.json("manifest.json", &self.manifest)?;
        out.finish()
    }

    /// `text,label,layer,x,y,cell`: one row per text and layer.
    fn write_cells(&self, out: &OutFolder, grids: &GridStack) -> Result<(), ScanError> {
        out.file("grid/cells.csv", |file| {
            let mut csv = csv::Writer::from_writer(file);
            csv.write_record(["text", "label", "layer", "x", "y", "cell"])?;
            for (layer, grid) in grids.iter() {
                for (row, cell) in grid.cells().iter().enumerate() {
                    csv.write_record([
                        row.to_string().as_str(),
                        grids.labels().name_of(row).unwrap_or_default(),
                        &layer.index.to_string(),
                        &cell.x.to_string(),
                        &cell.y.to_string(),
                        &format!("{}_{cell}", layer.index),
                    ])?;
                }
            }
            csv.flush()
        })
    }

    fn not_planar(&self) -> ScanError {
        ScanError::NotPlanar {
            components: self.manifest.options.components.unwrap_or(0),
        }
    }
}

/// A file name for a category: its number and what of its name every file system takes.
fn file_name(category: usize, name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars().take(40) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        format!("{category:02}")
    } else {
        format!("{category:02}-{slug}")
    }
}
