// SPDX-License-Identifier: MIT
// The first view: figures of now, the last minute of each as a chart, and what the workers did.

import {Chart} from './charts.js';
import {el, setClass, setText} from './dom.js';
import {count, percent, rate, short} from './format.js';
import {Timeline} from './timeline.js';

class Tile {
    constructor(title) {
        this.value = el('b', {}, '-');
        this.more = el('span', {}, '');
        this.host = el('div', {class: 'tile'}, el('h3', {}, title), this.value, this.more);
    }

    show(value, more, look = '') {
        setText(this.value, value);
        setText(this.more, more);
        setClass(this.host, `tile ${look}`);
    }
}

export class Overview {
    constructor() {
        this.tiles = {tasks: new Tile('tasks'), workers: new Tile('workers'), polls: new Tile('polls'), channels: new Tile('channels'),
            messages: new Tile('messages'), pool: new Tile('blocking jobs')};
        this.timeline = new Timeline();
        this.charts = [
            [new Chart('tasks that live', [{name: 'tasks', colour: '--a', fill: true}]), ['live']],
            [new Chart('tasks per second', [{name: 'spawned', colour: '--a'}, {name: 'ended', colour: '--b'}]), ['spawned', 'ended']],
            [new Chart('polls per second', [{name: 'polls', colour: '--a', fill: true}, {name: 'steals', colour: '--d'}]), ['polls', 'stolen']],
            [new Chart('workers', [{name: 'awake, percent', colour: '--c', fill: true}], {of: (value) => `${short(value)} %`, most: 100}), ['busy']],
            [new Chart('messages per second', [{name: 'sent', colour: '--a'}, {name: 'received', colour: '--b'}]), ['sent', 'received']],
            [new Chart('in all channels', [{name: 'messages', colour: '--a', fill: true}, {name: 'senders waiting', colour: '--b'}]), ['depth', 'waiting']]
        ];
        this.host = el('section', {class: 'overview', 'aria-label': 'overview'},
            el('div', {class: 'tiles'}, ...Object.values(this.tiles).map((tile) => tile.host)),
            this.timeline.host,
            el('div', {class: 'charts'}, ...this.charts.map(([chart]) => chart.host)));
    }

    show(history, seconds, stallOf) {
        if (!history.last)
            return;
        const runtimes = history.last.runtimes, sum = (of) => runtimes.reduce((total, runtime) => total + of(runtime), 0);
        this.timeline.show(history, seconds, stallOf);
        for (const [chart, names] of this.charts)
            chart.show(history.times, names.map((name) => history.columns[name]), seconds);
        const workers = runtimes.flatMap((runtime) => runtime.workers.map((worker) => ({runtime, worker})));
        const held = workers.filter(({runtime, worker}) => worker.poll_ns > 0 && worker.poll_ns >= stallOf(runtime.runtime)).length;
        const asleep = workers.filter(({worker}) => worker.state === 'asleep').length;
        const critical = sum((r) => r.channels.critical), degraded = sum((r) => r.channels.degraded), unknown = sum((r) => r.channels.unknown);
        const busy = history.latest('busy');
        this.tiles.tasks.show(count(sum((r) => r.tasks_live)), `${rate(history.latest('spawned'))}/s spawned, ${rate(history.latest('ended'))}/s ended`);
        this.tiles.workers.show(busy === null ? '-' : percent(busy / 100), held ? `\u25a0 ${held} of ${workers.length} held by one poll`
            : `of ${workers.length} awake, ${asleep} asleep`, held ? 'bad' : '');
        this.tiles.polls.show(`${rate(history.latest('polls'))}/s`, `${rate(history.latest('stolen'))}/s steals, ${count(sum((r) => r.stalls))} stalls`);
        this.tiles.channels.show(count(sum((r) => r.channels.count)), critical || degraded || unknown
            ? [critical && `\u25a0 ${critical} critical`, degraded && `\u25b2 ${degraded} degraded`, unknown && `? ${unknown} unknown`].filter(Boolean).join(', ')
            : 'all healthy', critical ? 'bad' : degraded ? 'warn' : unknown ? 'lost' : '');
        this.tiles.messages.show(`${rate(history.latest('sent'))}/s`, `${count(sum((r) => r.channels.depth))} in channels, ${count(sum((r) => r.channels.senders_waiting))} senders wait`,
            sum((r) => r.channels.senders_waiting) ? 'warn' : '');
        this.tiles.pool.show(count(sum((r) => r.blocking?.running || 0)), `running, ${count(sum((r) => r.blocking?.queued || 0))} queued`);
    }

    restyle() {
        this.charts.forEach(([chart]) => chart.restyle());
        this.timeline.draw();
    }
}
