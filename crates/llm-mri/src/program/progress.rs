//! Progress on the terminal: a bar per stage where standard error is one, silence elsewhere.

use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use llm_mri::{Progress, Watch};

pub(crate) use super::output::say;
use super::{log, signals};

/// A [`Watch`] that draws one bar, renamed as the stages change, and stops the work at a signal.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    stage: Mutex<String>,
}

impl Bar {
    /// A bar on standard error; hidden if `quiet`, beside the lines of `--verbose`, and where
    /// standard error is no terminal.
    pub(crate) fn new(quiet: bool) -> Self {
        signals::listen();
        let target = if quiet || log::is_on() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let style = ProgressStyle::with_template(
            "{msg:>22} [{bar:36}] {percent:>3}%  {human_pos}/{human_len}  {elapsed}, {eta} left",
        );
        // The template is a constant; the default style is a fallback that is never needed.
        bar.set_style(
            style
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> "),
        );
        Self {
            bar,
            stage: Mutex::new(String::new()),
        }
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Bar {
    fn step(&self, progress: Progress<'_>) -> bool {
        if let Ok(mut stage) = self.stage.lock()
            && *stage != progress.stage
        {
            progress.stage.clone_into(&mut stage);
            self.bar.reset();
            self.bar.set_message(progress.stage.to_owned());
        }
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
        !signals::arrived()
    }
}
