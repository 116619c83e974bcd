// SPDX-License-Identifier: MIT
// The last minute of snapshots, as columns that charts are drawn of: totals of the chosen runtimes, and what each worker did.
// Where nothing was seen there is a hole, not a line.

const COLUMNS = ['live', 'polls', 'spawned', 'ended', 'sent', 'received', 'depth', 'waiting', 'busy', 'queued', 'stolen'];
const HOLE_MS = 1500;

const sum = (rows, of) => rows.reduce((total, row) => total + of(row), 0);

export class History {
    constructor() {
        this.clear();
    }

    clear() {
        this.times = [];
        this.columns = Object.fromEntries(COLUMNS.map((name) => [name, []]));
        this.workers = new Map(); // "runtime/index" -> {title, samples: [{from, to, busy, state, held, polls}]}
        this.last = null;
        this.base = null;
    }

    // A snapshot of /events; wanted: whether a runtime counts; seconds: how much is kept.
    add(snapshot, wanted, seconds, intervalMs) {
        const runtimes = snapshot.runtimes.filter(wanted);
        this.base ??= Date.now() / 1000 - snapshot.at_ns / 1e9;
        const now = this.base + snapshot.at_ns / 1e9, last = this.last;
        const elapsed = last ? now - last.now : 0;
        const hole = !last || elapsed <= 0 || elapsed * 1000 > HOLE_MS + 3 * intervalMs;
        if (last && hole)
            this.push(now - 0.001, {});
        const grown = (of) => (hole ? null : Math.max(0, (sum(runtimes, of) - sum(last.runtimes, of)) / elapsed));
        const workers = runtimes.flatMap((runtime) => runtime.workers.map((worker) => ({runtime, worker})));
        const busyOf = (list) => sum(list, (runtime) => sum(runtime.workers, (worker) => worker.busy_ns));
        this.push(now, {
            live: sum(runtimes, (r) => r.tasks_live),
            polls: grown((r) => r.polls), spawned: grown((r) => r.tasks_spawned), ended: grown((r) => r.tasks_ended),
            sent: grown((r) => r.channels.sent), received: grown((r) => r.channels.received), stolen: grown((r) => r.steals),
            depth: sum(runtimes, (r) => r.channels.depth), waiting: sum(runtimes, (r) => r.channels.senders_waiting),
            queued: sum(workers, ({worker}) => worker.queued),
            busy: hole || workers.length === 0 ? null
                : Math.max(0, Math.min(100, (busyOf(runtimes) - busyOf(last.runtimes)) / elapsed / 1e7 / workers.length))
        });
        this.addWorkers(workers, now, hole ? null : last);
        this.last = {now, runtimes};
        this.trim(now - seconds);
    }

    push(now, values) {
        this.times.push(now);
        for (const name of COLUMNS)
            this.columns[name].push(values[name] ?? null);
    }

    addWorkers(workers, now, last) {
        for (const {runtime, worker} of workers) {
            const key = `${runtime.runtime}/${worker.index}`;
            const before = last && last.runtimes.find((one) => one.runtime === runtime.runtime)?.workers.find((one) => one.index === worker.index);
            if (!this.workers.has(key))
                this.workers.set(key, {samples: []});
            const kept = this.workers.get(key);
            kept.title = `${runtime.name} ${worker.index}`;
            kept.state = worker.state;
            if (!before)
                continue;
            const seconds = now - last.now;
            kept.samples.push({
                from: last.now, to: now, state: worker.state, held: worker.poll_ns, queued: worker.queued,
                busy: Math.max(0, Math.min(1, (worker.busy_ns - before.busy_ns) / 1e9 / seconds)),
                polls: Math.max(0, (worker.polls - before.polls) / seconds)
            });
        }
    }

    trim(oldest) {
        const stays = this.times.findIndex((time) => time >= oldest);
        if (stays > 0) {
            this.times.splice(0, stays);
            for (const name of COLUMNS)
                this.columns[name].splice(0, stays);
        }
        for (const [key, {samples}] of this.workers) {
            const first = samples.findIndex((sample) => sample.to >= oldest);
            samples.splice(0, first < 0 ? samples.length : first);
            if (samples.length === 0 && this.last && !this.last.runtimes.some((one) => key.startsWith(`${one.runtime}/`)))
                this.workers.delete(key);
        }
    }

    latest(name) {
        return this.columns[name][this.columns[name].length - 1] ?? null;
    }
}
