// SPDX-License-Identifier: MIT
//! Birth and end of tasks.

use crate::harness::*;
use crate::{on_worker, runtime};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::*};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Barrier};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

static LEFT: AtomicU64 = AtomicU64::new(0);

fn spawn_share(handle: &Handle, share: u64, ended: &'static SyncSender<()>) {
    for _ in 0..share {
        handle.spawn(async move {
            if LEFT.fetch_sub(1, AcqRel) == 1 {
                ended.send(()).unwrap();
            }
        });
    }
}

pub fn external(bench: &mut Bench) {
    let threads = bench.param("threads", 1).max(1);
    bench.begin(1_000_000);
    bench.round_up(threads);
    let rt = runtime(bench);
    let (sender, receiver) = std::sync::mpsc::sync_channel::<()>(1);
    let ended: &'static SyncSender<()> = Box::leak(Box::new(sender));
    let start = Arc::new(Barrier::new(threads as usize));
    let share = bench.ops / threads;
    for _ in 1..threads {
        let (handle, start) = (rt.handle().clone(), start.clone());
        std::thread::spawn(move || loop {
            start.wait();
            spawn_share(&handle, share, ended);
        });
    }
    bench.run(|| {
        LEFT.store(bench.ops, Relaxed);
        start.wait();
        spawn_share(rt.handle(), share, ended);
        receiver.recv().unwrap();
    });
    std::process::exit(0); // the threads wait at the barrier
}

pub fn local(bench: &mut Bench) {
    let batch = bench.param("batch", 10_000).max(1);
    bench.begin(1_000_000);
    bench.round_up(batch);
    let (rt, batches) = (runtime(bench), bench.ops / batch);
    bench.run(|| {
        on_worker(&rt, async move {
            let mut handles = Vec::with_capacity(batch as usize);
            for _ in 0..batches {
                handles.extend((0..batch).map(|_| tokio::spawn(async {})));
                for handle in handles.drain(..) {
                    handle.await.unwrap();
                }
            }
        })
    });
}

pub fn spawn_await(bench: &mut Bench) {
    bench.begin(1_000_000);
    let (rt, ops) = (runtime(bench), bench.ops);
    bench.run(|| {
        on_worker(&rt, async move {
            for _ in 0..ops {
                tokio::spawn(async {}).await.unwrap();
            }
        })
    });
}

fn link(left: u64, ended: oneshot::Sender<()>) {
    if left == 0 {
        ended.send(()).unwrap();
    } else {
        tokio::spawn(async move { link(left - 1, ended) });
    }
}

pub fn chained(bench: &mut Bench) {
    bench.begin(1_000_000);
    let (rt, ops) = (runtime(bench), bench.ops);
    bench.run(|| {
        on_worker(&rt, async move {
            let (sender, receiver) = oneshot::channel();
            link(ops, sender);
            receiver.await.unwrap();
        })
    });
}

fn fib(n: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if n < 2 {
            return n;
        }
        let one = tokio::spawn(fib(n - 1));
        let other = fib(n - 2).await;
        one.await.unwrap() + other
    })
}

fn fib_calls(n: u64) -> u64 {
    if n < 2 {
        0
    } else {
        1 + fib_calls(n - 1) + fib_calls(n - 2)
    }
}

pub fn fib_tree(bench: &mut Bench) {
    let n = bench.param("n", 27);
    bench.begin(1);
    bench.ops = fib_calls(n);
    let rt = runtime(bench);
    bench.run(|| {
        std::hint::black_box(on_worker(&rt, fib(n)));
    });
}

pub fn skewed_steal(bench: &mut Bench) {
    let us = bench.param("us", 10);
    bench.begin(10_000);
    let (rt, ops, turns) = (runtime(bench), bench.ops, work_turns(us * 1000));
    bench.run(|| {
        on_worker(&rt, async move {
            let spawn = |_| tokio::spawn(async move { std::hint::black_box(work(turns)) });
            let handles: Vec<_> = (0..ops).map(spawn).collect();
            for handle in handles {
                handle.await.unwrap();
            }
        })
    });
}
