// SPDX-License-Identifier: MIT
//! Turns, locks, permits, the blocking pool.

use crate::harness::*;
use crate::{on_worker, runtime};
use std::future::Future;
use std::sync::Arc;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::{spawn_blocking, yield_now};

/// Spawn `count` tasks, and wait for all.
async fn spawn_all<F>(count: u64, make: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let handles: Vec<_> = (0..count).map(|_| tokio::spawn(make())).collect();
    for handle in handles {
        handle.await.unwrap();
    }
}

pub fn yields(bench: &mut Bench) {
    let tasks = bench.param("tasks", 200).max(1);
    bench.begin(200_000);
    bench.round_up(tasks);
    let (rt, each) = (runtime(bench), bench.ops / tasks);
    bench.run(|| {
        on_worker(&rt, async move {
            let yielder = || async move {
                for _ in 0..each {
                    yield_now().await;
                }
            };
            spawn_all(tasks, yielder).await
        })
    });
}

pub fn mutex(bench: &mut Bench) {
    let tasks = bench.param("tasks", 64).max(1);
    let yields = bench.param("yield", 0) != 0;
    bench.begin(640_000);
    bench.round_up(tasks);
    let (rt, ops, each) = (runtime(bench), bench.ops, bench.ops / tasks);
    bench.run(|| {
        on_worker(&rt, async move {
            let entered = Arc::new(Mutex::new(0u64));
            let visitor = || {
                let entered = entered.clone();
                async move {
                    for _ in 0..each {
                        let mut guard = entered.lock().await;
                        *guard += 1;
                        if yields {
                            yield_now().await;
                        }
                    }
                }
            };
            spawn_all(tasks, visitor).await;
            assert_eq!(*entered.lock().await, ops);
        })
    });
}

pub fn semaphore(bench: &mut Bench) {
    let permits = bench.param("permits", 4) as usize;
    let tasks = bench.param("tasks", 64).max(1);
    bench.begin(640_000);
    bench.round_up(tasks);
    let (rt, each) = (runtime(bench), bench.ops / tasks);
    bench.run(|| {
        on_worker(&rt, async move {
            let semaphore = Arc::new(Semaphore::new(permits));
            let visitor = || {
                let semaphore = semaphore.clone();
                async move {
                    for _ in 0..each {
                        drop(semaphore.acquire().await.unwrap());
                    }
                }
            };
            spawn_all(tasks, visitor).await
        })
    });
}

pub fn blocking(bench: &mut Bench) {
    let tasks = bench.param("tasks", 1).max(1);
    let asked = bench.param("batch", 1);
    bench.begin(100_000);
    let batch = if asked == 0 { (bench.ops + tasks - 1) / tasks } else { asked };
    bench.round_up(tasks * batch);
    let (rt, batches) = (runtime(bench), bench.ops / tasks / batch);
    bench.run(|| {
        on_worker(&rt, async move {
            let caller = || async move {
                let mut jobs = Vec::with_capacity(batch as usize);
                for _ in 0..batches {
                    jobs.extend((0..batch).map(|_| spawn_blocking(|| {})));
                    for job in jobs.drain(..) {
                        job.await.unwrap();
                    }
                }
            };
            spawn_all(tasks, caller).await
        })
    });
}
