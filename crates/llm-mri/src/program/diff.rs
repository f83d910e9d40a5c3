//! `llm-mri diff`: two scans of the same texts.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use llm_mri::{CompareOptions, Comparison, LayerComparison, Output, Scan, check_output};

use super::progress::say;
use super::table::{fitted, short};
use super::values::{neighborhood, positive};

/// Compare two scans of the same texts: two models, two checkpoints, two ways to pool
///
/// For every layer of A and its counterpart in B:
///   cka         linear CKA of the activations: 1 alike, 0 unrelated
///   procrustes  Procrustes disparity of the activations: 0 equal up to rotation, shift and scale
///   regions     adjusted mutual information of the regions: 1 the same, about 0 unrelated
///   moved       mean share of a text's nearest neighbors in A that are not among those in B
/// and the texts that moved most. Layers are paired by number; where one model has more layers, by
/// the nearest relative depth. Labels may differ, texts and their order may not.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Example:
  llm-mri diff scan-before scan-after --out what-changed"
)]
pub(crate) struct DiffArgs {
    /// Folder of the first scan
    a: PathBuf,

    /// Folder of the second scan
    b: PathBuf,

    /// Folder to write layers.csv and texts.csv into; without it they are not written
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Replace layers.csv and texts.csv in DIR; a folder that holds anything else is refused
    #[arg(long)]
    force: bool,

    /// Texts in a neighborhood, the text itself counted as in --n-neighbors of reduce
    #[arg(
        long,
        value_name = "N",
        default_value_t = 11,
        value_parser = neighborhood
    )]
    quality_neighbors: usize,

    /// The same without the text itself, by its former name
    #[arg(
        long,
        short = 'n',
        value_name = "N",
        hide = true,
        conflicts_with = "quality_neighbors",
        value_parser = positive
    )]
    neighbours: Option<usize>,

    /// Search neighbors in the activations instead of the maps: slower, and for scans without maps
    #[arg(long)]
    in_activations: bool,

    /// Print this many of the texts that moved most
    #[arg(long, value_name = "N", default_value_t = 10)]
    texts: usize,

    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(args: DiffArgs) -> Result<()> {
    if let Some(out) = &args.out {
        check_output(out, Output::Comparison, args.force, &[&args.a, &args.b])?;
    }
    let [a, b] = [&args.a, &args.b].map(|folder| {
        let scan = Scan::open(folder)?;
        // Scans without maps can still be compared in their activations.
        match scan.maps() {
            Ok(_) => scan.with_regions(),
            Err(_) => Ok(scan),
        }
    });
    let (a, b) = (a?, b?);
    let options = CompareOptions {
        neighbors: args.neighbours.unwrap_or(args.quality_neighbors - 1),
        in_activations: args.in_activations,
    };
    let comparison = a.compare(&b, &options)?;
    if let Some(out) = &args.out {
        comparison.save(out, args.force)?;
    }
    if !args.quiet {
        report(&comparison, &args);
        if let Some(out) = &args.out {
            say(&format!("wrote {}", out.display()));
        }
    }
    Ok(())
}

fn report(comparison: &Comparison, args: &DiffArgs) {
    let [a, b] = &comparison.models;
    say(&format!("A: {} ({a})", args.a.display()));
    say(&format!("B: {} ({b})", args.b.display()));
    say(&format!("n = {} texts", comparison.texts.len()));
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), short);
    let header = ["A", "B"].into_iter().chain(LayerComparison::MEASURES);
    let header = header.map(str::to_owned).collect();
    let layers = comparison.layers.iter().map(|layer| {
        let sides = [layer.a, layer.b].map(|side| side.to_string());
        sides
            .into_iter()
            .chain(layer.measures().map(number))
            .collect()
    });
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(layers).collect();
    fitted(&rows).iter().for_each(|line| say(line));
    if args.texts == 0 {
        return;
    }
    say("moved most, mean over layers:");
    for text in comparison.texts.iter().take(args.texts) {
        let excerpt: String = text.excerpt.chars().take(80).collect();
        say(&format!(
            "  {:.3}  text {} ({})  {excerpt}",
            text.moved, text.row, text.label
        ));
    }
}
