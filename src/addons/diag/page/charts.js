// SPDX-License-Identifier: MIT
// Charts of the last minute, drawn by uPlot (uplot/, MIT licence). Lines are told apart by their dashes and their words, not by
// their colour alone.

import {el, setText} from './dom.js';
import {clock, short} from './format.js';

const HEIGHT_PX = 150;
const STEPS = Array.from({length: 13}, (none, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat(); // of axes: what is counted has no halves
const DASHES = [[], [6, 4], [2, 3]];

// Canvases take colours, not names of them: what a name stands for in the theme of now.
const colours = new Map();
const probe = el('i', {hidden: true});

export function colour(name) {
    if (!colours.has(name)) {
        document.body.append(probe);
        probe.style.color = `var(${name})`;
        colours.set(name, getComputedStyle(probe).color);
        probe.remove();
    }
    return colours.get(name);
}

export const forgetColours = () => colours.clear();

export class Chart {
    // series: [{name, colour: '--a', fill}], unit: what the numbers are; of: the numbers as they are written.
    constructor(title, series, {of = short, least = 4, most = null} = {}) {
        this.series = series;
        this.of = of;
        this.least = least;
        this.most = most;
        this.values = series.map(() => el('b', {}, '-'));
        const legend = series.map((one, index) => {
            const swatch = el('i', {class: `swatch dash${index}`});
            swatch.style.setProperty('--line', `var(${one.colour})`);
            return el('span', {}, swatch, `${one.name} `, this.values[index]);
        });
        this.canvas = el('div', {class: 'plot', role: 'img', 'aria-label': title});
        this.host = el('figure', {class: 'chart'}, el('figcaption', {}, el('span', {class: 'title'}, title), ...legend), this.canvas);
        this.title = title;
        this.plot = null;
        this.data = [[], ...series.map(() => [])];
        this.span = [Date.now() / 1000 - 60, Date.now() / 1000];
        new ResizeObserver(() => this.resize()).observe(this.canvas);
    }

    options(width) {
        const axis = {
            stroke: colour('--soft'), font: '11px system-ui, sans-serif',
            grid: {stroke: colour('--rule'), width: 1}, ticks: {stroke: colour('--rule'), width: 1, size: 4}
        };
        return {
            width, height: HEIGHT_PX, legend: {show: false}, padding: [8, 26, 0, 0],
            cursor: {y: false, points: {size: 6}, sync: {key: 'weft'}, drag: {x: false, y: false}},
            scales: {
                x: {time: true, range: () => this.span},
                y: {range: (plot, low, high) => [0, this.most ?? Math.max(this.least, (high || 0) * 1.1)]}
            },
            axes: [
                {...axis, size: 26, space: 70, values: (plot, times) => times.map(clock)},
                {...axis, size: 52, space: 28, incrs: STEPS, values: (plot, values) => values.map(this.of)}
            ],
            series: [{}, ...this.series.map((one, index) => ({
                label: one.name, stroke: colour(one.colour), width: 1.5, dash: DASHES[index], spanGaps: false, points: {show: false},
                fill: one.fill ? `color-mix(in srgb, ${colour(one.colour)} 18%, transparent)` : undefined
            }))],
            hooks: {setCursor: [() => this.tell()]}
        };
    }

    resize() {
        const width = Math.floor(this.canvas.clientWidth);
        if (width < 50)
            return;
        if (!this.plot)
            this.plot = new uPlot(this.options(width), this.data, this.canvas);
        else if (this.plot.width !== width)
            this.plot.setSize({width, height: HEIGHT_PX});
    }

    // The colours are others now.
    restyle() {
        this.plot?.destroy();
        this.plot = null;
        this.resize();
    }

    show(times, columns, seconds) {
        this.data = [times, ...columns];
        const end = times.length ? times[times.length - 1] : Date.now() / 1000;
        this.span = [end - seconds, end];
        if (this.canvas.clientWidth > 0) {
            this.resize();
            this.plot?.setData(this.data);
        }
        this.tell();
    }

    // The numbers in the caption: under the cursor, or else the newest.
    tell() {
        const under = this.plot?.cursor.idx, last = this.data[0].length - 1;
        this.values.forEach((value, index) => {
            const number = this.data[index + 1][under ?? last];
            setText(value, number === null || number === undefined ? '-' : this.of(number));
        });
    }

    remove() {
        this.plot?.destroy();
        this.plot = null;
    }
}
