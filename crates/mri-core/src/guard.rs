//! The one guard that decoders of other crates run behind: some panic on hostile bytes.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use thiserror::Error;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// A panic of other code that was caught, with what it said.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the decoder gave up: {0}")]
pub struct CaughtPanic(pub String);

/// Whether a panic of this thread is caught and becomes an error.
///
/// The process's panic hook is called all the same; with this it can recognize such a panic and
/// stay silent.
#[must_use]
pub fn panic_is_caught() -> bool {
    GUARDED.get()
}

/// Runs code of another crate on bytes that may be hostile and turns its panics into errors. What
/// it worked on must not be used again after one.
///
/// A panic counts in this thread only: code that hands work to a pool is guarded there.
///
/// # Errors
/// [`CaughtPanic`].
///
/// ```
/// let outcome = mri_core::guarded(|| [1, 2][7 % 3..].len());
/// assert_eq!(outcome, Ok(1));
/// # let usual = std::panic::take_hook();
/// # std::panic::set_hook(Box::new(|_| ()));
/// let outcome: Result<(), _> = mri_core::guarded(|| panic!("bad byte"));
/// assert_eq!(outcome.unwrap_err().to_string(), "the decoder gave up: bad byte");
/// # std::panic::set_hook(usual);
/// ```
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, CaughtPanic> {
    let outside = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outside);
    outcome.map_err(|panic| CaughtPanic(said(panic.as_ref())))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("for no given reason").to_owned()
}
