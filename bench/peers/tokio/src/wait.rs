// SPDX-License-Identifier: MIT
//! Time, and waiting in large numbers.

use crate::harness::*;
use crate::{on_worker, runtime};
use std::future::{poll_fn, Future};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::*};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, Notify};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

pub fn timer_fire(bench: &mut Bench) {
    bench.begin(100_000);
    let (rt, ops) = (runtime(bench), bench.ops);
    bench.run(|| {
        on_worker(&rt, async move {
            let mut state = SEED;
            let mut handles = Vec::with_capacity(ops as usize);
            for _ in 0..ops {
                let ms = 1 + random(&mut state) % 100;
                handles.push(tokio::spawn(async move { sleep(Duration::from_millis(ms)).await }));
            }
            for handle in handles {
                handle.await.unwrap();
            }
        })
    });
}

/// `timeout` around an operation that is ready never registers its timer, so the sleep is polled here, and dropped.
async fn register_and_drop(duration: Duration) {
    let mut sleep = pin!(sleep(duration));
    poll_fn(|cx| {
        assert!(sleep.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await
}

pub fn timer_cancel(bench: &mut Bench) {
    let yields = bench.param("yield", 0) != 0;
    bench.begin(1_000_000);
    let (rt, ops) = (runtime(bench), bench.ops);
    bench.run(|| {
        on_worker(&rt, async move {
            for i in 0..ops {
                let duration = Duration::from_millis(30_000 + i % 1000);
                if yields {
                    timeout(duration, yield_now()).await.unwrap();
                } else {
                    register_and_drop(duration).await;
                }
            }
        })
    });
}

pub fn wake_latency(bench: &mut Bench) {
    bench.unit("us");
    bench.begin(2000);
    let (rt, ops) = (runtime(bench), bench.ops);
    bench.run_own(|| {
        let (sender, mut receiver) = mpsc::channel::<i64>(16);
        let listener = rt.spawn(async move {
            let mut samples = Vec::with_capacity(ops as usize);
            while let Some(sent) = receiver.recv().await {
                samples.push(now_ns() - sent);
            }
            samples
        });
        for _ in 0..ops {
            std::thread::sleep(Duration::from_millis(1));
            sender.try_send(now_ns()).unwrap();
        }
        drop(sender);
        Some(own_from_ns(rt.block_on(listener).unwrap()))
    });
}

pub fn parked_task(bench: &mut Bench) {
    let sleeps = bench.param("sleep", 0) != 0;
    bench.begin_once(1_000_000);
    let (rt, ops) = (runtime(bench), bench.ops);
    let waiting = Arc::new(AtomicU64::new(0));
    let notify = Arc::new(Notify::new());
    bench.run_own(|| {
        let before = resident();
        let (counted, notify) = (waiting.clone(), notify.clone());
        on_worker(&rt, async move {
            for i in 0..ops {
                let counted = counted.clone();
                if sleeps {
                    let duration = Duration::from_secs(3600) + Duration::from_micros(i * 7919 % 1_000_000);
                    tokio::spawn(async move {
                        counted.fetch_add(1, Relaxed);
                        sleep(duration).await
                    });
                } else {
                    let notify = notify.clone();
                    tokio::spawn(async move {
                        counted.fetch_add(1, Relaxed);
                        notify.notified().await
                    });
                }
            }
        });
        loop {
            std::thread::sleep(Duration::from_millis(10));
            if waiting.load(Relaxed) == ops {
                break;
            }
        }
        std::thread::sleep(Duration::from_millis(10));
        Some(Own { value: (resident() - before) as f64 / ops as f64, p99: 0.0 })
    });
    std::process::exit(0); // nobody ends them
}

async fn echo(mut connection: TcpStream) {
    let mut bytes = [0u8; 256];
    loop {
        match connection.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(length) => {
                if connection.write_all(&bytes[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

pub fn tcp_echo(bench: &mut Bench) {
    bench.begin(1);
    let rt = runtime(bench);
    let listener = rt.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    bench.say_port(listener.local_addr().unwrap().port());
    on_worker(&rt, async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            tokio::spawn(echo(connection));
        }
    });
}
