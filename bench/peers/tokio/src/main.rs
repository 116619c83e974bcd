// SPDX-License-Identifier: MIT
//! The lines of bench/ in Tokio. Each does what the file of the same name does for weft.

mod channel;
mod harness;
mod spawn;
mod sync;
mod wait;

use harness::{refuse, Bench};
use std::future::Future;
use tokio::runtime::{Builder, Runtime};

pub fn runtime(bench: &Bench) -> Runtime {
    Builder::new_multi_thread().worker_threads(bench.workers).enable_all().build().unwrap()
}

/// Run a future as a task, on a worker, and wait for it.
pub fn on_worker<T: Send + 'static>(rt: &Runtime, future: impl Future<Output = T> + Send + 'static) -> T {
    rt.block_on(rt.spawn(future)).unwrap()
}

const LINES: [(&str, fn(&mut Bench)); 23] = [
    ("spawn_external", spawn::external),
    ("spawn_local", spawn::local),
    ("spawn_await", spawn::spawn_await),
    ("chained_spawn", spawn::chained),
    ("fib", spawn::fib_tree),
    ("skewed_steal", spawn::skewed_steal),
    ("yield", sync::yields),
    ("ping_pong", channel::ping_pong),
    ("ping_pong_chan", channel::ping_pong_chan),
    ("mpsc", channel::mpsc_many),
    ("chan_try", channel::chan_try),
    ("chan_ready", channel::chan_ready),
    ("chan_create", channel::chan_create),
    ("chan_memory", channel::chan_memory),
    ("oneshot", channel::oneshots),
    ("timer_fire", wait::timer_fire),
    ("timer_cancel", wait::timer_cancel),
    ("wake_latency", wait::wake_latency),
    ("parked_task", wait::parked_task),
    ("mutex", sync::mutex),
    ("semaphore", sync::semaphore),
    ("blocking", sync::blocking),
    ("tcp_echo", wait::tcp_echo),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(name) = arguments.first().filter(|name| *name != "lines") else {
        LINES.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    match LINES.iter().find(|(line, _)| line == name) {
        Some((line, run)) => run(&mut Bench::new(line, &arguments[1..])),
        None => refuse(&format!("tokio: there is no line '{name}'")),
    }
}
