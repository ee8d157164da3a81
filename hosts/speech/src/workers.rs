//! Work that several threads share: one thing after the other, answers in order.

use crate::Fault;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Has the workers do `n` things; the answers in order. Errors: [`Fault::Inference`] with `what`, for the first that fails.
pub fn in_parallel<W: Send, T: Send>(
    workers: &mut [W],
    n: usize,
    what: &'static str,
    work: impl Fn(&mut W, usize) -> Result<T, ort::Error> + Sync,
) -> Result<Vec<T>, Fault> {
    let next = AtomicUsize::new(0);
    let run = |worker: &mut W| -> Result<Vec<(usize, T)>, Fault> {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= n {
                return Ok(done);
            }
            match work(worker, i) {
                Ok(answer) => done.push((i, answer)),
                Err(_) => {
                    // Nobody starts another.
                    next.store(n, Ordering::Relaxed);
                    return Err(Fault::Inference(what));
                }
            }
        }
    };
    let mut all = std::thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = workers.iter_mut().map(|worker| scope.spawn(move || run(worker))).collect();
        let mut all = Vec::with_capacity(n);
        for thread in threads {
            all.extend(thread.join().unwrap_or(Err(Fault::Inference("a worker stopped in the middle")))?);
        }
        Ok::<_, Fault>(all)
    })?;
    all.sort_unstable_by_key(|(i, _)| *i);
    Ok(all.into_iter().map(|(_, answer)| answer).collect())
}
