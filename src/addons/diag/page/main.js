// SPDX-License-Identifier: MIT
// The page: what is shown, what keys do, and when the process is asked.
//
// /events brings the figures and what the workers do, at the chosen interval. The list that is shown is asked for beside it, and
// at most for a hundredth of the time: whoever has many tasks is not kept busy by being looked at. Nothing is
// asked while the page is hidden or frozen. A process that does not answer is unknown, and that is said.

import {forgetColours} from './charts.js';
import {events, get, line, setToken, takeTokenFromAddress} from './client.js';
import {Details} from './details.js';
import {byId, el, setAttribute, setClass, setText} from './dom.js';
import {clock, count, status, statusClass} from './format.js';
import {Graph} from './graph.js';
import {History} from './history.js';
import {LIMIT, keyOf, lists} from './lists.js';
import {Overview} from './overview.js';
import {Table} from './table.js';
import {Times} from './times.js';
import {Timeline} from './timeline.js';

const INTERVALS_MS = [100, 200, 500, 1000, 2000, 5000];
const COST_NS = 2e9;          // from one time that it is told to the next what looking takes
const SHARE = 1000;           // the process makes a list, and details, for at most this part of the time: with the figures four thousandths
const STALE_MS = 2000;
const AGAIN_MS = 1000;        // after a connection that failed
const RATE_MS = 1000;         // over so much what is a rate is taken
const STALL_NS = 10e6;

// In the order of `weft top`, whose keys they have.
const VIEWS = [
    ['overview', '0', 'overview'], ['tasks', '1', 'tasks'], ['channels', '2', 'channels'], ['workers', '3', 'workers'], ['resources', '4', 'resources'],
    ['blocking', '5', 'blocking'], ['warnings', '6', 'warnings'], ['times', '7', 'times'], ['waits', '8', 'waits']
];
const KEYS = [
    ['0 to 8', 'what is shown: overview, tasks, channels, workers, resources, blocking jobs, warnings, times, waits'],
    ['up, down, k, j', 'choose a row (also page up, page down, home, end, g, G)'],
    ['enter', 'all about the chosen task, channel or resource'],
    ['escape', 'close what was opened last; then show all rows again'],
    ['s, S', 'sort by the next column, by the one before'],
    ['r', 'the other way round'],
    ['f', 'show only rows that contain a text'],
    ['/, n', 'choose the next row that contains a text'],
    ['space', 'freeze what is shown, and go on'],
    ['+, -', 'look more often, less often'],
    ['t', 'theme: as the system says, light, dark'],
    ['?', 'these keys']
];

const state = {view: 'overview', interval: 500, frozen: false, runtime: '', pid: 0, version: '', resumed: performance.now(), theme: 'system'};
const history = new History();
const runtimes = new Map(); // number -> as /api/runtimes tells it
const views = {};
let stream = null, lookTimer = 0, looking = null, detailsTimer = 0, detailsAsk = null;

const keep = (name, value) => { try { localStorage.setItem(`weft-${name}`, value); } catch { /* a browser that keeps nothing */ } };
const kept = (name) => { try { return localStorage.getItem(`weft-${name}`); } catch { return null; } };

const running = () => !state.frozen && !document.hidden && !line.refused;
const seconds = () => Math.max(60, state.interval * 60 / 1000);
const stallOf = (runtime) => runtimes.get(runtime)?.stall_threshold_ns || STALL_NS;
const wanted = (number, name) => !state.runtime || String(number) === state.runtime || name === state.runtime;
const table = () => views[state.view].table;

// --- views ---------------------------------------------------------------------------------------------------------------------

// A view: host, look(signal) that asks for what it needs, draw() with every snapshot. Each may be missing.
function listView(name) {
    const list = lists[name], made = new Table(list, openDetails);
    const view = {table: made, host: el('section', {class: 'list', 'aria-label': list.title}, made.scroll), kept: null, now: null};
    view.look = (signal) => lookAtList(view, list, signal);
    return view;
}

const rowsOf = (list, answer) => new Map(answer[list.items].map((row) => [keyOf(row.runtime, list.id(row)), row]));
const selection = () => (state.runtime ? {runtime: state.runtime} : {});

// A list that does not fit into an answer is narrowed and sorted by the process; another here, by all its cells.
function parametersOf(list, made, cut) {
    const parameters = {...selection()};
    if ('orders' in list && list.path !== '/api/workers')
        parameters.limit = LIMIT;
    if (cut && list.filter)
        parameters[list.filter] = made.filter;
    if (cut && made.order())
        parameters.sort = made.order();
    return parameters;
}

async function lookAtList(view, list, signal) {
    const made = view.table, cut = view.narrowed || (view.now && view.total > view.count);
    view.narrowed = Boolean(cut && list.filter && made.filter);
    const by = view.narrowed ? made.filter : '';
    const asked = [get(list.path, parametersOf(list, made, cut), signal), ...(list.also || []).map((name) => lookAside(name, signal))];
    const [answer, ...also] = await Promise.all(asked);
    if (!answer || !answer[list.items] || also.includes(null))
        return;
    const at = performance.now(), rows = answer[list.items];
    rows.forEach((row, index) => { row.number = index; });
    const look = {at, rows: rowsOf(list, answer), runtimes, [list.items]: null};
    (list.also || []).forEach((name, index) => { look[name] = also[index]; });
    if (list.items === 'tasks')
        look.tasks = look.rows;
    view.kept = [...(view.kept || []), {at, rows: look.rows}];
    while (view.kept.length > 1 && at - view.kept[1].at >= RATE_MS)
        view.kept.shift();
    look.before = view.kept.length > 1 ? view.kept[0] : null;
    view.now = look;
    view.total = answer.total ?? rows.length;
    view.count = rows.length;
    view.narrowedBy = by;
    made.show(rows, look);
    sayCounts(view);
    seekAgain(view);
}

async function lookAside(name, signal) {
    if (name === 'runtimes') {
        const answer = await get('/api/runtimes', {}, signal);
        answer?.runtimes?.forEach((runtime) => runtimes.set(runtime.runtime, runtime));
        return answer && runtimes;
    }
    const list = lists[name], answer = await get(list.path, {...selection(), limit: LIMIT}, signal);
    return answer && rowsOf(list, answer);
}

function sayCounts(view) {
    if (view !== views[state.view])
        return;
    const made = view.table, rows = made.rows.length;
    const text = view.total > view.count ? `the first ${count(view.count)} of ${count(view.total)}: narrow them with the filter`
        : view.narrowed ? `${count(rows)} are named so` : rows < view.count ? `${count(rows)} of ${count(view.count)}` : count(view.count);
    setText(byId('counts'), text);
    setClass(byId('counts'), view.total > view.count ? 'hint warn' : 'hint');
}

// --- searching -----------------------------------------------------------------------------------------------------------------

// Whether all rows that were asked for are here, and not those of a filter that is another by now.
const isHere = (view) => Boolean(view.table.all) && (view.narrowedBy || '') === (view.narrowedBy ? view.table.filter : '');

// What is not among the rows so far is looked for again when the others come, once.
function seek(text) {
    const view = views[state.view];
    if (!view.table)
        return;
    const found = view.table.seek(text), waits = Boolean(text) && !found && !isHere(view);
    view.sought = waits ? text : '';
    saySought(view, text, found, waits);
}

function seekAgain(view) {
    const text = view.sought;
    if (!text || !isHere(view))
        return;
    view.sought = '';
    saySought(view, text, view.table.seek(text), false);
}

function saySought(view, text, found, waits) {
    if (view !== views[state.view])
        return;
    const more = view.total > view.count;
    setText(byId('sought'), !text || found ? '' : waits ? `the list is not here yet: \u201c${text}\u201d is looked for when it is`
        : more ? `\u201c${text}\u201d is not among the first ${count(view.count)} of ${count(view.total)}: narrow them with the filter`
            : `no row has \u201c${text}\u201d`);
}

// What the health says, before what the lints say.
async function lookAtWarnings(view, signal) {
    const list = lists.warnings;
    const [health, lints] = await Promise.all([get('/health/ready', {}, signal), get(list.path, {...selection(), limit: LIMIT}, signal)]);
    if (!health || !lints || !lints.lints)
        return;
    const reasons = health.reasons.filter((reason) => !reason.runtime || wanted(reason.runtime)).map((reason) => ({
        runtime: reason.runtime, status: reason.status, subject: runtimes.get(reason.runtime)?.name || '', evidence: reason.text}));
    const rows = [...reasons, ...lints.lints].map((row, index) => ({...row, number: `${row.lint || row.status}-${row.task || row.object || index}`, place: index}));
    view.total = reasons.length + lints.total;
    view.count = rows.length;
    view.table.show(rows, {at: performance.now(), rows: new Map(), runtimes});
    sayCounts(view);
    seekAgain(view);
}

function warningsView() {
    const view = listView('warnings');
    view.look = (signal) => lookAtWarnings(view, signal);
    return view;
}

function workersView() {
    const view = listView('workers'), timeline = new Timeline();
    view.host.prepend(timeline.host);
    view.host.classList.add('with-timeline');
    view.draw = () => timeline.show(history, seconds(), stallOf);
    view.restyle = () => timeline.draw();
    return view;
}

function waitsView() {
    const view = listView('waits'), graph = new Graph(openDetails);
    view.host.prepend(graph.host);
    view.host.classList.add('with-graph');
    const look = view.look;
    view.look = async (signal) => {
        await look(signal);
        if (!view.now || signal.aborted)
            return;
        const names = new Map(), made = view.table;
        const waits = view.total > view.count ? await heldWaits(signal) : made.filter ? made.rows : made.all;
        if (!waits)
            return;
        for (const wait of [...made.all, ...waits])
            names.set(keyOf(wait.runtime, wait.task), wait.task_name);
        await nameHolders(waits, names, signal);
        graph.show(waits, names, view.total, view.total > view.count);
    };
    return view;
}

// Of more waits than an answer has, those with somebody behind them: a circle is not missed behind a hundred thousand sleepers.
async function heldWaits(signal) {
    const answer = await get('/api/waits', {...selection(), held: 1, sort: '-for', limit: LIMIT}, signal);
    return answer?.waits;
}

const named = new Map(); // of tasks that hold something and wait for nothing

async function nameHolders(waits, names, signal) {
    const missing = new Map();
    for (const wait of waits)
        if (wait.holder && !names.has(keyOf(wait.runtime, wait.holder)))
            missing.set(keyOf(wait.runtime, wait.holder), wait);
    for (const [key, wait] of [...missing].slice(0, 50)) {
        if (!named.has(key)) {
            const task = await get(`/api/task/${wait.holder}`, {runtime: wait.runtime}, signal);
            named.set(key, task?.name || '');
        }
        if (named.get(key))
            names.set(key, named.get(key));
    }
    if (named.size > 2000)
        named.clear();
}

function timesView() {
    const times = new Times();
    return {
        host: times.host, clear: () => times.clear(),
        look: async (signal) => {
            const [polls, wakes] = await Promise.all([get('/api/metrics', {name: 'runtime.poll.time'}, signal), get('/api/metrics', {name: 'runtime.wake.latency'}, signal)]);
            if (polls?.families && wakes?.families)
                times.show([...polls.families, ...wakes.families], wanted);
        }
    };
}

function overviewView() {
    const overview = new Overview();
    return {
        host: overview.host, draw: () => overview.show(history, seconds(), stallOf), restyle: () => overview.restyle(),
        look: (signal) => (runtimes.size ? null : lookAside('runtimes', signal))
    };
}

function makeViews() {
    const makers = {overview: overviewView, workers: workersView, warnings: warningsView, times: timesView, waits: waitsView};
    for (const [name, key, title] of VIEWS) {
        views[name] = (makers[name] || (() => listView(name)))();
        views[name].host.hidden = true;
        byId('view').append(views[name].host);
        views[name].tab = el('button', {type: 'button', 'aria-keyshortcuts': key, onclick: () => showView(name)}, el('kbd', {}, key), title);
        byId('views').append(el('li', {}, views[name].tab));
    }
}

function showView(name, withKey) {
    views[state.view].host.hidden = true;
    setAttribute(views[state.view].tab, 'aria-current', null);
    state.view = name;
    keep('view', name);
    const view = views[name];
    view.host.hidden = false;
    setAttribute(view.tab, 'aria-current', 'page');
    byId('searchbar').hidden = !view.table;
    byId('filter').value = view.table?.filter || '';
    setText(byId('counts'), '');
    setText(byId('sought'), '');
    view.sought = '';
    if (withKey)
        (view.table?.table || byId('view')).focus({preventScroll: true});
    view.draw?.();
    view.table?.draw();
    lookNow();
}

// --- when the process is asked --------------------------------------------------------------------------------------------------

const pauseAfter = (spent) => Math.max(line.problem ? AGAIN_MS : 0, state.interval, SHARE * spent);

async function look() {
    clearTimeout(lookTimer);
    looking?.abort();
    if (!running())
        return;
    const mine = looking = new AbortController(), before = line.spent;
    await views[state.view].look?.(mine.signal);
    if (looking !== mine)
        return;
    looking = null;
    lookTimer = setTimeout(look, pauseAfter(line.spent - before)); // more where others asked meanwhile: never less
}

const lookNow = () => { look(); };

async function lookAtDetails() {
    clearTimeout(detailsTimer);
    detailsAsk?.abort();
    if (!details.what || !running())
        return;
    const mine = detailsAsk = new AbortController(), before = line.spent;
    await details.refresh(mine.signal);
    if (detailsAsk !== mine)
        return;
    detailsAsk = null;
    detailsTimer = setTimeout(lookAtDetails, pauseAfter(line.spent - before));
}

// One stream after the other, while it is looked at.
async function listen() {
    stream?.abort();
    if (!running())
        return;
    const mine = stream = new AbortController();
    while (!mine.signal.aborted) {
        const process = await get('/health/live', {}, mine.signal);
        if (process)
            meet(process);
        if (process && !mine.signal.aborted)
            await events(state.interval, mine.signal, onSnapshot);
        if (line.refused)
            askToken();
        if (!running())
            return;
        if (!mine.signal.aborted)
            await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
}

// Another process at the same address has another past.
function meet(process) {
    if (!process.pid)
        return;
    if (state.pid && state.pid !== process.pid) {
        history.clear();
        runtimes.clear();
        named.clear();
        Object.values(views).forEach((view) => { view.kept = view.now = null; view.clear?.(); });
        details.close();
        state.told = null;
        setText(byId('cost'), '');
    }
    state.pid = process.pid;
    setText(byId('process'), `process ${process.pid}, weft ${process.version}`);
}

function onSnapshot(snapshot) {
    if (!running())
        return;
    showRuntimes(snapshot.runtimes);
    history.add(snapshot, (runtime) => wanted(runtime.runtime, runtime.name), seconds(), state.interval);
    if (snapshot.runtimes.some((runtime) => !runtimes.has(runtime.runtime)))
        lookAside('runtimes', stream.signal);
    showHealth(snapshot.status, snapshot.reason || '');
    showCost(snapshot);
    views[state.view].draw?.();
}

// What looking takes there, told every few seconds.
function showCost(snapshot) {
    const told = state.told, passed = told ? snapshot.at_ns - told.at_ns : Infinity;
    if (passed >= 0 && passed < COST_NS)
        return;
    if (passed > 0 && told)
        setText(byId('cost'), `looking takes ${(100 * (snapshot.spent_ns - told.spent_ns) / passed).toFixed(2)} % of a processor`);
    state.told = {at_ns: snapshot.at_ns, spent_ns: snapshot.spent_ns};
}

function showRuntimes(list) {
    const chooser = byId('runtime'), text = list.map((runtime) => `${runtime.runtime} ${runtime.name}`).join('\n');
    byId('runtime-label').hidden = list.length < 2 && !state.runtime;
    if (chooser.dataset.list === text)
        return;
    chooser.dataset.list = text;
    chooser.replaceChildren(el('option', {value: ''}, 'all'), ...list.map((runtime) => el('option', {value: runtime.runtime}, `${runtime.runtime} ${runtime.name}`)));
    chooser.value = state.runtime;
}

function showHealth(word, reason) {
    setText(byId('health'), status(word));
    setClass(byId('health'), `chip ${statusClass(word)}`);
    setText(byId('reason'), reason);
    setAttribute(byId('reason'), 'title', reason || null);
    document.title = `${status(word)} - weft ${state.pid || ''}`;
}

// What is old says so: unknown is not healthy.
function watch() {
    const since = Math.max(line.answered, state.resumed), silent = performance.now() - since;
    const stale = running() && silent > Math.max(STALE_MS, 3 * state.interval);
    document.body.classList.toggle('stale', stale);
    byId('stale').hidden = !stale;
    if (!stale)
        return;
    showHealth('unknown', '');
    const age = Math.floor((performance.now() - line.answered) / 1000);
    const when = line.answered ? ` What is shown is of ${clock((performance.timeOrigin + line.answered) / 1000)}, ${count(age)} s ago.` : '';
    setText(byId('stale-why'), `${line.problem ? `(${line.problem})` : ''}${when}`);
}

function resume() {
    state.resumed = performance.now();
    listen();
    lookNow();
    lookAtDetails();
}

function pause() {
    stream?.abort();
    looking?.abort();
    looking = null;
    detailsAsk?.abort();
    clearTimeout(lookTimer);
    clearTimeout(detailsTimer);
}

// --- what keys and buttons do ---------------------------------------------------------------------------------------------------

function setFrozen(frozen) {
    state.frozen = frozen;
    byId('frozen').hidden = !frozen;
    setAttribute(byId('freeze'), 'aria-pressed', frozen);
    setText(byId('freeze'), frozen ? 'go on' : 'freeze');
    if (frozen)
        pause();
    else
        resume();
}

function setInterval_(ms) {
    state.interval = ms;
    byId('interval').value = String(ms);
    keep('interval', ms);
    if (running())
        resume();
}

function stepInterval(step) {
    const at = INTERVALS_MS.indexOf(state.interval) + step;
    if (at >= 0 && at < INTERVALS_MS.length)
        setInterval_(INTERVALS_MS[at]);
}

function setTheme(theme) {
    state.theme = theme;
    setAttribute(document.documentElement, 'data-theme', theme === 'system' ? null : theme);
    setText(byId('theme'), `theme: ${theme}`);
    keep('theme', theme);
    restyle();
}

function restyle() {
    forgetColours();
    Object.values(views).forEach((view) => view.restyle?.());
    details.restyle();
}

function setFilter(text) {
    const made = table();
    if (!made)
        return;
    made.filter = text;
    byId('filter').value = text;
    made.arrange();
    sayCounts(views[state.view]);
    if (views[state.view].total > views[state.view].count || views[state.view].narrowed || state.view === 'waits')
        lookNow();
}

function openDetails(kind, runtime, id) {
    details.show(kind, runtime, id);
    if (state.frozen) {
        detailsAsk?.abort();
        details.refresh(new AbortController().signal); /* what is opened is asked for once */
    } else {
        lookAtDetails();
    }
}

function closeDetails() {
    const inside = byId('details').contains(document.activeElement);
    details.close();
    if (inside)
        (table()?.table || byId('view')).focus({preventScroll: true});
}

function askToken() {
    const dialog = byId('token-dialog');
    if (!dialog.open)
        dialog.showModal();
}

function takeToken() {
    setToken(byId('token').value.trim());
    byId('token').value = '';
    byId('token-dialog').close();
    resume();
}

function escape_() {
    if (!byId('details').hidden)
        closeDetails();
    else if (table()?.filter)
        setFilter('');
}

function toggleHelp() {
    const dialog = byId('help-dialog');
    if (dialog.open)
        dialog.close();
    else
        dialog.showModal();
}

const themes = ['system', 'light', 'dark'];

// Of the keys of `weft top`, all but q: a tab is closed by its browser.
const onKeys = {
    '?': toggleHelp, h: toggleHelp, Escape: escape_,
    f: () => table() && (byId('filter').focus(), byId('filter').select()),
    '/': () => table() && (byId('search').focus(), byId('search').select()),
    n: () => seek(byId('search').value),
    s: () => table()?.sortNext(1), S: () => table()?.sortNext(-1), '>': () => table()?.sortNext(1), '<': () => table()?.sortNext(-1),
    r: () => table()?.reverse(),
    ArrowDown: () => table()?.move(1), j: () => table()?.move(1), ArrowUp: () => table()?.move(-1), k: () => table()?.move(-1),
    PageDown: () => table()?.move(table().page()), PageUp: () => table()?.move(-table().page()),
    Home: () => table()?.move(-1e9), g: () => table()?.move(-1e9), End: () => table()?.move(1e9), G: () => table()?.move(1e9),
    Enter: () => table()?.openChosen(),
    ' ': () => setFrozen(!state.frozen),
    '+': () => stepInterval(-1), '=': () => stepInterval(-1), '-': () => stepInterval(1),
    t: () => setTheme(themes[(themes.indexOf(state.theme) + 1) % themes.length])
};

// Keys that a focused element has a use for of its own.
function isTaken(event) {
    const at = event.target, input = at.closest?.('input, select, textarea');
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented)
        return true;
    if (document.querySelector('dialog[open]'))
        return event.key !== '?';
    if (input)
        return !(event.key === 'Escape' && input.id !== 'token');
    if (at.closest?.('button, a, [role=button]'))
        return [' ', 'Enter'].includes(event.key);
    return at.closest?.('#details, .canvas') && /^(Arrow|Page|Home|End)/.test(event.key);
}

function onKey(event) {
    if (isTaken(event))
        return;
    const view = VIEWS.find(([, key]) => key === event.key);
    const act = view ? () => showView(view[0], true) : onKeys[event.key];
    if (!act)
        return;
    event.preventDefault();
    if (event.target.closest('input'))
        event.target.blur();
    act();
}

function onEnter(input, act) {
    input.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter')
            return;
        event.preventDefault();
        act();
        table()?.table.focus({preventScroll: true});
    });
}

function wire() {
    document.addEventListener('keydown', onKey);
    document.addEventListener('visibilitychange', () => (document.hidden ? pause() : resume()));
    byId('freeze').addEventListener('click', () => setFrozen(!state.frozen));
    byId('theme').addEventListener('click', onKeys.t);
    byId('help').addEventListener('click', toggleHelp);
    byId('details-close').addEventListener('click', closeDetails);
    byId('interval').addEventListener('change', () => setInterval_(Number(byId('interval').value)));
    byId('runtime').addEventListener('change', () => { state.runtime = byId('runtime').value; history.clear(); views.times.clear(); resume(); });
    byId('filter').addEventListener('input', () => setFilter(byId('filter').value));
    onEnter(byId('filter'), () => setFilter(byId('filter').value));
    onEnter(byId('search'), () => seek(byId('search').value));
    byId('token-send').addEventListener('click', takeToken);
    byId('token').addEventListener('keydown', (event) => event.key === 'Enter' && takeToken());
    byId('skip').addEventListener('click', (event) => { event.preventDefault(); (table()?.table || byId('view')).focus(); });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', restyle);
    byId('help-keys').append(el('tbody', {}, ...KEYS.map(([keys, what]) => el('tr', {}, el('th', {scope: 'row'}, keys), el('td', {}, what)))));
}

const details = new Details(get, openDetails);
takeTokenFromAddress();
makeViews();
wire();
setTheme(themes.includes(kept('theme')) ? kept('theme') : 'system');
if (INTERVALS_MS.includes(Number(kept('interval'))))
    state.interval = Number(kept('interval'));
byId('interval').value = String(state.interval);
showView(VIEWS.some(([name]) => name === kept('view')) ? kept('view') : 'overview');
listen();
setInterval(watch, 250);
