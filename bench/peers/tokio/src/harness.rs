// SPDX-License-Identifier: MIT
//! What bench/lib/harness.h says, for Rust: the same arguments, the same object.

use std::fs;
use std::process::exit;
use std::time::Instant;

pub const SEED: u64 = 88172645463325252;

/// One run of one line.
pub struct Bench {
    pub ops: u64,
    pub workers: usize,
    line: String,
    unit: &'static str,
    rounds: u64,
    warm: u64,
    arguments: Vec<(String, String)>,
    params: Vec<(&'static str, u64)>,
}

/// What a round measured by itself, in the line's unit.
pub struct Own {
    pub value: f64,
    pub p99: f64,
}

struct Reading {
    wall: Instant,
    cpu_ns: f64,
    switches: i64,
    busy: f64,
}

struct Round {
    value: f64,
    p99: f64,
    cpu: f64,
    foreign: f64,
    switches: f64,
}

impl Bench {
    pub fn new(line: &str, arguments: &[String]) -> Bench {
        let pairs = arguments.iter().map(|argument| match argument.split_once('=') {
            Some((name, value)) => (name.to_string(), value.to_string()),
            None => refuse(&format!("{line}: '{argument}' is no parameter")),
        });
        Bench {
            ops: 0,
            workers: 2,
            line: line.to_string(),
            unit: "ns",
            rounds: 7,
            warm: 1,
            arguments: pairs.collect(),
            params: vec![],
        }
    }

    fn take(&mut self, name: &str) -> Option<u64> {
        let at = self.arguments.iter().position(|(key, _)| key == name)?;
        let (_, text) = self.arguments.remove(at);
        match text.parse() {
            Ok(value) => Some(value),
            Err(_) => refuse(&format!("{}: {name}={text}: give a whole number", self.line)),
        }
    }

    /// A parameter of the line, or its default; it is printed with the figures.
    pub fn param(&mut self, name: &'static str, otherwise: u64) -> u64 {
        let value = self.take(name).unwrap_or(otherwise);
        self.params.push((name, value));
        value
    }

    /// What every line has; call it after the line's own parameters.
    pub fn begin(&mut self, ops: u64) {
        self.ops = self.take("ops").unwrap_or(ops).max(1);
        self.workers = self.take("workers").unwrap_or(2).max(1) as usize;
        self.rounds = self.take("rounds").unwrap_or(self.rounds).max(1);
        self.warm = self.take("warm").unwrap_or(self.warm);
        if let Some((name, _)) = self.arguments.first() {
            refuse(&format!("{}: '{name}' is no parameter of this line", self.line));
        }
    }

    /// One round without a warm-up, in bytes.
    pub fn begin_once(&mut self, ops: u64) {
        self.unit = "bytes";
        self.rounds = 1;
        self.warm = 0;
        self.begin(ops);
    }

    pub fn unit(&mut self, unit: &'static str) {
        self.unit = unit;
    }

    /// Of a server: where it listens.
    pub fn say_port(&self, port: u16) {
        let version = option_env!("TOKIO_VERSION").unwrap_or("?");
        println!("{{\"peer\":\"tokio\",\"version\":\"{version}\",\"port\":{port}}}");
    }

    /// The number of operations as a multiple of `step`.
    pub fn round_up(&mut self, step: u64) {
        self.ops = (self.ops + step - 1) / step * step;
    }

    pub fn run(&self, mut round: impl FnMut()) {
        self.run_own(|| {
            round();
            None
        })
    }

    pub fn run_own(&self, mut round: impl FnMut() -> Option<Own>) {
        for _ in 0..self.warm {
            round();
        }
        let rounds: Vec<Round> = (0..self.rounds).map(|_| self.measure(&mut round)).collect();
        self.print(&rounds);
    }

    fn measure(&self, round: &mut impl FnMut() -> Option<Own>) -> Round {
        let before = Reading::now();
        let own = round();
        let wall = before.wall.elapsed().as_nanos() as f64;
        let after = Reading::now();
        let ops = self.ops as f64;
        let cpu = after.cpu_ns - before.cpu_ns;
        Round {
            value: own.as_ref().map_or(wall / ops, |own| own.value),
            p99: own.map_or(0.0, |own| own.p99),
            cpu: cpu / ops,
            foreign: (((after.busy - before.busy) * 1e9 - cpu) / wall).max(0.0),
            switches: (after.switches - before.switches) as f64 / ops,
        }
    }

    fn print(&self, rounds: &[Round]) {
        let values = sorted(rounds, |round| round.value);
        let median = values[values.len() / 2];
        let at = |part: f64| values[((part * values.len() as f64) as usize).min(values.len() - 1)];
        let own_p99 = middle(rounds, |round| round.p99);
        let params: Vec<String> = self.params.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        print!(
            "{{\"line\":\"{}\",\"peer\":\"tokio\",\"version\":\"{}\",\"unit\":\"{}\",\"workers\":{},\"ops\":{},\"params\":{{{}}}",
            self.line,
            option_env!("TOKIO_VERSION").unwrap_or("?"),
            self.unit,
            self.workers,
            self.ops,
            params.join(",")
        );
        print!(
            ",\"median\":{median:.3},\"min\":{:.3},\"p99\":{:.3},\"spread\":{:.4},\"cpu\":{:.3},\"foreign\":{:.3},\"switches\":{:.6},\"instructions\":null",
            values[0],
            if own_p99 > 0.0 { own_p99 } else { at(0.99) },
            (at(0.75) - at(0.25)) / median,
            middle(rounds, |round| round.cpu),
            middle(rounds, |round| round.foreign),
            middle(rounds, |round| round.switches)
        );
        let each: Vec<String> = rounds
            .iter()
            .map(|r| {
                format!(
                    "{{\"value\":{:.3},\"p99\":{:.3},\"cpu\":{:.3},\"foreign\":{:.3},\"switches\":{:.6},\"instructions\":null}}",
                    r.value, r.p99, r.cpu, r.foreign, r.switches
                )
            })
            .collect();
        println!(",\"rounds\":[{}]}}", each.join(","));
    }
}

pub fn refuse(text: &str) -> ! {
    eprintln!("{text}");
    exit(2)
}

/// The line exists, but not with these parameters.
pub fn not_here(text: &str) -> ! {
    eprintln!("{text}");
    exit(3)
}

impl Reading {
    fn now() -> Reading {
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
        let ns = |time: libc::timeval| time.tv_sec as f64 * 1e9 + time.tv_usec as f64 * 1e3;
        Reading {
            wall: Instant::now(),
            cpu_ns: ns(usage.ru_utime) + ns(usage.ru_stime),
            switches: usage.ru_nvcsw,
            busy: machine_busy(),
        }
    }
}

/// Seconds that the machine's processors have been busy.
fn machine_busy() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<f64> =
        text.lines().next().unwrap_or("").split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    match fields[..] {
        [user, nice, system, _, _, irq, soft, stolen, ..] => (user + nice + system + irq + soft + stolen) / 100.0,
        _ => 0.0,
    }
}

fn sorted(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = rounds.iter().map(figure).collect();
    values.sort_by(|a, b| a.partial_cmp(b).unwrap());
    values
}

fn middle(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
    sorted(rounds, figure)[rounds.len() / 2]
}

/// Median and 99th percentile of nanoseconds, in microseconds.
pub fn own_from_ns(mut samples: Vec<i64>) -> Own {
    samples.sort_unstable();
    let at = |part: usize| samples[samples.len() * part / 100] as f64 / 1000.0;
    Own { value: at(50), p99: at(99) }
}

/// CLOCK_MONOTONIC.
pub fn now_ns() -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

pub fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

pub fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[inline(never)]
pub fn work(turns: u64) -> u64 {
    let mut x = turns | 1;
    for _ in 0..turns {
        x = std::hint::black_box(x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407));
    }
    x
}

pub fn work_turns(ns: u64) -> u64 {
    const TURNS: u64 = 100_000;
    let took = |_| {
        let begin = Instant::now();
        std::hint::black_box(work(TURNS));
        begin.elapsed().as_nanos() as u64
    };
    ns * TURNS / (0..40).map(took).min().unwrap().max(1)
}
