//! How long the stages of a scan take.

use std::time::Instant;

use crate::folder::sections::Timings;

/// Seconds per stage.
#[derive(Default)]
pub(crate) struct Clock(Timings);

impl Clock {
    pub(crate) fn time<T>(&mut self, stage: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.0
            .insert(stage.to_owned(), round(start.elapsed().as_secs_f64()));
        result
    }

    pub(crate) fn finish(mut self, started: Instant) -> Timings {
        self.0
            .insert("total".to_owned(), round(started.elapsed().as_secs_f64()));
        self.0
    }
}

/// To milliseconds: finer differences are noise on a shared machine.
fn round(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}
