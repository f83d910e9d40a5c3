//! `llm-mri graph`: the regions of a finished scan and their graph, anew.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use llm_mri::{Discoveries, GraphOptions, Scan, Significance, Stage, Threshold};

use super::missing_glyphs::report_missing_glyphs;
use super::omissions::report_omissions;
use super::progress::{Bar, say};
use super::table::fitted;
use super::values::{self, Bins};

/// Cut the maps of a finished scan anew and connect the regions.
///
/// Replaces OUT/grid, OUT/graph and OUT/figures; recording and maps stay as they are. Without
/// options it does what `llm-mri scan` does. Filters act on the files of OUT/graph and on the
/// pictures of graphs; tests and OUT/grid see every text of the labels chosen.
///
/// Where maps have another number of components than 2, nodes are components and edges are
/// Spearman correlations between those of neighboring layers; see --fdr and --rho.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  llm-mri graph scan-out --grid 15 --bins quantile
  llm-mri graph scan-out --categories law,music --min-weight 3 --layers 2..5")]
pub(crate) struct GraphArgs {
    /// Folder of the scan
    out: PathBuf,

    /// Cells per side of each layer's grid; the default is the scan's
    #[arg(long, value_name = "N", value_parser = values::side, help_heading = "Regions")]
    grid: Option<usize>,

    /// How axes are cut into cells; the default is the scan's
    #[arg(long, value_name = "KIND", help_heading = "Regions")]
    bins: Option<Bins>,

    /// Labels to look at, separated by commas; repeat the option for names with commas in them.
    /// The default is all
    #[arg(long, value_name = "LABELS", help_heading = "Filters")]
    categories: Vec<String>,

    /// Keep edges that at least W texts take
    #[arg(long, value_name = "W", default_value_t = 1, help_heading = "Filters")]
    min_weight: u32,

    /// Keep the K heaviest edges
    #[arg(long, value_name = "K", help_heading = "Filters")]
    top: Option<usize>,

    /// Keep as few edges as make up this share of all steps from layer to layer, 0 to 1
    #[arg(
        long,
        value_name = "SHARE",
        value_parser = values::share,
        help_heading = "Filters"
    )]
    share: Option<f64>,

    /// Keep the layers with numbers from A to B, both included
    #[arg(
        long,
        value_name = "A..B",
        value_parser = values::layers,
        help_heading = "Filters"
    )]
    layers: Option<(usize, usize)>,

    /// Correlations are drawn at this false discovery rate
    #[arg(
        long,
        value_name = "RATE",
        default_value_t = 0.05,
        help_heading = "Correlations"
    )]
    fdr: f64,

    /// Draw all correlations with an absolute value of at least RHO instead of testing them
    #[arg(
        long,
        value_name = "RHO",
        conflicts_with = "fdr",
        help_heading = "Correlations"
    )]
    rho: Option<f64>,

    /// Random permutations of the labels, and as many bootstrap resamples; 0 leaves the tests out
    ///
    /// The default is 1000, or less for very many texts and labels
    #[arg(long, value_name = "P", help_heading = "Significance")]
    permutations: Option<usize>,

    /// Seed of the permutations
    #[arg(long, default_value_t = 0, help_heading = "Significance")]
    seed: u64,

    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(args: GraphArgs) -> Result<()> {
    let scan = Scan::open_for_writing(&args.out)?;
    let options = options(&args, &scan)?;
    let planar = scan.maps()?.components() == 2;
    ensure!(
        planar || (args.grid.is_none() && args.bins.is_none()),
        "--grid and --bins need maps with 2 components"
    );
    let scan = if planar {
        let before = scan.binning();
        let bins = args.bins.unwrap_or(Bins::of(before));
        let side = args.grid.unwrap_or(before.side());
        scan.with_grid(bins.binning(side))?
    } else {
        scan
    };
    let scan = scan.with_graph_options(options)?;
    let bar = Bar::new(args.quiet);
    scan.update(Stage::Grid, &bar)?;
    bar.finish();
    if !args.quiet {
        report(&scan)?;
        report_omissions(&scan);
        report_missing_glyphs(&scan);
        say(&format!("wrote {}", args.out.display()));
    }
    Ok(())
}

fn options(args: &GraphArgs, scan: &Scan) -> Result<GraphOptions> {
    let mut options = GraphOptions::default();
    for given in &args.categories {
        // A name with a comma in it can be given whole.
        if scan.category(given).is_ok() {
            options.categories.push(given.clone());
        } else {
            let names = given.split(',').map(|name| name.trim().to_owned());
            options.categories.extend(names);
        }
    }
    options.filter.min_weight = args.min_weight;
    options.filter.top = args.top;
    options.filter.share = args.share;
    if let Some((first, last)) = args.layers {
        options.filter.layers = Some(scan.layer_range(first, last).context("--layers")?);
    }
    options.threshold = match args.rho {
        Some(rho) => Threshold::AbsoluteRho(rho),
        None => Threshold::FalseDiscoveryRate(args.fdr),
    };
    let usual = scan.usual_tests().permutations;
    let permutations = args.permutations.unwrap_or(usual);
    options.significance = (permutations > 0).then(|| {
        Significance::default()
            .with_permutations(permutations)
            .with_resamples(permutations)
            .with_seed(args.seed)
    });
    Ok(options)
}

fn report(scan: &Scan) -> Result<()> {
    let options = scan.graph_options();
    let selected = scan.filtered_categories();
    let Ok(analysis) = scan.analysis() else {
        let graph = scan.correlations(&selected, options.threshold)?;
        let (nodes, edges) = (graph.graph().node_count(), graph.graph().edge_count());
        say(&format!(
            "{nodes} components, {edges} correlations over {} texts",
            graph.n_texts()
        ));
        return Ok(());
    };
    let graph = analysis.filtered_graph();
    let (regions, edges) = (graph.graph().node_count(), graph.graph().edge_count());
    say(&format!(
        "{regions} regions, {edges} transitions between them"
    ));
    if graph.is_filtered() {
        let whole = analysis.regions().graph();
        let kept = whole.view(&selected).select(&options.filter);
        say(&format!(
            "kept {edges} of {} transitions with {:.1} % of the steps",
            kept.n_edges_before,
            100.0 * kept.share()
        ));
    }
    if options.significance.is_some() {
        significance(scan)?;
    }
    Ok(())
}

/// Regions per layer that tell labels apart, at a false discovery rate of 5 %.
fn significance(scan: &Scan) -> Result<()> {
    let found = scan.discoveries(0.05)?;
    let Some(first) = found.first() else {
        say("one label has texts: there is nothing to test");
        return Ok(());
    };
    let layers = (0..first.by_layer.len()).map(|position| {
        let layer = scan.graph().and_then(|graph| graph.layers().get(position));
        layer.map_or_else(String::new, ToString::to_string)
    });
    let mut rows = vec![
        std::iter::once("regions that differ, q <= 5 %".to_owned())
            .chain(layers)
            .collect::<Vec<_>>(),
    ];
    for Discoveries { sides, by_layer } in found {
        let [a, b] = sides;
        let counts = by_layer.iter().map(ToString::to_string);
        rows.push(
            std::iter::once(format!("{a} / {b}"))
                .chain(counts)
                .collect(),
        );
    }
    fitted(&rows).iter().for_each(|line| say(line));
    Ok(())
}
