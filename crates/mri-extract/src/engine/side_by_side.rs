use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does jobs with so many threads, which take the next as soon as they are free; with one, here.
pub(super) fn side_by_side<T: Send>(threads: usize, jobs: Vec<T>, work: impl Fn(T) + Sync) {
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
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
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
            side_by_side(threads, done.iter_mut().collect(), |done: &mut i32| {
                *done += 1;
            });
            assert_eq!(done, [1; 20]);
        }
    }
}
