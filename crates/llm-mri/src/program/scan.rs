//! `llm-mri scan`: from texts to pictures in one go.

use anyhow::Result;
use clap::Args;
use llm_mri::Scan;

use super::maps::{MapsArgs, report_points};
use super::missing_glyphs::report_missing_glyphs;
use super::omissions::report_omissions;
use super::progress::{Bar, say};
use super::source::SourceArgs;
use super::values::{self, Bins};

/// Record, reduce, cut into regions, connect and draw
///
/// Writes into OUT:
///   manifest.json               model, corpus, options, counts, timings
///   corpus.csv                  text,label: the texts as they were read
///   activations/resid.NN.npy    float32 (texts, width), one per layer
///   embedding/resid.NN.npy      float32 (texts, K)
///   grid/cells.csv              text,label,layer,x,y,cell
///   grid/regions.csv            each region's texts per label, words and typical texts
///   graph/edges.csv, nodes.csv  source,target,layer and one weight per label (also .parquet)
///   graph/graph.json, .graphml, .gexf, .dot  the same for networkx, Gephi and others
///   graph/centrality.csv        betweenness, PageRank and community of each region
///   grid/significance.csv       which regions and layers tell labels apart beyond chance,
///   graph/significance.csv      and which transitions do
///   figures/*.svg, *.png, *.gif heatmaps, graphs, charts and an animation
///   report.html                 one page to explore all of it with, which needs no network
///
/// An interrupted run resumes when it is started again, and a finished recording is reused: other
/// maps or regions of the same texts take seconds. manifest.json names only stages that are
/// complete.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Example:
  llm-mri scan --model .models/all-MiniLM-L6-v2 --data examples/data/topics.csv --out scan-out"
)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,

    #[command(flatten)]
    maps: MapsArgs,

    /// Cells per side of each layer's grid
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = values::side,
        help_heading = "Maps"
    )]
    grid: usize,

    /// How axes are cut into cells
    #[arg(
        long,
        value_name = "KIND",
        default_value = "uniform",
        help_heading = "Maps"
    )]
    bins: Bins,
}

pub(crate) fn run(args: ScanArgs) -> Result<()> {
    let source = &args.source;
    let spec = args.maps.spec()?;
    let bar = Bar::new(source.quiet);
    let scan = source
        .apply(Scan::builder())?
        .reduce(&spec)
        .binning(args.bins.binning(args.grid))
        .run_with(&bar)?;
    bar.finish();
    if !source.quiet {
        report(&scan, source);
    }
    Ok(())
}

fn report(scan: &Scan, source: &SourceArgs) {
    source.report(scan);
    report_points(scan);
    match scan.graph() {
        Some(graph) => {
            let (regions, edges) = (graph.graph().node_count(), graph.graph().edge_count());
            say(&format!(
                "{regions} regions, {edges} transitions between them"
            ));
            say(&format!(
                "pictures: {}",
                source.out.join("figures").display()
            ));
            say(&format!(
                "to explore: {}",
                source.out.join("report.html").display()
            ));
        }
        None => say("regions and pictures need --components 2; embeddings were written"),
    }
    report_omissions(scan);
    report_missing_glyphs(scan);
    say(&format!("wrote {}", source.out.display()));
}
