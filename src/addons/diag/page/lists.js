// SPDX-License-Identifier: MIT
// The tables, as `weft top` has them: what a list is asked for with, and of each column how a row reads, sorts and looks.
// A row has `runtime` and an id; `look` is the answer that it is of, and the one a second before it, for what is a rate.

import {count, duration, percent, place, rate, status, statusClass} from './format.js';

export const LIMIT = 1000; // rows of an answer
const IDLE_LONG_NS = 10e9;
const STALL_NS = 10e6;     // of a runtime that does not say

export const keyOf = (runtime, id) => `${runtime}/${id}`;

// How often a second a member grows; null: that is not known.
function perSecond(look, list, row, member) {
    const before = look.before && look.before.rows.get(keyOf(row.runtime, list.id(row)));
    const seconds = look.before ? (look.at - look.before.at) / 1000 : 0;
    return before && seconds > 0 && row[member] >= before[member] ? (row[member] - before[member]) / seconds : null;
}

export function placeOf(task) {
    const at = task.awaits && task.awaits.length ? task.awaits[task.awaits.length - 1] : task.site;
    return at ? place(at.file, at.line) : '';
}

function fillOf(look, runtime, object) {
    const channel = look.channels && look.channels.get(keyOf(runtime, object));
    return channel ? ` (${channel.depth >= channel.capacity ? 'full, ' : ''}${channel.depth} of ${channel.capacity})` : '';
}

function holderOf(look, runtime, wait) {
    if (wait.holder_thread)
        return `; ${wait.holder_is} thread ${wait.holder_thread} of the host`;
    if (!wait.holder)
        return '';
    const holder = look.tasks && look.tasks.get(keyOf(runtime, wait.holder));
    return holder ? `; ${wait.holder_is} ${holder.name} ${holder.state} at ${placeOf(holder)}` : `; ${wait.holder_is} task ${wait.holder}`;
}

// "room in channel orders (full, 4 of 4) 12.5 s; receiver cook waiting at kitchen.c:31"
export function waitText(look, runtime, wait) {
    const lasting = wait.for_ns === null ? '' : ` ${duration(wait.for_ns)}`;
    const ends = wait.ends_in_ns === null || wait.ends_in_ns === undefined ? '' : `, ends in ${duration(wait.ends_in_ns)}`;
    return `${wait.what}${wait.name ? ` ${wait.name}` : ''}${fillOf(look, runtime, wait.object)}${lasting}${ends}${holderOf(look, runtime, wait)}`;
}

// Columns.
const text = (title, width, of, more) => ({title, width, text: of, ...more});
const number = (title, width, of, more) => ({title, width, right: true, text: (row, look) => count(of(row, look)), rank: of, ...more});
const ident = (title, width, of, more) => ({title, width, right: true, text: (row) => String(of(row) ?? ''), rank: of, ...more});
const time = (title, width, of, more) => ({title, width, right: true, text: (row, look) => duration(of(row, look)), rank: of, ...more});
const growth = (title, width, member, more) => ({
    title, width, right: true, member,
    rank: (row, look, list) => perSecond(look, list, row, member),
    text: (row, look, list) => rate(perSecond(look, list, row, member)),
    ...more
});

export const severity = (lint) => (['deadlock', 'channel-saturated', 'blocking-call', 'starved', 'never-yielded', 'long-poll', 'lost-waker'].includes(lint)
    ? 'bad' : 'warn');

const idleClass = (row) => (row.idle_ns <= IDLE_LONG_NS ? '' : row.state === 'scheduled' ? 'bad' : 'warn');
const taskClass = (row) => (row.cancelled ? 'bad' : row.state === 'running' ? 'good' : '');

function pollClass(row, look) {
    const runtime = look.runtimes && look.runtimes.get(row.runtime);
    const stall = runtime && runtime.stall_threshold_ns > 0 ? runtime.stall_threshold_ns : STALL_NS;
    return row.poll_ns < stall ? '' : row.poll_ns < 100 * stall ? 'warn' : 'bad';
}

function workerTask(row, look) {
    const task = row.task && (row.task.name ? row.task : look.tasks && look.tasks.get(keyOf(row.runtime, row.task.id)));
    return !row.task ? '' : task ? `${row.task.id} ${task.name}` : String(row.task.id);
}

function ownerText(row, look) {
    if (row.owner_thread)
        return `thread ${row.owner_thread} of the host`;
    const task = row.owner && look.tasks && look.tasks.get(keyOf(row.runtime, row.owner));
    return task ? `${row.owner} ${task.name} ${placeOf(task)}` : row.owner ? `task ${row.owner}` : '';
}

const categories = ['', 'actor', 'listener', 'handler', 'utility']; // of weft; others are the host's

export const categoryText = (category) => (typeof category === 'number' ? categories[category] ?? String(category) : category || '');

// What is worst comes first.
const URGENCY = ['deadlock', 'critical', 'unknown', 'never-yielded', 'blocking-call', 'starved', 'channel-saturated', 'degraded'];
const urgency = (row) => { const at = URGENCY.indexOf(row.status || row.lint); return at < 0 ? URGENCY.length : at; };

const byId = {id: (row) => row.id, opens: (row) => row};

export const lists = {
    tasks: {
        title: 'tasks', path: '/api/tasks', items: 'tasks', also: ['channels'], filter: 'name', ...byId, kind: 'task',
        sorted: 0, falling: false, orders: {id: 'id', name: 'name', age: 'age', idle: 'idle', polls: 'polls'},
        columns: [
            ident('id', 80, (row) => row.id),
            text('name', 200, (row) => row.name, {head: true}),
            text('category', 110, (row) => categoryText(row.category)),
            text('state', 100, (row) => row.state + (row.cancelled ? ', cancelled' : ''), {look: taskClass}),
            number('polls', 90, (row) => row.polls),
            growth('polls/s', 80, 'polls'),
            time('age', 90, (row) => row.age_ns),
            time('idle', 90, (row) => row.idle_ns, {look: idleClass}),
            text('where', 160, placeOf),
            text('waits for', 0, (row, look) => row.waits_for.map((wait) => waitText(look, row.runtime, wait)).join(' | '))
        ]
    },
    channels: {
        title: 'channels', path: '/api/channels', items: 'channels', filter: 'name', ...byId, kind: 'channel',
        sorted: 6, falling: true, orders: {id: 'id', name: 'name', depth: 'depth', full: 'saturation', waiting: 'waiting', oldest: 'age'},
        columns: [
            ident('id', 80, (row) => row.id),
            text('name', 200, (row) => row.name, {head: true}),
            text('component', 120, (row) => row.component),
            text('health', 105, (row) => status(row.health), {look: (row) => statusClass(row.health)}),
            number('depth', 80, (row) => row.depth),
            number('of', 80, (row) => row.capacity),
            {title: 'full', width: 110, right: true, rank: (row) => row.saturation, text: (row) => percent(row.saturation),
             bar: (row) => row.saturation, look: (row) => statusClass(row.health)},
            number('deepest', 85, (row) => row.depth_max),
            growth('sent/s', 80, 'sent'),
            growth('recv/s', 80, 'received'),
            number('waiting', 80, (row) => row.senders_waiting, {look: (row) => (row.senders_waiting ? 'warn' : '')}),
            time('oldest', 90, (row) => row.oldest_message_age_ns),
            number('dropped', 85, (row) => row.dropped, {look: (row) => (row.dropped ? 'bad' : '')}),
            number('refused', 0, (row) => row.failed)
        ]
    },
    workers: {
        title: 'workers', path: '/api/workers', items: 'workers', also: ['runtimes'], id: (row) => row.index,
        opens: (row) => row.task && {kind: 'task', runtime: row.runtime, id: row.task.id}, sorted: 0, falling: false, orders: {},
        columns: [
            ident('worker', 75, (row) => row.index, {head: true}),
            text('runtime', 140, (row, look) => (look.runtimes && look.runtimes.get(row.runtime) || {name: String(row.runtime)}).name),
            text('thread', 130, (row) => row.name),
            ident('tid', 85, (row) => row.thread_id),
            text('state', 90, (row) => row.state),
            {title: 'busy', width: 110, right: true, member: 'busy_ns',
             rank: (row, look, list) => busyShare(row, look, list), bar: (row, look, list) => busyShare(row, look, list),
             text: (row, look, list) => percent(busyShare(row, look, list))},
            number('queued', 80, (row) => row.queued),
            growth('polls/s', 85, 'polls'),
            growth('parks/s', 85, 'parks'),
            number('stolen', 90, (row) => row.tasks_stolen),
            number('overflow', 90, (row) => row.queue_overflows),
            time('in poll', 90, (row) => row.poll_ns || null, {look: pollClass}),
            text('where', 150, (row) => (row.task && row.task.name ? placeOf(row.task) : '')),
            text('task', 0, workerTask)
        ]
    },
    resources: {
        title: 'resources', path: '/api/resources', items: 'resources', also: ['tasks'], filter: 'name', ...byId, kind: 'resource',
        sorted: 5, falling: true, orders: {id: 'id', name: 'name', kind: 'kind', waiting: 'waiting', waits: 'waits', longest: 'longest'},
        columns: [
            ident('id', 80, (row) => row.id),
            text('kind', 110, (row) => row.kind),
            text('name', 200, (row) => row.name, {head: true}),
            text('component', 120, (row) => row.component),
            number('permits', 100, (row) => row.permits, {text: (row) => (row.permits_max ? `${count(row.permits)}/${count(row.permits_max)}` : '')}),
            number('waiting', 85, (row) => row.waiting, {look: (row) => (row.waiting ? 'warn' : '')}),
            number('waits', 90, (row) => row.waits),
            time('longest', 90, (row) => row.wait_longest_ns),
            text('owner', 0, ownerText)
        ]
    },
    blocking: {
        title: 'blocking', path: '/api/blocking', items: 'jobs', filter: 'name', id: (row) => row.id,
        opens: (row) => row.parent && {kind: 'task', runtime: row.runtime, id: row.parent},
        sorted: 5, falling: true, orders: {id: 'id', name: 'name', waited: 'waited', ran: 'ran'},
        columns: [
            ident('id', 80, (row) => row.id),
            text('name', 240, (row) => row.name, {head: true}),
            text('category', 110, (row) => categoryText(row.category)),
            text('state', 90, (row) => row.state, {look: (row) => (row.state === 'running' ? 'good' : '')}),
            time('waited', 95, (row) => row.waited_ns),
            time('ran', 95, (row) => row.ran_ns),
            ident('by task', 90, (row) => row.parent || null),
            text('where', 0, (row) => place(row.file, row.line))
        ]
    },
    warnings: {
        title: 'warnings', path: '/api/lints', items: 'lints', id: (row) => row.number,
        opens: (row) => (row.task ? {kind: 'task', runtime: row.runtime, id: row.task}
            : row.lint && row.lint.startsWith('channel') ? {kind: 'channel', runtime: row.runtime, id: row.object} : null),
        sorted: 0, falling: false, orders: {}, tall: true,
        columns: [
            text('what', 180, (row) => (row.status ? status(row.status) : `${severity(row.lint) === 'bad' ? '\u25a0' : '\u25b2'} ${row.lint}`),
                {head: true, rank: urgency, look: (row) => (row.status ? statusClass(row.status) : severity(row.lint))}),
            text('subject', 220, (row) => row.subject || ''),
            text('what was seen', 420, (row) => row.evidence),
            text('what to try', 0, (row) => row.hint || '')
        ]
    },
    waits: {
        title: 'waits', path: '/api/waits', items: 'waits', filter: 'name', id: (row) => `${row.task}-${row.object}-${row.what}`,
        opens: (row) => ({kind: 'task', runtime: row.runtime, id: row.task}),
        sorted: 4, falling: true, orders: {name: 'name', for: 'for', task: 'task'},
        columns: [
            ident('task', 80, (row) => row.task),
            text('name', 180, (row) => row.task_name, {head: true}),
            text('waits for', 220, (row) => row.what),
            text('called', 180, (row) => row.name),
            time('for', 95, (row) => row.for_ns, {look: (row) => (row.for_ns > IDLE_LONG_NS ? 'warn' : '')}),
            text('held by', 190, (row) => (row.holder_thread ? `${row.holder_is}: thread ${row.holder_thread} of the host`
                : row.holder ? `${row.holder_is}: task ${row.holder}` : '')),
            text('in', 150, (row) => row.function || ''),
            text('where', 0, (row) => place(row.file, row.line))
        ]
    }
};

function busyShare(row, look, list) {
    const grown = perSecond(look, list, row, 'busy_ns');
    return grown === null ? null : Math.min(1, grown / 1e9);
}

// Rows that have the text in some cell, in the order of a column. What is not known comes last.
export function arrange(list, look, rows, {filter, sorted, falling}) {
    const column = list.columns[sorted];
    const wanted = filter.toLowerCase();
    const has = (row) => list.columns.some((one) => one.text(row, look, list).toLowerCase().includes(wanted));
    const kept = (wanted ? rows.filter(has) : rows).map((row, place) => {
        const rank = column.rank ? column.rank(row, look, list) : column.text(row, look, list);
        return {row, rank: rank === undefined ? null : rank, place};
    });
    const order = (a, b) => {
        if (a.rank === null || b.rank === null || a.rank === b.rank)
            return (a.rank === null) - (b.rank === null) || a.place - b.place;
        return (a.rank < b.rank) === falling ? 1 : -1;
    };
    return kept.sort(order).map((one) => one.row);
}
