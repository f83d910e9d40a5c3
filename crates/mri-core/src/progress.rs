use thiserror::Error;

/// How far a long piece of work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is being done, such as `"forward pass"` or `"epochs"`.
    pub stage: &'a str,
    /// Units finished.
    pub done: u64,
    /// Units in all.
    pub total: u64,
}

/// The work was stopped by its [`Watch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("cancelled")]
pub struct Cancelled;

/// Receives progress and may cancel the work.
///
/// Implemented for every `Fn(Progress) -> bool`, which returns `false` to cancel, and for `()`,
/// which ignores progress and never cancels. Results never depend on the watch.
pub trait Watch: Sync {
    /// Called from time to time, possibly from several threads; return `false` to cancel.
    fn step(&self, progress: Progress<'_>) -> bool;

    /// [`Watch::step`] as a result, for use with `?`.
    ///
    /// # Errors
    /// [`Cancelled`] if the watch asks to stop.
    fn check(&self, stage: &str, done: usize, total: usize) -> Result<(), Cancelled> {
        let (done, total) = (done as u64, total as u64);
        if self.step(Progress { stage, done, total }) {
            Ok(())
        } else {
            Err(Cancelled)
        }
    }
}

impl Watch for () {
    fn step(&self, _: Progress<'_>) -> bool {
        true
    }
}

impl<F: Fn(Progress<'_>) -> bool + Sync> Watch for F {
    fn step(&self, progress: Progress<'_>) -> bool {
        self(progress)
    }
}
