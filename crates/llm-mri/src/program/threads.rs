//! The thread pool of the program.

use anyhow::Result;

/// Limits the global thread pool; without a number it has one thread per core.
pub(crate) fn limit(threads: Option<usize>) -> Result<()> {
    if let Some(threads) = threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()?;
    }
    Ok(())
}
