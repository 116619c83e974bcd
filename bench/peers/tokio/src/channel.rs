// SPDX-License-Identifier: MIT
//! Channels and oneshots.

use crate::harness::*;
use crate::{on_worker, runtime};
use std::hint::black_box;
use tokio::sync::{mpsc, oneshot};

async fn pair() {
    let (there, ping) = oneshot::channel::<u64>();
    let (back, pong) = oneshot::channel::<u64>();
    tokio::spawn(async move {
        let value = ping.await.unwrap();
        back.send(value).unwrap();
    });
    there.send(1).unwrap();
    pong.await.unwrap();
}

pub fn ping_pong(bench: &mut Bench) {
    bench.begin(1000);
    let (rt, ops) = (runtime(bench), bench.ops);
    bench.run(|| {
        on_worker(&rt, async move {
            let handles: Vec<_> = (0..ops).map(|_| tokio::spawn(pair())).collect();
            for handle in handles {
                handle.await.unwrap();
            }
        })
    });
}

pub fn ping_pong_chan(bench: &mut Bench) {
    let capacity = bench.param("capacity", 1) as usize;
    bench.begin(1_000_000);
    let (rt, ops) = (runtime(bench), bench.ops);
    bench.run(|| {
        on_worker(&rt, async move {
            let (there, mut ping) = mpsc::channel::<u64>(capacity);
            let (back, mut pong) = mpsc::channel::<u64>(capacity);
            let partner = tokio::spawn(async move {
                while let Some(value) = ping.recv().await {
                    back.send(value).await.unwrap();
                }
            });
            for i in 0..ops {
                there.send(i).await.unwrap();
                assert_eq!(pong.recv().await, Some(i));
            }
            drop(there);
            partner.await.unwrap();
        })
    });
}

async fn receive_each(mut receiver: mpsc::Receiver<u64>) -> u64 {
    let mut count = 0;
    while let Some(value) = receiver.recv().await {
        black_box(value);
        count += 1;
    }
    count
}

/// This Tokio has no recv_many: what one writes instead of it.
async fn receive_batches(mut receiver: mpsc::Receiver<u64>, batch: usize) -> u64 {
    let mut values = Vec::with_capacity(batch);
    let mut count = 0;
    while let Some(first) = receiver.recv().await {
        values.push(first);
        while values.len() < batch {
            match receiver.try_recv() {
                Ok(value) => values.push(value),
                Err(_) => break,
            }
        }
        count += values.len() as u64;
        black_box(&values);
        values.clear();
    }
    count
}

pub fn mpsc_many(bench: &mut Bench) {
    let producers = bench.param("producers", 1).max(1);
    let capacity = bench.param("capacity", 1000) as usize;
    let batch = bench.param("batch", 0) as usize;
    bench.begin(5_000_000);
    bench.round_up(producers);
    let (rt, ops) = (runtime(bench), bench.ops);
    bench.run(|| {
        on_worker(&rt, async move {
            let (sender, receiver) = mpsc::channel::<u64>(capacity);
            for _ in 0..producers {
                let sender = sender.clone();
                tokio::spawn(async move {
                    for i in 0..ops / producers {
                        sender.send(i).await.unwrap();
                    }
                });
            }
            drop(sender);
            let consumer = match batch {
                0 => tokio::spawn(receive_each(receiver)),
                _ => tokio::spawn(receive_batches(receiver, batch)),
            };
            assert_eq!(consumer.await.unwrap(), ops);
        })
    });
}

pub fn chan_try(bench: &mut Bench) {
    bench.begin(10_000_000);
    let (rt, ops) = (runtime(bench), bench.ops);
    bench.run(|| {
        on_worker(&rt, async move {
            let (sender, mut receiver) = mpsc::channel::<u64>(1000);
            for i in 0..ops {
                sender.try_send(i).unwrap();
                assert_eq!(receiver.try_recv(), Ok(i));
            }
        })
    });
}

async fn send_and_receive<const BYTES: usize>(ops: u64) {
    let (sender, mut receiver) = mpsc::channel::<[u8; BYTES]>(1000);
    let mut message = [0u8; BYTES];
    for i in 0..ops {
        message[..8].copy_from_slice(&i.to_ne_bytes());
        sender.send(message).await.unwrap();
        assert_eq!(receiver.recv().await.unwrap()[..8], i.to_ne_bytes());
    }
}

pub fn chan_ready(bench: &mut Bench) {
    let bytes = bench.param("bytes", 8);
    bench.begin(10_000_000);
    let (rt, ops) = (runtime(bench), bench.ops);
    bench.run(|| match bytes {
        8 => on_worker(&rt, send_and_receive::<8>(ops)),
        512 => on_worker(&rt, send_and_receive::<512>(ops)),
        32768 => on_worker(&rt, send_and_receive::<32768>(ops)),
        _ => not_here("chan_ready: a message is of 8, 512 or 32768 bytes here"),
    });
}

pub fn chan_create(bench: &mut Bench) {
    let capacity = bench.param("capacity", 100) as usize;
    bench.begin(100_000);
    let (rt, ops) = (runtime(bench), bench.ops);
    bench.run(|| {
        on_worker(&rt, async move {
            for _ in 0..ops {
                black_box(mpsc::channel::<u64>(capacity));
            }
        })
    });
}

pub fn chan_memory(bench: &mut Bench) {
    let capacity = bench.param("capacity", 1) as usize;
    let used = bench.param("used", 0) != 0;
    bench.begin_once(100_000);
    let mut channels = Vec::with_capacity(bench.ops as usize);
    bench.run_own(|| {
        let before = resident();
        for _ in 0..bench.ops {
            let (sender, mut receiver) = mpsc::channel::<u64>(capacity);
            if used {
                (0..capacity).for_each(|i| sender.try_send(i as u64).unwrap());
                (0..capacity).for_each(|i| assert_eq!(receiver.try_recv(), Ok(i as u64)));
            }
            channels.push((sender, receiver));
        }
        Some(Own { value: (resident() - before) as f64 / bench.ops as f64, p99: 0.0 })
    });
}

pub fn oneshots(bench: &mut Bench) {
    bench.begin(5_000_000);
    let (rt, ops) = (runtime(bench), bench.ops);
    bench.run(|| {
        on_worker(&rt, async move {
            for i in 0..ops {
                let (sender, receiver) = oneshot::channel::<u64>();
                sender.send(i).unwrap();
                assert_eq!(receiver.await, Ok(i));
            }
        })
    });
}
