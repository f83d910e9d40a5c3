//! The steps of the work on standard error, for `--verbose`.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::output::LogLines;

/// Prints the spans of our crates with their time: stages, and batches where `verbose` is 2.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // A target is the path of a module; these are the prefixes of all of ours.
    let ours = Targets::new()
        .with_target("llm_mri", level)
        .with_target("mri_", level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| LogLines)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false);
    tracing_subscriber::registry().with(lines).with(ours).init();
}

/// Whether lines are printed, which would tear a progress bar.
pub(crate) fn is_on() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}
