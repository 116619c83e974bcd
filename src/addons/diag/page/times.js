// SPDX-License-Identifier: MIT
// How long polls take, and how long it is from a wake to the poll: histograms of all chosen runtimes together, since the
// beginning or of the last seconds. They are measured while somebody asks.

import {el, setText} from './dom.js';
import {count, duration} from './format.js';

const KEPT = 60; // answers, of about a second each
const BARS_MAX = 26;

function add(families, name, wanted) {
    const total = {bounds: [], counts: [], known: false, sum: 0};
    for (const sample of families.find((family) => family.name.endsWith(name))?.samples || []) {
        if (!sample.counts || !wanted(Number(sample.labels.runtime_id), sample.labels.runtime))
            continue;
        total.known = true;
        total.bounds = sample.bounds;
        total.sum += sample.sum;
        sample.counts.forEach((one, at) => { total.counts[at] = (total.counts[at] || 0) + one; });
    }
    return total;
}

function less(now, before) {
    if (!before || !before.known)
        return now;
    return {...now, sum: now.sum - before.sum, counts: now.counts.map((one, at) => Math.max(0, one - (before.counts[at] || 0)))};
}

// At most how long the share of them took; Infinity: longer than all bounds; null: there are none.
export function quantile(histogram, share) {
    const all = histogram.counts.reduce((sum, one) => sum + one, 0);
    let below = 0;
    for (let at = 0; all && at < histogram.counts.length; at++) {
        below += histogram.counts[at];
        if (below >= all * share)
            return at < histogram.bounds.length ? histogram.bounds[at] : Infinity;
    }
    return null;
}

const bound = (seconds) => (seconds === null ? '-' : seconds === Infinity || seconds === undefined ? 'longer' : duration(Math.round(seconds * 1e9)));

// From the first to the last that has something, several put into one where they are too many.
function bars(histogram) {
    const {counts} = histogram, first = counts.findIndex((one) => one > 0);
    if (first < 0)
        return [];
    const last = counts.length - [...counts].reverse().findIndex((one) => one > 0), each = Math.ceil((last - first) / BARS_MAX);
    const out = [];
    for (let at = first; at < last; at += each) {
        const end = Math.min(at + each, last);
        out.push({bound: histogram.bounds[end - 1], count: counts.slice(at, end).reduce((sum, one) => sum + one, 0)});
    }
    return out;
}

class Panel {
    constructor(title) {
        this.summary = el('p', {class: 'quantiles'});
        this.rows = el('tbody');
        this.none = el('p', {class: 'empty'});
        this.host = el('figure', {class: 'chart'}, el('figcaption', {}, el('span', {class: 'title'}, title)), this.summary,
            el('table', {class: 'histogram'}, el('caption', {class: 'hidden-text'}, title),
                el('thead', {}, el('tr', {}, el('th', {scope: 'col', class: 'right'}, 'at most'), el('th', {scope: 'col', class: 'right'}, 'how many'),
                    el('th', {scope: 'col'}, el('span', {class: 'hidden-text'}, 'share')))), this.rows), this.none);
    }

    show(histogram) {
        const list = bars(histogram), most = Math.max(1, ...list.map((one) => one.count));
        setText(this.none, !histogram.known ? 'nothing is measured yet: it is while somebody asks' : list.length === 0 ? 'none in that time' : '');
        setText(this.summary, list.length ? [0.5, 0.9, 0.99, 0.999].map((share) => `p${share * 100} ${bound(quantile(histogram, share))}`).join('   ')
            + `   largest ${bound(quantile(histogram, 1))}` : '');
        this.rows.replaceChildren(...list.map((one) => {
            const bar = el('div', {class: 'beam'});
            bar.style.width = one.count ? `${Math.max(0.3, 100 * one.count / most)}%` : '0';
            return el('tr', {}, el('th', {scope: 'row', class: 'right'}, bound(one.bound)), el('td', {class: 'right'}, count(one.count)), el('td', {class: 'wide'}, bar));
        }));
    }
}

export class Times {
    constructor() {
        this.polls = new Panel('how long polls take');
        this.wakes = new Panel('from a wake to the poll');
        this.span = el('select', {id: 'times-span', onchange: () => this.draw()},
            el('option', {value: '10'}, 'the last 10 s'), el('option', {value: '60'}, 'the last minute'), el('option', {value: 'all'}, 'all since it began'));
        this.span.value = 'all';
        this.kept = [];
        this.host = el('section', {'aria-label': 'times'},
            el('div', {class: 'bar-of-tools'}, el('label', {for: 'times-span'}, 'of '), this.span), el('div', {class: 'charts two'}, this.polls.host, this.wakes.host));
    }

    clear() {
        this.kept = [];
    }

    show(families, wanted) {
        const now = performance.now();
        const look = {at: now, polls: add(families, 'runtime.poll.time', wanted), wakes: add(families, 'runtime.wake.latency', wanted)};
        const last = this.kept[this.kept.length - 2];
        if (last && this.kept[this.kept.length - 1].at - last.at < 950)
            this.kept.pop();
        this.kept.push(look);
        this.kept = this.kept.slice(-KEPT - 2);
        this.draw();
    }

    draw() {
        const now = this.kept[this.kept.length - 1];
        if (!now)
            return;
        const seconds = this.span.value === 'all' ? null : Number(this.span.value);
        const before = seconds && (this.kept.find((look) => now.at - look.at <= seconds * 1000 + 200) || now);
        this.polls.show(before ? less(now.polls, before === now ? null : before.polls) : now.polls);
        this.wakes.show(before ? less(now.wakes, before === now ? null : before.wakes) : now.wakes);
    }
}
