use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Runs `work` on every job with up to `threads` threads, which take the next job when they are
/// free; on the calling thread alone if `threads < 2`.
pub(super) fn parallel_for_each<T: Send>(threads: usize, jobs: Vec<T>, work: impl Fn(T) + Sync) {
    let threads = threads.min(jobs.len());
    if threads < 2 {
        return jobs.into_iter().for_each(work);
    }
    let jobs = Mutex::new(jobs.into_iter());
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(job) = next() {
            work(job);
        }
    };
    thread::scope(|scope| {
        // Where the system gives fewer threads, those that there are do all jobs.
        let start = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let workers: Vec<_> = (0..threads).map_while(start).collect();
        if workers.is_empty() {
            work();
        }
        for worker in workers {
            if let Err(panic) = worker.join() {
                resume_unwind(panic);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once() {
        for threads in [0, 1, 3, 50] {
            let mut done = [0; 20];
            parallel_for_each(threads, done.iter_mut().collect(), |done: &mut i32| {
                *done += 1;
            });
            assert_eq!(done, [1; 20]);
        }
    }
}
