// SPDX-License-Identifier: MIT
// What each worker did over the last minute: a row a worker, a bar a sample, as high as the share of its time in which the
// worker was awake. A poll that held it for longer than the stall threshold is hatched, and marked above the row.

import {el, setAttribute, setText} from './dom.js';
import {colour} from './charts.js';
import {clock, duration, percent, rate} from './format.js';

const ROW_PX = 24, GAP_PX = 6, LEFT_PX = 150, RIGHT_PX = 190, AXIS_PX = 20;

export class Timeline {
    constructor() {
        this.canvas = el('canvas', {role: 'img', 'aria-label': 'what the workers did', class: 'timeline', hidden: true});
        this.under = el('p', {class: 'hint', 'aria-hidden': 'true'});
        this.host = el('figure', {class: 'chart wide'},
            el('figcaption', {},
                el('span', {class: 'title'}, 'workers'),
                el('span', {}, el('i', {class: 'swatch block awake'}), 'awake, by its share of the time'),
                el('span', {}, el('i', {class: 'swatch block held'}), 'held by one poll'),
                el('span', {}, el('i', {class: 'swatch block asleep'}), 'asleep')),
            this.canvas, this.under);
        this.canvas.addEventListener('mousemove', (event) => this.point(event));
        this.canvas.addEventListener('mouseleave', () => setText(this.under, ''));
        new ResizeObserver(() => this.draw()).observe(this.host);
    }

    show(history, seconds, stallOf) {
        this.history = history;
        this.seconds = seconds;
        this.stallOf = stallOf;
        this.draw();
    }

    rows() {
        return this.history ? [...this.history.workers].map(([key, worker]) => ({key, ...worker})) : [];
    }

    held(row, sample) {
        return sample.held > 0 && sample.held >= this.stallOf(Number(row.key.split('/')[0]));
    }

    hatch(paint) {
        const tile = new OffscreenCanvas(6, 6), on = tile.getContext('2d');
        on.fillStyle = colour('--bad');
        on.fillRect(0, 0, 6, 6);
        on.strokeStyle = colour('--page');
        on.lineWidth = 1.5;
        on.beginPath();
        for (const from of [-6, 0, 6]) {
            on.moveTo(from, 6);
            on.lineTo(from + 6, 0);
        }
        on.stroke();
        return paint.createPattern(tile, 'repeat');
    }

    draw() {
        const rows = this.rows(), width = Math.floor(this.host.clientWidth), scale = devicePixelRatio || 1;
        if (width < 100 || rows.length === 0)
            return;
        this.canvas.hidden = false;
        const height = rows.length * (ROW_PX + GAP_PX) + AXIS_PX;
        if (this.canvas.width !== Math.round(width * scale) || this.canvas.height !== Math.round(height * scale)) {
            this.canvas.width = Math.round(width * scale);
            this.canvas.height = Math.round(height * scale);
            this.canvas.style.height = `${height}px`;
        }
        const paint = this.canvas.getContext('2d');
        paint.setTransform(scale, 0, 0, scale, 0, 0);
        paint.clearRect(0, 0, width, height);
        paint.textBaseline = 'middle';
        const room = width - LEFT_PX - RIGHT_PX, end = this.history.last.now, begin = end - this.seconds;
        const x = (time) => LEFT_PX + Math.max(0, (time - begin) / this.seconds) * room;
        this.scale = {begin, room};
        this.drawAxis(paint, x, begin, end, height);
        const hatch = this.hatch(paint);
        rows.forEach((row, index) => this.drawRow(paint, row, index * (ROW_PX + GAP_PX), x, hatch, width));
        setAttribute(this.canvas, 'aria-label', rows.map((row) => this.says(row)).join('; '));
    }

    drawAxis(paint, x, begin, end, height) {
        paint.font = '11px system-ui, sans-serif';
        paint.textAlign = 'center';
        const step = this.seconds / 6;
        for (let time = Math.ceil(begin / step) * step; time <= end; time += step) {
            paint.fillStyle = colour('--rule');
            paint.fillRect(x(time), 0, 1, height - AXIS_PX);
            paint.fillStyle = colour('--soft');
            paint.fillText(clock(time), x(time), height - AXIS_PX / 2);
        }
    }

    says(row) {
        const last = row.samples[row.samples.length - 1];
        return last ? `${row.title}: ${percent(last.busy)} busy, ${rate(last.polls)} polls/s, ${this.held(row, last)
            ? `held for ${duration(last.held)}` : last.state}` : row.title;
    }

    drawRow(paint, row, top, x, hatch, width) {
        const bottom = top + ROW_PX;
        paint.fillStyle = colour('--band');
        paint.fillRect(LEFT_PX, top, width - LEFT_PX - RIGHT_PX, ROW_PX);
        for (const sample of row.samples) {
            const from = x(sample.from), wide = Math.max(0.5, x(sample.to) - from);
            const held = this.held(row, sample), high = held ? ROW_PX : sample.busy * ROW_PX;
            paint.fillStyle = held ? hatch : colour('--a');
            paint.fillRect(from, bottom - high, wide + 0.3, high);
        }
        paint.fillStyle = colour('--ink');
        paint.textAlign = 'right';
        paint.font = '12px system-ui, sans-serif';
        paint.fillText(row.title, LEFT_PX - 8, top + ROW_PX / 2, LEFT_PX - 12);
        const last = row.samples[row.samples.length - 1];
        if (!last)
            return;
        const held = this.held(row, last);
        paint.textAlign = 'left';
        paint.fillStyle = colour(held ? '--bad' : '--soft');
        paint.fillText(held ? `\u25a0 held for ${duration(last.held)}` : `${percent(last.busy)}   ${rate(last.polls)} polls/s   ${last.state}`,
            width - RIGHT_PX + 8, top + ROW_PX / 2, RIGHT_PX - 8);
    }

    point(event) {
        const rows = this.rows(), row = rows[Math.floor(event.offsetY / (ROW_PX + GAP_PX))];
        if (!row || !this.scale)
            return;
        const time = this.scale.begin + (event.offsetX - LEFT_PX) / this.scale.room * this.seconds;
        const sample = row.samples.find((one) => one.from <= time && time < one.to);
        setText(this.under, sample ? `${clock(sample.to)} ${row.title}: ${percent(sample.busy)} busy, ${rate(sample.polls)} polls/s, ${sample.queued} queued${
            this.held(row, sample) ? `, held by one poll for ${duration(sample.held)}` : ''}` : '');
    }
}
