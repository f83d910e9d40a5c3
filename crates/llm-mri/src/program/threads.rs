//! The threads of the program.

use std::sync::{Mutex, OnceLock};
use std::thread::{self, available_parallelism};

use anyhow::{Context, Result};
use rayon::ThreadPoolBuilder;

/// Threads per core at most: more only wait for each other, and thousands for so long that nothing
/// is ever done.
const PER_CORE: usize = 4;

/// Threads that are started beside those of the pool and of libtorch, with some to spare.
const BESIDE: usize = 4;

static CHOSEN: OnceLock<usize> = OnceLock::new();

/// Starts the global thread pool: with one thread per core unless a number is given, with at most
/// four per core, and with fewer where the system gives no more.
pub(crate) fn limit(threads: Option<usize>) -> Result<()> {
    let cores = available_parallelism().map_or(1, usize::from);
    let mut threads = threads.unwrap_or(cores).min(PER_CORE * cores);
    // A global pool is made once, or never after a failure: what there is room for is tried before.
    while threads > 1 && !is_room(threads) {
        threads /= 2;
    }
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("the system gives no more threads or processes; `ulimit -u` has the limit")?;
    CHOSEN.get_or_init(|| threads);
    Ok(())
}

/// The threads of the pool.
pub(crate) fn chosen() -> Option<usize> {
    CHOSEN.get().copied()
}

/// Whether the pool and libtorch can both have so many threads.
fn is_room(threads: usize) -> bool {
    let wait = Mutex::new(());
    thread::scope(|scope| {
        // All wait until the last has been started, so that they exist at once.
        let guard = wait.lock();
        let idle = || drop(wait.lock());
        let start = |_| thread::Builder::new().spawn_scoped(scope, idle).is_ok();
        let all = (0..2 * threads + BESIDE).all(start);
        drop(guard);
        all
    })
}
