//! The command line: one file per subcommand, each a thin shell over the library.

mod diff;
mod extract;
mod graph;
mod hints;
mod log;
mod maps;
mod merge;
mod metrics;
mod missing_glyphs;
mod omissions;
mod output;
mod progress;
mod reduce;
mod report;
mod scan;
mod signals;
mod source;
mod table;
mod threads;
mod values;
mod verify;

use std::io;
use std::panic;
use std::process::ExitCode;

use anyhow::Context;
use clap::{ArgAction, Parser, Subcommand};

/// A brain scanner for language models.
///
/// Give it labelled texts and a model folder. It records the hidden activations of every layer,
/// reduces each layer to a map, cuts the map into regions and shows which regions each label
/// lights up: heatmaps per layer, a graph of regions across layers, and the numbers behind them.
#[derive(Debug, Parser)]
#[command(
    name = "llm-mri",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
struct Cli {
    /// Print the steps of the work and their time to standard error; twice for every batch
    #[arg(long, short, global = true, action = ArgAction::Count, display_order = 100)]
    verbose: u8,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Scan(scan::ScanArgs),
    Extract(extract::ExtractArgs),
    Merge(merge::MergeArgs),
    Report(report::ReportArgs),
    Reduce(reduce::ReduceArgs),
    Graph(graph::GraphArgs),
    Metrics(metrics::MetricsArgs),
    Diff(diff::DiffArgs),
    Verify(verify::VerifyArgs),
}

impl Command {
    /// The threads that are asked for.
    fn threads(&self) -> Option<usize> {
        match self {
            Self::Scan(args) => args.source.threads,
            Self::Extract(args) => args.source.threads,
            Self::Reduce(args) => args.threads,
            _ => None,
        }
    }
}

/// Runs the program: 0 when all went well, 1 with one line on standard error when not, 130 or 143
/// when it was stopped by a signal; the argument parser itself answers wrong usage with 2.
pub(crate) fn run() -> ExitCode {
    // A panic that a library catches and returns as an error is reported once, as that error.
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !llm_mri::core::panic_is_caught() {
            usual(panic);
        }
    }));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => return usage(&answer),
    };
    log::start(cli.verbose);
    let outcome = threads::limit(cli.command.threads()).and_then(|()| run_command(cli.command));
    let outcome = outcome.and_then(|()| output::finish().context("standard output"));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => signals::stopped(&error).unwrap_or_else(|| {
            complain(&error);
            ExitCode::FAILURE
        }),
    }
}

fn run_command(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Scan(args) => scan::run(args),
        Command::Extract(args) => extract::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Report(args) => report::run(args),
        Command::Reduce(args) => reduce::run(args),
        Command::Graph(args) => graph::run(args),
        Command::Metrics(args) => metrics::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Verify(args) => verify::run(args),
    }
}

/// Prints the help or version that was asked for, or what is wrong with the arguments.
fn usage(answer: &clap::Error) -> ExitCode {
    let text = answer.render().to_string();
    if answer.use_stderr() {
        // Arguments may be names of files that somebody else chose.
        if text.lines().any(|line| output::printable(line) != line) {
            text.lines().for_each(output::complain);
        } else {
            let _ = answer.print();
        }
        return ExitCode::from(2);
    }
    match answer.print() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            output::complain(&format!("error: standard output: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// One line with the whole chain of causes, leaving out a cause that its parent already quotes, and
/// the remedy.
fn complain(error: &anyhow::Error) {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if line.is_empty() {
            line = text;
        } else if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
    }
    if let Some(remedy) = hints::remedy(error) {
        line = format!("{line}; {remedy}");
    }
    output::complain(&format!("error: {}", line.replace('\n', " ")));
}
