//! `llm-mri metrics`: the numbers of a finished scan's graph.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use llm_mri::{CategoryMetrics, Scan};

use super::output::{say, say_data, say_json};
use super::table::{fitted, short};

/// Measure the graph of each label of a finished scan.
///
/// Prints a table with a column per label. With --json, an array with one object per label, which
/// has LLM-MRI's names (mean_degree, var_degree, skew_degree, kurt_degree, mean_strength and so on,
/// assortativity, density, center_of_mass, center_of_strength, model_name, label) at the top, and
/// beside them nodes, edges, texts, layered_density, mean_strength_per_text, modularity,
/// communities, by_layer, and the projections onto even and odd layers. A number that is not
/// defined is null, or an empty field. The formula of each stands beside its field in
/// crates/mri-graph/src/metrics.rs, and in the documentation of the crate's type `Metrics`.
///
/// The whole graph is measured, whatever the filters of `llm-mri graph`. Maps that were not cut
/// into regions yet are cut by a grid of 10 x 10.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  llm-mri metrics scan-out
  llm-mri metrics scan-out --category law --category music --together --json")]
pub(crate) struct MetricsArgs {
    /// Folder of the scan
    out: PathBuf,

    /// A label to measure; may be given several times. The default is every label
    #[arg(long, short, value_name = "LABEL")]
    category: Vec<String>,

    /// Measure also the graph of all these labels together
    #[arg(long)]
    together: bool,

    /// Print JSON: an array of objects
    #[arg(long)]
    json: bool,

    /// Print CSV: a line per label
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(crate) fn run(args: MetricsArgs) -> Result<()> {
    let scan = Scan::open(&args.out)?.with_regions()?;
    let counts = scan.labels().category_counts();
    let chosen: Vec<usize> = if args.category.is_empty() {
        (0..counts.len()).filter(|&c| counts[c] > 0).collect()
    } else {
        let indices = args.category.iter().map(|name| scan.category(name));
        indices.collect::<Result<_, _>>().context("--category")?
    };
    let mut graphs: Vec<Vec<usize>> = chosen.iter().map(|&c| vec![c]).collect();
    if args.together {
        graphs.push(chosen);
    }
    let measured = graphs.iter().map(|graph| scan.metrics(graph));
    let measured: Vec<CategoryMetrics> = measured.collect::<Result<_, _>>()?;
    if args.json {
        say_json(&serde_json::to_string_pretty(&measured)?);
        return Ok(());
    }
    let mut bytes = Vec::new();
    CategoryMetrics::write_csv(&measured, &mut bytes)?;
    if args.csv {
        say_data(&String::from_utf8(bytes)?);
        return Ok(());
    }
    for line in table(&bytes)? {
        say(&line);
    }
    Ok(())
}

/// The tidy table transposed: a column per label.
fn table(csv: &[u8]) -> Result<Vec<String>> {
    let mut reader = csv::Reader::from_reader(csv);
    let mut rows: Vec<Vec<String>> = reader
        .headers()?
        .iter()
        .map(|name| vec![name.to_owned()])
        .collect();
    for record in reader.records() {
        for (row, field) in rows.iter_mut().zip(record?.iter()) {
            row.push(match field.parse::<f64>() {
                Ok(number) if !matches!(row[0].as_str(), "model_name" | "label") => short(number),
                _ => field.to_owned(),
            });
        }
    }
    // The model is the same for all columns.
    rows.retain(|row| row[0] != "model_name");
    Ok(fitted(&rows))
}
