//! Ctrl-C and SIGTERM: the work stops at its next step, and what is finished is kept.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use llm_mri::ScanError;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::output::complain;

/// The signal that arrived, 0 for none; set up by [`listen`].
static ARRIVED: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// Takes note of Ctrl-C and SIGTERM from now on, instead of ending at once. A second one ends the
/// program at once. Called by work that asks [`arrived`] now and then.
pub(crate) fn listen() {
    ARRIVED.get_or_init(|| {
        let arrived = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order, so that the first signal sets what the second one finds. Where a
            // signal cannot be caught it ends the program, as it would without this.
            let _ = flag::register_conditional_shutdown(signal, 128 + signal, again.clone());
            let _ = flag::register(signal, again.clone());
            let number = usize::try_from(signal).unwrap_or_default();
            let _ = flag::register_usize(signal, arrived.clone(), number);
        }
        arrived
    });
}

/// The number of the signal that arrived.
fn signal() -> Option<usize> {
    let number = ARRIVED.get()?.load(Ordering::Relaxed);
    (number != 0).then_some(number)
}

/// Whether the work should stop.
pub(crate) fn arrived() -> bool {
    signal().is_some()
}

/// If an error is that of work stopped by a signal: says how to go on, and gives the exit status
/// that shells expect.
pub(crate) fn stopped(error: &anyhow::Error) -> Option<ExitCode> {
    let number = signal()?;
    if !error.downcast_ref::<ScanError>()?.is_cancelled() {
        return None;
    }
    complain("stopped; what is finished is kept: run the same command again, and it goes on");
    Some(ExitCode::from(u8::try_from(128 + number).unwrap_or(1)))
}
