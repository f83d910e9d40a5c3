//! The flags that `scan` and `reduce` share: how layers become maps.

use std::str::FromStr;

use anyhow::{Context, Result};
use clap::Args;
use llm_mri::{Distance, Init, ReducerKind, ReducerOptions, ReducerSpec, Scaling, Scan};

use super::progress::say;

/// How layers are reduced.
#[derive(Debug, Args)]
pub(crate) struct MapsArgs {
    /// How layers are reduced: by what varies most (pca, svd), by chance (random-projection), or so that
    /// texts which are neighbours in the layer stay neighbours (umap, tsne)
    #[arg(
        long,
        value_name = "NAME",
        default_value = "pca",
        help_heading = "Maps"
    )]
    pub(crate) reducer: String,

    /// Components to keep; regions and pictures need 2
    #[arg(
        long,
        short = 'k',
        value_name = "K",
        default_value_t = 2,
        help_heading = "Maps"
    )]
    pub(crate) components: usize,

    /// What is done to the columns first: none, center, standardize or min-max; the default is the
    /// reducer's own
    #[arg(long, value_name = "NAME", help_heading = "Maps")]
    pub(crate) scaling: Option<String>,

    /// Seed of whatever is random in the reducer
    #[arg(long, default_value_t = 0, help_heading = "Maps")]
    pub(crate) seed: u64,

    /// Make the maps of all layers in one frame: each near the one before (umap, tsne), or turned towards
    /// it as a whole (all others). A text then moves between layers because the model moved it
    #[arg(long, help_heading = "Maps")]
    align: bool,

    #[command(flatten)]
    options: OptionArgs,
}

/// What only UMAP and t-SNE have.
#[derive(Debug, Args)]
struct OptionArgs {
    /// Texts that make a neighbourhood, the text itself counted [default: 15]. 5 shows small groups and
    /// tears large ones apart, 50 shows how groups lie to each other
    #[arg(long, value_name = "N", help_heading = "UMAP")]
    n_neighbors: Option<usize>,

    /// How near points may come, from 0 to the spread [default: 0.1]. 0 packs groups tightly, 0.5
    /// spreads them evenly over the grid's cells
    #[arg(
        long,
        value_name = "D",
        help_heading = "UMAP",
        allow_negative_numbers = true
    )]
    min_dist: Option<f64>,

    /// How far apart neighbours are drawn [default: 1]. A scale for --min-dist: alone it changes
    /// little
    #[arg(
        long,
        value_name = "D",
        help_heading = "UMAP",
        allow_negative_numbers = true
    )]
    spread: Option<f64>,

    /// Neighbours of a text, softly counted [default: 30]. 5 shows small groups and tears large ones
    /// apart
    #[arg(long, value_name = "N", help_heading = "t-SNE")]
    perplexity: Option<f64>,

    /// How often all points are moved [default: 500 in UMAP, or 200 for more than 10,000 texts; 750 in
    /// t-SNE]. Fewer are quicker, many more change little
    #[arg(long, value_name = "N", help_heading = "UMAP and t-SNE")]
    n_epochs: Option<usize>,

    /// What makes texts neighbours: the straight line (euclidean) or the angle (cosine, best with
    /// --scaling none) [default: euclidean]
    #[arg(long, value_name = "NAME", help_heading = "UMAP and t-SNE")]
    metric: Option<String>,

    /// Where points are before they are moved: pca, or the eigenvectors of the graph of neighbours
    /// (spectral) [default: pca]
    #[arg(long, value_name = "NAME", help_heading = "UMAP")]
    init: Option<String>,
}

impl OptionArgs {
    fn options(&self) -> Result<ReducerOptions> {
        let metric = self.metric.as_deref().map(Distance::from_str);
        let init = self.init.as_deref().map(Init::from_str);
        Ok(ReducerOptions {
            n_neighbors: self.n_neighbors,
            min_dist: self.min_dist,
            spread: self.spread,
            perplexity: self.perplexity,
            n_epochs: self.n_epochs,
            metric: metric.transpose().context("--metric")?,
            init: init.transpose().context("--init")?,
        })
    }
}

impl MapsArgs {
    /// The reducer that the flags describe.
    pub(crate) fn spec(&self) -> Result<ReducerSpec> {
        anyhow::ensure!(self.components > 0, "--components 0: at least 1 is needed");
        let scaling = self.scaling.as_deref().map(Scaling::from_str);
        let spec = ReducerSpec {
            kind: ReducerKind::from_str(&self.reducer).context("--reducer")?,
            components: self.components,
            scaling: scaling.transpose().context("--scaling")?,
            seed: self.seed,
            align: self.align,
            options: self.options.options()?,
        };
        // Whatever is wrong with the options is found before anything is read.
        spec.build()?;
        Ok(spec)
    }
}

/// Names the layers whose maps are a single point.
pub(crate) fn report_points(scan: &Scan) {
    let maps = scan.notes().maps.iter().flat_map(|maps| &maps.layers);
    for note in maps.filter(|note| note.degenerate) {
        say(&format!(
            "{}: all rows are equal, so its map is a single point",
            note.layer
        ));
    }
}
