// SPDX-License-Identifier: MIT
// All about one task, channel or resource, beside the table: where it is, what it waits for, who is at the other end, and how
// it went since the panel was opened.

import {Chart} from './charts.js';
import {byId, el, setText} from './dom.js';
import {count, duration, percent, place, status, statusClass} from './format.js';
import {categoryText} from './lists.js';

const SECONDS = 60;

const row = (name, ...value) => [el('dt', {}, name), el('dd', {}, ...value)];

export class Details {
    constructor(get, open) {
        this.get = get;
        this.open = open;
        this.host = byId('details');
        this.title = byId('details-title');
        this.facts = byId('details-facts');
        this.charts = byId('details-charts');
        this.what = null;
    }

    show(kind, runtime, id) {
        this.what = {kind, runtime, id};
        this.seen = null;
        this.times = [];
        this.columns = [];
        this.plots?.forEach((plot) => plot.remove());
        this.plots = kind === 'task' ? [new Chart('polls per second', [{name: 'polls', colour: '--a', fill: true}])]
            : kind === 'channel' ? [
                new Chart('messages in it', [{name: 'messages', colour: '--a', fill: true}, {name: 'senders waiting', colour: '--b'}]),
                new Chart('messages per second', [{name: 'sent', colour: '--a'}, {name: 'received', colour: '--b'}])]
                : [new Chart('waiting', [{name: 'waiting', colour: '--b', fill: true}])];
        this.charts.replaceChildren(...this.plots.map((plot) => plot.host));
        this.facts.replaceChildren();
        setText(this.title, `${kind} ${id}`);
        this.host.hidden = false;
        document.body.classList.add('with-details');
    }

    close() {
        this.what = null;
        this.host.hidden = true;
        this.plots?.forEach((plot) => plot.remove());
        this.plots = [];
        this.charts.replaceChildren();
        document.body.classList.remove('with-details');
    }

    restyle() {
        this.plots?.forEach((plot) => plot.restyle());
    }

    async refresh(signal) {
        const wanted = this.what;
        if (!wanted)
            return;
        const answer = await this.get(`/api/${wanted.kind}/${wanted.id}`, {runtime: wanted.runtime}, signal);
        if (!answer || this.what !== wanted)
            return;
        if (answer.gone) {
            this.facts.replaceChildren(el('p', {class: 'warn'}, `\u25b2 this ${wanted.kind} is gone`));
            return;
        }
        setText(this.title, `${wanted.kind} ${wanted.id}  ${answer.name || ''}`);
        this.draw(wanted.kind, answer);
        this.chart(wanted.kind, answer);
    }

    // Buttons are made anew at each look; the one that had the focus has it again.
    draw(kind, answer) {
        const focused = this.facts.contains(document.activeElement) ? document.activeElement.dataset.to : null;
        const make = {task: () => this.task(answer), channel: () => this.channel(answer), resource: () => this.resource(answer)};
        this.facts.replaceChildren(...make[kind]());
        if (focused)
            this.facts.querySelector(`[data-to="${CSS.escape(focused)}"]`)?.focus({preventScroll: true});
    }

    link(kind, runtime, id, text) {
        return el('button', {type: 'button', class: 'link', 'data-to': `${kind} ${id}`, onclick: () => this.open(kind, runtime, id)}, text);
    }

    wait(runtime, wait) {
        const object = wait.object && wait.what !== 'the end of a task';
        const kind = wait.what.includes('channel') ? 'channel' : 'resource';
        const reachable = object && !/scope|job|descriptor/.test(wait.what);
        return el('li', {class: wait.for_ns > 10e9 ? 'warn' : ''}, `${wait.what} `, reachable ? this.link(kind, runtime, wait.object, wait.name || `${kind} ${wait.object}`) : wait.name || '',
            wait.for_ns === null ? '' : ` for ${duration(wait.for_ns)}`,
            wait.ends_in_ns === null || wait.ends_in_ns === undefined ? '' : `, ends in ${duration(wait.ends_in_ns)}`,
            wait.holder > 0 && el('div', {}, `${wait.holder_is}: `, this.link('task', runtime, wait.holder, `task ${wait.holder}`)),
            wait.holder_thread > 0 && el('div', {}, `${wait.holder_is}: thread ${wait.holder_thread} of the host`));
    }

    task(t) {
        return [
            el('dl', {},
                ...row('state', el('span', {class: t.cancelled ? 'bad' : ''}, `${t.state} for ${duration(t.idle_ns)}${t.cancelled ? `; cancelled by ${t.cancelled}` : ''}`)),
                ...row('category', categoryText(t.category) || '-'),
                ...row('age', duration(t.age_ns)),
                ...row('polls', count(t.polls)),
                ...row('spawned', `at ${place(t.site.file, t.site.line)}`, t.parent ? ' by ' : '', t.parent ? this.link('task', t.runtime, t.parent, `task ${t.parent}`) : '')),
            t.waits_for.length > 0 && el('h3', {}, t.waits_for.length > 1 ? 'waits for the first of' : 'waits for'),
            t.waits_for.length > 0 && el('ul', {}, ...t.waits_for.map((wait) => this.wait(t.runtime, wait))),
            t.awaits.length > 0 && el('h3', {}, 'awaits'),
            t.awaits.length > 0 && el('ol', {class: 'stack'}, ...[...t.awaits].reverse().map((at, depth) =>
                el('li', {title: `${at.file}:${at.line}`}, `${depth ? 'called by ' : ''}${at.function} `, el('code', {}, place(at.file, at.line))))),
            t.scopes.length > 0 && el('h3', {}, 'in scopes'),
            t.scopes.length > 0 && el('ol', {class: 'stack'}, ...t.scopes.map((scope) => el('li', {}, `${scope.name || 'scope'} `,
                el('code', {}, place(scope.file, scope.line)), scope.owner ? ' of ' : '', scope.owner ? this.link('task', t.runtime, scope.owner, `task ${scope.owner}`) : '')))
        ].filter(Boolean);
    }

    channel(c) {
        return [
            el('dl', {},
                ...row('health', el('span', {class: statusClass(c.health)}, status(c.health) + (c.closed ? ', closed' : ''))),
                ...row('holds', `${count(c.depth)} of ${count(c.capacity)} (${percent(c.saturation)}), at most ${count(c.depth_max)} ever`),
                ...row('component', c.component || '-'),
                ...row('messages', `${count(c.message_size)} bytes each; when full: ${c.overflow}`),
                ...row('sent', count(c.sent)), ...row('received', count(c.received)),
                ...row('dropped', el('span', {class: c.dropped ? 'bad' : ''}, count(c.dropped))), ...row('refused', count(c.failed)),
                ...row('oldest', duration(c.oldest_message_age_ns)),
                ...row('senders', `${count(c.senders)}, ${count(c.senders_waiting)} waiting${c.senders_waiting ? `, the first for ${duration(c.wait_longest_ns)}` : ''}`),
                ...row('receiver', c.receiver_waiting ? 'waits' : 'does not wait'),
                ...row('had to wait', `${count(c.waits)} times, ${duration(c.wait_total_ns)} in all`)),
            ...this.waiters(c.runtime, c.waiting, (wait) => [this.link('task', c.runtime, wait.task, `task ${wait.task} ${wait.task_name}`),
                ` ${wait.what} for ${duration(wait.for_ns)} at ${place(wait.file, wait.line)}`])
        ];
    }

    resource(r) {
        return [
            el('dl', {},
                ...row('kind', r.kind + (r.closed ? ', closed' : '')), ...row('component', r.component || '-'),
                ...row('owner', r.owner ? this.link('task', r.runtime, r.owner, `task ${r.owner}`) : r.owner_thread ? `thread ${r.owner_thread} of the host` : 'nobody'),
                ...row('permits', r.permits_max ? `${count(r.permits)} of ${count(r.permits_max)}` : '-'),
                ...row('waiting', count(r.waiting)), ...row('had to wait', `${count(r.waits)} times, ${duration(r.wait_total_ns)} in all, the longest ${duration(r.wait_longest_ns)}`)),
            ...this.waiters(r.runtime, r.waiters, (one) => [one.task ? this.link('task', r.runtime, one.task, `task ${one.task}`) : `thread ${one.thread} of the host`,
                ` for ${duration(one.waited_ns)}`])
        ];
    }

    waiters(runtime, list, says) {
        return list && list.length ? [el('h3', {}, 'who waits here'), el('ul', {}, ...list.map((one) => el('li', {}, ...says(one))))] : [];
    }

    chart(kind, answer) {
        const now = Date.now() / 1000, before = this.seen, seconds = before ? now - before.now : 0;
        const grown = (member) => (before && seconds > 0 ? Math.max(0, (answer[member] - before.answer[member]) / seconds) : null);
        const values = kind === 'task' ? [grown('polls')] : kind === 'channel'
            ? [answer.depth, answer.senders_waiting, grown('sent'), grown('received')] : [answer.waiting];
        this.times.push(now);
        values.forEach((value, at) => (this.columns[at] ||= []).push(value));
        const first = this.times.findIndex((time) => time >= now - SECONDS);
        this.times.splice(0, first);
        this.columns.forEach((column) => column.splice(0, first));
        this.seen = {now, answer};
        this.plots[0].show(this.times, this.columns.slice(0, kind === 'channel' ? 2 : 1), SECONDS);
        if (this.plots[1])
            this.plots[1].show(this.times, this.columns.slice(2, 4), SECONDS);
    }
}
