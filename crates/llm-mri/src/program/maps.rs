//! The flags that `scan` and `reduce` share: how layers become maps.

use anyhow::Result;
use clap::Args;
use llm_mri::{Distance, Init, ReducerKind, ReducerOptions, ReducerSpec, Scaling, Scan};

use super::progress::say;
use super::values::{self, positive};

/// How layers are reduced.
#[derive(Debug, Args)]
pub(crate) struct MapsArgs {
    /// How layers are reduced
    #[arg(
        long,
        value_name = "NAME",
        default_value = "pca",
        value_parser = values::reducer(),
        help_heading = "Maps"
    )]
    pub(crate) reducer: ReducerKind,

    /// Components to keep; regions and pictures need 2
    #[arg(
        long,
        short = 'k',
        value_name = "K",
        default_value_t = 2,
        value_parser = positive,
        help_heading = "Maps"
    )]
    pub(crate) components: usize,

    /// How columns are scaled first; the default is the reducer's own
    #[arg(long, value_name = "NAME", value_parser = values::scaling(), help_heading = "Maps")]
    pub(crate) scaling: Option<Scaling>,

    /// Seed of the reducer's random numbers
    #[arg(long, default_value_t = 0, help_heading = "Maps")]
    pub(crate) seed: u64,

    /// Make the maps of all layers in one frame: each initialized by the previous one (umap, tsne,
    /// pacmap), or
    /// rotated onto it (all others). A text then moves between layers because the model moved it
    #[arg(long, help_heading = "Maps")]
    align: bool,

    #[command(flatten)]
    options: OptionArgs,
}

/// What only UMAP, t-SNE and PaCMAP have.
#[derive(Debug, Args)]
struct OptionArgs {
    /// Texts in a neighborhood, the text itself counted [default: 15]. 5 shows small groups and
    /// splits large ones, 50 shows how groups lie to each other. PaCMAP does not count the text
    /// itself [default: 10, or more for more than 10,000 texts]
    #[arg(long, value_name = "N", help_heading = "UMAP and PaCMAP")]
    n_neighbors: Option<usize>,

    /// Least distance of points, from 0 to the spread [default: 0.1]. 0 packs groups tightly, 0.5
    /// spreads them evenly over the grid's cells
    #[arg(
        long,
        value_name = "D",
        help_heading = "UMAP",
        allow_negative_numbers = true
    )]
    min_dist: Option<f64>,

    /// Scale of --min-dist [default: 1]; alone it changes little
    #[arg(
        long,
        value_name = "D",
        help_heading = "UMAP",
        allow_negative_numbers = true
    )]
    spread: Option<f64>,

    /// Mid-near pairs of a text per near one [default: 0.5]. More keep more of the large distances
    #[arg(
        long,
        value_name = "R",
        help_heading = "PaCMAP",
        allow_negative_numbers = true
    )]
    mn_ratio: Option<f64>,

    /// Further pairs of a text, which repel each other, per near one [default: 2]
    #[arg(
        long,
        value_name = "R",
        help_heading = "PaCMAP",
        allow_negative_numbers = true
    )]
    fp_ratio: Option<f64>,

    /// Step size of the optimizer [default: 1]
    #[arg(
        long,
        value_name = "R",
        help_heading = "PaCMAP",
        allow_negative_numbers = true
    )]
    learning_rate: Option<f64>,

    /// Effective number of neighbors of a text [default: 30]. 5 shows small groups and splits large
    /// ones
    #[arg(long, value_name = "N", help_heading = "t-SNE")]
    perplexity: Option<f64>,

    /// Epochs of the optimization [default: 500 in UMAP, or 200 for more than 10,000 texts; 750 in
    /// t-SNE; 450 in PaCMAP]. Fewer are quicker, many more change little
    #[arg(long, value_name = "N", help_heading = "UMAP, t-SNE and PaCMAP")]
    n_epochs: Option<usize>,

    /// Distance by which neighbors are found [default: euclidean]
    #[arg(
        long,
        value_name = "NAME",
        value_parser = values::metric(),
        help_heading = "UMAP, t-SNE and PaCMAP"
    )]
    metric: Option<Distance>,

    /// Positions before the first epoch [default: pca]
    #[arg(long, value_name = "NAME", value_parser = values::init(), help_heading = "UMAP")]
    init: Option<Init>,
}

impl OptionArgs {
    fn options(&self) -> ReducerOptions {
        ReducerOptions {
            n_neighbors: self.n_neighbors,
            min_dist: self.min_dist,
            spread: self.spread,
            mn_ratio: self.mn_ratio,
            fp_ratio: self.fp_ratio,
            learning_rate: self.learning_rate,
            perplexity: self.perplexity,
            n_epochs: self.n_epochs,
            metric: self.metric,
            init: self.init,
        }
    }
}

impl MapsArgs {
    /// The reducer that the flags describe.
    pub(crate) fn spec(&self) -> Result<ReducerSpec> {
        let spec = ReducerSpec {
            kind: self.reducer,
            components: self.components,
            scaling: self.scaling,
            seed: self.seed,
            align: self.align,
            options: self.options.options(),
        };
        // Invalid options are reported before anything is read.
        spec.build()?;
        Ok(spec)
    }
}

/// Names the layers whose maps are a single point or have hardly more.
pub(crate) fn report_points(scan: &Scan) {
    let Ok(maps) = scan.maps() else {
        return;
    };
    for (layer, points) in maps.embedding().iter() {
        let texts = points.coordinates.nrows();
        if points.degenerate {
            say(&format!(
                "{layer}: all rows are equal, so its map is a single point"
            ));
        } else if let Some(distinct) = points.few_distinct() {
            say(&format!(
                "{layer}: {texts} texts have only {distinct} different rows, so its map has {distinct} points"
            ));
        }
    }
}
