//! `llm-mri reduce`: other maps of a recording.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Result;
use clap::Args;
use llm_mri::{Layer, QualityOptions, Scan, Stage};

use super::maps::{MapsArgs, report_points};
use super::progress::{Bar, say};
use super::values::{neighborhood, positive};

/// Reduce the layers of a recording to maps, and measure what the maps keep
///
/// Reads OUT/activations, as `llm-mri extract` or `scan` wrote them, and writes into OUT:
///   embedding/resid.NN.npy             float32 (texts, K), one per layer
///   embedding/resid.NN.projection.csv  offset,factor and a column per component: places new rows;
///                                      for reducers that have no such table manifest.json says so
///   embedding/quality.csv              how much of the neighborhoods and distances each map keeps
///   manifest.json                      its section `maps`
///
/// Regions, graphs and figures of the former maps are removed; `llm-mri graph` makes those of the
/// new ones. Maps of other than 2 components get their graph of correlations at once.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Example:
  llm-mri reduce scan-out --reducer svd --components 10 --layers 0,3,6"
)]
pub(crate) struct ReduceArgs {
    /// Folder of the recording
    #[arg(value_name = "OUT")]
    out: PathBuf,

    #[command(flatten)]
    maps: MapsArgs,

    /// Layers to reduce, such as 0,3,6 of the residual stream or mlp_act.02; the default is all
    #[arg(
        long,
        value_name = "LAYER,…",
        value_delimiter = ',',
        value_parser = layer,
        help_heading = "Maps"
    )]
    layers: Vec<Layer>,

    /// Texts in the neighborhoods that are compared, the text itself counted as in --n-neighbors
    #[arg(
        long,
        value_name = "N",
        default_value_t = 16,
        value_parser = neighborhood,
        help_heading = "Quality"
    )]
    quality_neighbors: usize,

    /// The same without the text itself, by its former name
    #[arg(
        long,
        value_name = "N",
        hide = true,
        conflicts_with = "quality_neighbors",
        value_parser = positive
    )]
    neighbours: Option<usize>,

    /// Do not measure what the maps keep
    #[arg(long, help_heading = "Quality")]
    no_quality: bool,

    /// Threads to work with; the default is one per core
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) threads: Option<usize>,

    /// Show no progress and print nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(args: ReduceArgs) -> Result<()> {
    let spec = args.maps.spec()?;
    let bar = Bar::new(args.quiet);
    let scan = Scan::open_recording_for_writing(&args.out)?;
    let scan = match args.layers.as_slice() {
        [] => scan.with_maps(&spec, &bar)?,
        some => scan.with_layer_maps(some, &spec, &bar)?,
    };
    let scan = if args.no_quality {
        scan
    } else {
        let options = QualityOptions {
            neighbors: args.neighbours.unwrap_or(args.quality_neighbors - 1),
            ..QualityOptions::default()
        };
        scan.with_quality(&options, &bar)?
    };
    scan.update(Stage::Maps, &bar)?;
    bar.finish();
    if !args.quiet {
        report(&scan, &args);
    }
    Ok(())
}

/// A number is a layer of the residual stream; anything else is a layer's full name.
fn layer(text: &str) -> Result<Layer, String> {
    match text.parse::<usize>() {
        Ok(index) => Ok(Layer::resid(index)),
        Err(_) => Layer::from_str(text).map_err(|error| error.to_string()),
    }
}

fn report(scan: &Scan, args: &ReduceArgs) {
    report_points(scan);
    let Ok(maps) = scan.maps() else {
        return;
    };
    let section = maps.section();
    let layers = section.layers.iter();
    let measured = layers.filter_map(|map| Some((map.layer, map.quality?)));
    for (layer, quality) in measured {
        let m = quality.measures;
        let hit = m.neighborhood_hit;
        let hit = hit.map_or_else(String::new, |hit| format!(", neighborhood hit {hit:.3}"));
        say(&format!(
            "{layer}: trustworthiness {:.3}, continuity {:.3}, recall {:.3} of {} neighbors{hit}",
            m.trustworthiness, m.continuity, m.recall, quality.neighbors
        ));
    }
    say(&format!(
        "wrote {} maps by {} to {}",
        section.layers.len(),
        section.reducer,
        args.out.join("embedding").display()
    ));
}
