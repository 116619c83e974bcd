// SPDX-License-Identifier: MIT
// Who waits for whom, as a picture: tasks (boxes) wait for channels, locks and the like (rounded), and those are held by tasks.
// Circles that nobody leaves are found, said in words, and marked.
//
// A thousand tasks that sleep are no picture. Waits in which nobody is late (for a time, for a message in an empty channel,
// for input) are left out unless a chain or a circle leads to them; tasks of one name that wait for one thing become one box.

import {el, setAttribute, setText, svg} from './dom.js';
import {duration, place} from './format.js';
import {keyOf} from './lists.js';

const BOX = {wide: 196, high: 40}, GAP = {across: 80, down: 14, group: 34};
const PICTURES_MAX = 40, BOXES_MAX = 300;
const LATE_NS = [1e9, 10e9];

const idle = (wait) => ['a time', 'a message in channel', 'something to read from descriptor'].includes(wait.what);

// The waits that are drawn: all that somebody is late in, and what they lead to.
function choose(waits, withIdle, circles) {
    const of = new Map();
    for (const wait of waits) {
        const key = keyOf(wait.runtime, wait.task);
        of.set(key, [...(of.get(key) || []), wait]);
    }
    const chosen = new Set(withIdle ? waits.filter((wait) => wait.what !== 'a time') : waits.filter((wait) => !idle(wait)));
    waits.filter((wait) => circles.has(keyOf(wait.runtime, wait.task))).forEach((wait) => chosen.add(wait));
    for (let open = [...chosen]; open.length;) {
        const next = [];
        for (const wait of open)
            for (const further of (wait.holder && of.get(keyOf(wait.runtime, wait.holder))) || [])
                if (!chosen.has(further)) {
                    chosen.add(further);
                    next.push(further);
                }
        open = next;
    }
    return [...chosen];
}

// Strongly connected parts of a graph {key -> Set of keys}, by Tarjan, without recursion: those that are circles.
export function circlesOf(edges) {
    const seen = new Map(), stack = [], circles = [];
    for (const root of edges.keys()) {
        if (seen.has(root))
            continue;
        const work = [[root, null]];
        while (work.length) {
            const frame = work[work.length - 1], [node] = frame;
            if (!frame[1]) {
                seen.set(node, {number: seen.size, low: seen.size, on: true});
                stack.push(node);
                frame[1] = [...(edges.get(node) || [])][Symbol.iterator]();
            }
            const mine = seen.get(node), {value: next, done} = frame[1].next();
            if (!done) {
                const other = seen.get(next);
                if (!other)
                    work.push([next, null]);
                else if (other.on)
                    mine.low = Math.min(mine.low, other.number);
                continue;
            }
            work.pop();
            if (work.length)
                seen.get(work[work.length - 1][0]).low = Math.min(seen.get(work[work.length - 1][0]).low, mine.low);
            if (mine.low !== mine.number)
                continue;
            const part = [];
            for (let member; member !== node;) {
                member = stack.pop();
                seen.get(member).on = false;
                part.push(member);
            }
            if (part.length > 1 || (edges.get(node) || new Set()).has(node))
                circles.push(part.reverse());
        }
    }
    return circles;
}

// Who waits for whom, tasks alone. A circle in which somebody waits for the first of several things, or for a time, ends.
function taskEdges(waits) {
    const edges = new Map(), counts = new Map();
    for (const wait of waits)
        counts.set(keyOf(wait.runtime, wait.task), (counts.get(keyOf(wait.runtime, wait.task)) || 0) + 1);
    for (const wait of waits) {
        const key = keyOf(wait.runtime, wait.task);
        if (!wait.holder || counts.get(key) > 1 || wait.ends_in_ns !== null || wait.what === 'a message in channel')
            continue;
        edges.set(key, (edges.get(key) || new Set()).add(keyOf(wait.runtime, wait.holder)));
        if (!edges.has(keyOf(wait.runtime, wait.holder)))
            edges.set(keyOf(wait.runtime, wait.holder), new Set());
    }
    return edges;
}

class Picture {
    constructor(waits, names, circles) {
        this.boxes = new Map();
        this.arrows = new Map();
        this.names = names;
        this.circled = new Set(circles.flat());
        const holders = new Set(waits.filter((wait) => wait.holder).map((wait) => keyOf(wait.runtime, wait.holder)));
        const times = new Map();
        for (const wait of waits)
            times.set(keyOf(wait.runtime, wait.task), (times.get(keyOf(wait.runtime, wait.task)) || 0) + 1);
        for (const wait of waits)
            this.add(wait, holders.has(keyOf(wait.runtime, wait.task)) || times.get(keyOf(wait.runtime, wait.task)) > 1);
    }

    box(key, make) {
        if (!this.boxes.has(key))
            this.boxes.set(key, {key, out: new Set(), into: new Set(), tasks: new Set(), ...make});
        return this.boxes.get(key);
    }

    arrow(from, to, ns, label, bad) {
        const key = `${from.key}>${to.key}`, kept = this.arrows.get(key);
        from.out.add(to.key);
        to.into.add(from.key);
        if (!kept) {
            this.arrows.set(key, {from: from.key, to: to.key, ns, label, bad});
            return;
        }
        kept.bad ||= bad;
        kept.ns = ns === null ? kept.ns : Math.max(kept.ns ?? 0, ns);
    }

    task(runtime, id, alone, group, name) {
        const key = alone ? `t${keyOf(runtime, id)}` : `g${group}`;
        const box = this.box(key, {kind: 'task', runtime, id, name: name ?? this.names.get(keyOf(runtime, id)) ?? `task ${id}`});
        box.tasks.add(id);
        box.circled ||= this.circled.has(keyOf(runtime, id));
        return box;
    }

    add(wait, alone) {
        const object = wait.object ? `o${keyOf(wait.runtime, wait.object)}` : `w${keyOf(wait.runtime, wait.what)}`;
        const from = this.task(wait.runtime, wait.task, alone, `${wait.task_name}|${object}`, wait.task_name);
        from.where ??= `${wait.function || ''} ${place(wait.file, wait.line)}`.trim();
        if (wait.what === 'a time') { /* nobody is behind it: a word in the box is enough */
            from.note = wait.ends_in_ns === null ? 'for a time' : `for a time, ${duration(wait.ends_in_ns)} more`;
            return;
        }
        const bad = from.circled && wait.holder && this.circled.has(keyOf(wait.runtime, wait.holder));
        const holder = wait.holder && this.task(wait.runtime, wait.holder, true);
        if (wait.what === 'the end of a task' && holder) {
            this.arrow(from, holder, wait.for_ns, 'its end', bad);
            return;
        }
        const to = this.box(object, {kind: 'object', runtime: wait.runtime, id: wait.object, name: wait.name || wait.what, what: wait.what});
        to.circled ||= bad;
        this.arrow(from, to, wait.for_ns, '', bad);
        if (holder)
            this.arrow(to, holder, null, wait.holder_is, bad);
        else if (wait.holder_thread)
            this.arrow(to, this.box(`h${wait.holder_thread}`, {kind: 'thread', name: `thread ${wait.holder_thread} of the host`}), null, wait.holder_is, false);
    }

    // Connected parts, circles first, then those in which most wait.
    parts() {
        const left = new Set(this.boxes.keys()), parts = [];
        while (left.size) {
            const part = [], open = [left.values().next().value];
            left.delete(open[0]);
            while (open.length) {
                const box = this.boxes.get(open.pop());
                part.push(box);
                for (const next of [...box.out, ...box.into])
                    if (left.delete(next))
                        open.push(next);
            }
            parts.push(part);
        }
        const weight = (part) => part.reduce((sum, box) => sum + box.tasks.size, 0) + (part.some((box) => box.circled) ? 1e6 : 0);
        return parts.sort((a, b) => weight(b) - weight(a));
    }
}

// Columns from left to right along the arrows; an arrow that closes a circle goes back. Within a column by the middle of those
// that a box is joined with, a few times over.
function layout(part, boxes) {
    const state = new Map(), order = [];
    const visit = (root) => {
        const work = [[root, [...root.out]]];
        state.set(root.key, 1);
        while (work.length) {
            const [box, left] = work[work.length - 1];
            if (!left.length) {
                state.set(box.key, 2);
                order.push(box);
                work.pop();
                continue;
            }
            const next = boxes.get(left.pop());
            if (state.get(next.key) === 1)
                (box.back ||= new Set()).add(next.key);
            else if (!state.has(next.key)) {
                state.set(next.key, 1);
                work.push([next, [...next.out]]);
            }
        }
    };
    part.forEach((box) => { box.back = null; box.column = 0; });
    [...part].sort((a, b) => a.into.size - b.into.size).forEach((box) => state.has(box.key) || visit(box));
    for (const box of order.reverse())
        for (const next of box.out)
            if (!box.back?.has(next))
                boxes.get(next).column = Math.max(boxes.get(next).column, box.column + 1);
    const columns = [];
    for (const box of part)
        (columns[box.column] ||= []).push(box);
    const number = () => columns.forEach((column) => column.forEach((box, at) => { box.at = at - (column.length - 1) / 2; }));
    number();
    for (let round = 0; round < 6; round++) {
        for (const column of round % 2 ? [...columns].reverse() : columns) {
            for (const box of column) {
                const near = [...(round % 2 ? box.out : box.into)].map((key) => boxes.get(key).at);
                box.middle = near.length ? near.reduce((a, b) => a + b, 0) / near.length : box.at;
            }
            column.sort((a, b) => a.middle - b.middle);
        }
        number();
    }
    const tall = Math.max(...columns.map((column) => column.length));
    const step = BOX.high + GAP.down;
    for (const box of part) {
        box.x = box.column * (BOX.wide + GAP.across);
        box.y = (box.at + (tall - 1) / 2) * step;
    }
    return {wide: columns.length * (BOX.wide + GAP.across) - GAP.across, high: tall * step - GAP.down};
}

const cut = (text, most) => ([...text].length > most ? `${[...text].slice(0, most - 1).join('')}\u2026` : text);

export class Graph {
    constructor(open) {
        this.open = open;
        this.withIdle = false;
        this.circles = el('ul', {class: 'circles'});
        this.note = el('p', {class: 'hint', role: 'status'});
        const box = el('input', {type: 'checkbox', id: 'idle-waits', onchange: () => { this.withIdle = box.checked; this.redraw(); }});
        this.picture = svg('svg', {class: 'graph', role: 'group', 'aria-label': 'who waits for whom'});
        this.canvas = el('div', {class: 'canvas', tabindex: '0', 'aria-label': 'who waits for whom'}, this.picture);
        this.host = el('section', {class: 'waits', 'aria-label': 'wait-for graph'},
            el('div', {class: 'bar-of-tools'}, this.note, el('label', {for: 'idle-waits'}, box, ' also where nobody is late (empty channels, input)')),
            this.circles, this.canvas);
    }

    show(waits, names, total, held) {
        this.last = {waits, names, total, held};
        this.redraw();
    }

    redraw() {
        if (!this.last)
            return;
        const {waits, names, total, held} = this.last;
        const circles = circlesOf(taskEdges(waits));
        const chosen = choose(waits, this.withIdle, new Set(circles.flat()));
        const picture = new Picture(chosen, names, circles);
        const parts = picture.parts();
        let boxes = 0;
        const shown = parts.filter((part, at) => at < PICTURES_MAX && (at === 0 || boxes + part.length <= BOXES_MAX) && ((boxes += part.length), true));
        this.say(waits, chosen, parts.length - shown.length, total, held);
        this.sayCircles(circles, waits);
        this.draw(shown, picture);
    }

    // held: only those with somebody behind them were asked for.
    say(waits, chosen, hidden, total, held) {
        const left = waits.length - chosen.length;
        const texts = [`${chosen.length} of ${total} waits are drawn`];
        if (left)
            texts.push(`${left} wait for a time, a message or input`);
        if (hidden > 0)
            texts.push(`${hidden} smaller groups are left out: narrow them with the filter`);
        if (held)
            texts.push(`the ${waits.length} longest with somebody behind them were looked at`);
        setText(this.note, texts.join('; '));
    }

    sayCircles(circles, waits) {
        const texts = circles.map((circle) => {
            const steps = circle.map((key) => waits.find((wait) => keyOf(wait.runtime, wait.task) === key && wait.holder && circle.includes(keyOf(wait.runtime, wait.holder))))
                .filter(Boolean).map((wait) => `${wait.task_name} (task ${wait.task}) waits for ${wait.what} ${wait.name}`);
            return `\u27f3 a circle that nobody leaves: ${steps.join(', ')}`;
        });
        if (texts.join('\n') !== this.circlesSaid) {
            this.circlesSaid = texts.join('\n');
            this.circles.replaceChildren(...texts.map((text) => el('li', {class: 'bad', role: 'alert'}, text)));
        }
    }

    draw(parts, picture) {
        const focused = document.activeElement?.getAttribute?.('data-box');
        const shapes = [];
        let top = 10, wide = 0;
        for (const part of parts) {
            const size = layout(part, picture.boxes);
            part.forEach((box) => { box.y += top; box.x += 10; });
            const keys = new Set(part.map((box) => box.key));
            const arrows = [...picture.arrows.values()].filter((arrow) => keys.has(arrow.from));
            shapes.push(...arrows.map((arrow) => this.drawArrow(arrow, picture.boxes)), ...part.map((box) => this.drawBox(box)));
            top += size.high + GAP.group;
            wide = Math.max(wide, size.wide);
        }
        setAttribute(this.picture, 'width', wide + 20);
        setAttribute(this.picture, 'height', Math.max(20, top));
        setAttribute(this.picture, 'viewBox', `0 0 ${wide + 20} ${Math.max(20, top)}`);
        const head = (id, name) => svg('marker', {id, viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: 'userSpaceOnUse', orient: 'auto'},
            svg('path', {d: 'M0 0L8 4L0 8z', class: name}));
        this.picture.replaceChildren(svg('defs', {}, head('arrow', 'head'), head('arrow-bad', 'head bad')), ...shapes);
        if (focused)
            this.picture.querySelector(`[data-box="${CSS.escape(focused)}"]`)?.focus({preventScroll: true});
    }

    drawArrow(arrow, boxes) {
        const from = boxes.get(arrow.from), to = boxes.get(arrow.to), back = to.x <= from.x;
        const y1 = from.y + BOX.high / 2, y2 = to.y + BOX.high / 2;
        const x1 = back ? from.x + BOX.wide / 2 : from.x + BOX.wide, x2 = back ? to.x + BOX.wide / 2 : to.x;
        const dip = Math.max(y1, y2) + BOX.high / 2 + 16;
        const line = back ? `M${x1} ${from.y + BOX.high}C${x1} ${dip + 10} ${x2} ${dip + 10} ${x2} ${to.y + BOX.high + 2}`
            : `M${x1} ${y1}C${x1 + GAP.across / 2} ${y1} ${x2 - GAP.across / 2} ${y2} ${x2 - 2} ${y2}`;
        const late = arrow.bad ? 'bad' : arrow.ns >= LATE_NS[1] ? 'late' : arrow.ns >= LATE_NS[0] ? 'warn' : '';
        const label = arrow.ns !== null && arrow.ns !== undefined ? `${arrow.label ? `${arrow.label} ` : ''}${duration(arrow.ns)}` : arrow.label;
        const at = back ? {x: (x1 + x2) / 2, y: dip - 7} : {x: (x1 + x2) / 2, y: (y1 + y2) / 2 - 5};
        return svg('g', {class: `arrow ${late}`},
            svg('path', {d: line, 'marker-end': `url(#${arrow.bad ? 'arrow-bad' : 'arrow'})`}),
            label && svg('text', {x: at.x, y: at.y, 'text-anchor': 'middle'}, cut(label, 18), svg('title', {}, label)));
    }

    drawBox(box) {
        const many = box.tasks.size > 1, opens = (box.kind === 'task' && !many) || (box.kind === 'object' && box.id);
        const below = box.kind === 'object' ? box.what : box.kind === 'thread' ? '' : many ? `${box.tasks.size} tasks ${box.where || ''}`
            : `#${box.id} ${box.note || box.where || ''}`;
        const mark = box.circled ? '\u27f3 ' : '';
        const kind = box.kind === 'object' ? (box.what.includes('channel') ? 'channel' : 'resource') : 'task';
        const open = () => opens && this.open(kind, box.runtime, box.id);
        const label = `${box.kind === 'object' ? '' : many ? `${box.tasks.size} tasks ` : 'task '}${box.name}, ${below}${box.circled ? ', in a circle' : ''}`;
        return svg('g', {
            class: `box ${box.kind} ${box.circled ? 'bad' : ''}`, transform: `translate(${box.x} ${box.y})`, 'data-box': box.key,
            tabindex: opens ? '0' : null, role: opens ? 'button' : 'img', 'aria-label': label,
            onclick: open, onkeydown: (event) => { if (event.key === 'Enter') { event.stopPropagation(); open(); } }
        },
        svg('title', {}, label),
        many && svg('rect', {x: 4, y: -4, width: BOX.wide, height: BOX.high, rx: 4, class: 'behind'}),
        svg('rect', {width: BOX.wide, height: BOX.high, rx: box.kind === 'object' ? BOX.high / 2 : 4}),
        svg('text', {x: box.kind === 'object' ? 18 : 10, y: 17, class: 'name'}, mark + cut(box.name, box.kind === 'object' ? 22 : 25)),
        svg('text', {x: box.kind === 'object' ? 18 : 10, y: 32, class: 'more'}, cut(below, 30)));
    }
}
